import { words } from "../words/en/kit.ts";

/** How long ago, as people say it; the moment itself belongs beside it. */
export function formatAgo(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1_000));
  if (seconds < 60) return words.justNow;
  if (seconds < 3_600) return words.ago(`${Math.floor(seconds / 60)} min`);
  if (seconds < 86_400) return words.ago(`${Math.floor(seconds / 3_600)} h`);
  if (seconds < 2_592_000) return words.ago(`${Math.floor(seconds / 86_400)} d`);
  return new Date(atMs).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}
