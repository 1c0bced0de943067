/**
 * The overlay that is wanted. Its part is fetched once, ahead of the first wish where there is time; a wish that comes before stays until
 * it can be fulfilled or is taken back, and what is typed meanwhile waits with it.
 */
import type { VNode } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { loadPart } from "../kit/load-part.ts";
import { toast } from "../kit/toasts.tsx";
import type { Link } from "../link.ts";
import { words } from "../words/en/shell.ts";
import { overlay, views, type Overlay, type OverlayView } from "./overlay.ts";

const PARTS: Readonly<Record<Overlay, () => Promise<{ readonly Overlay: OverlayView }>>> = {
  palette: () => import("./palette.tsx"), shortcuts: () => import("./shortcuts-sheet.tsx"), more: () => import("./more.tsx"),
};

export function OpenOverlay({ link }: { readonly link: Link }): VNode | null {
  const wish = overlay.value;
  const View = wish === undefined ? undefined : views.value[wish.name];
  const isAwaited = wish !== undefined && View === undefined;
  useLayoutEffect(() => {
    if (isAwaited) void bring(wish.name, () => overlay.peek()?.name === wish.name);
  }, [isAwaited, wish?.name]);
  return wish === undefined || View === undefined ? null : <View key={wish.turn} link={link} />;
}

async function bring(name: Overlay, isWanted: () => boolean): Promise<void> {
  const part = await loadPart(PARTS[name], isWanted, () => toast({ text: words.partLate, state: "problem" }));
  if (part !== undefined) views.value = { ...views.peek(), [name]: part.Overlay };
}

/** While nobody waits for them: then they stand at once, with or without the gateway. */
export function bringOverlays(): void {
  for (const name of Object.keys(PARTS) as Overlay[]) if (views.peek()[name] === undefined) void bring(name, () => false);
}
