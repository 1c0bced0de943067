/** A conversation as a file: its whole log, a line for each entry, or what was said, as Markdown. */
import type { Link } from "../../../link.ts";
import { fields, number, parseEntry, type Entry } from "../transcript.ts";

const PAGE = 200;

export async function downloadLog(link: Link, key: string, onRead: (count: number) => void): Promise<void> {
  const parts: string[] = [];
  let count = 0;
  for (let after: number | undefined = 0; after !== undefined;) {
    const { entries, next } = fields(await link.call("sessions.export", { key, after }));
    for (const entry of Array.isArray(entries) ? entries : []) parts.push(`${JSON.stringify(entry)}\n`);
    onRead((count += Array.isArray(entries) ? entries.length : 0));
    after = number(next);
  }
  save(parts, `${fileNameOf(key)}.jsonl`, "application/x-ndjson");
}

export async function downloadText(link: Link, key: string): Promise<void> {
  const pages: string[] = [];
  for (let offset: number | undefined = 0; offset !== undefined;) {
    const answer = fields(await link.call("chat.history", { sessionKey: key, limit: PAGE, offset }));
    const messages = Array.isArray(answer["messages"]) ? answer["messages"] : [];
    pages.unshift(messages.flatMap((one: unknown) => parseEntry(one) ?? []).map(formatEntry).join(""));
    offset = answer["hasMore"] === true ? number(answer["nextOffset"]) : undefined;
  }
  save([`# ${key}\n\n`, ...pages], `${fileNameOf(key)}.md`, "text/markdown");
}

export function formatEntry({ role, text, calls, atMs, isError }: Entry): string {
  const at = new Date(atMs).toISOString();
  if (role === "tool") return `${fence(text)}${isError === true ? "_failed_\n\n" : ""}`;
  const who = role === "user" ? "You" : "Agent";
  const said = text === "" ? "" : `**${who}** · ${at}\n\n${text}\n\n`;
  return said + calls.map(({ name, args }) => `\`${name}\` ${at}\n\n${fence(JSON.stringify(args, undefined, 1))}`).join("");
}

/** Longer than any within. */
function fence(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}\n\n`;
}

function fileNameOf(key: string): string {
  return key.replace(/[^\w-]+/g, "-").slice(0, 80);
}

function save(parts: readonly string[], name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([...parts], { type }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
