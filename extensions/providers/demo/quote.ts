/** Outside text for a person's eyes: bounded, and unable to break out of its quotation. */

const QUOTED_CHARS_MAX = 4_000;
const LINES_MAX = 200;

/** A Markdown block; its fence is longer than any run of backticks inside. */
export function fence(text: string): string {
  const clean = bound(text.replace(/[^\P{Cc}\n\t]/gu, "")).trimEnd();
  if (clean === "") return "_(no output)_";
  const longest = [...clean.matchAll(/`+/g)].reduce((most, run) => Math.max(most, run[0].length), 2);
  const mark = "`".repeat(longest + 1);
  return `${mark}text\n${clean}\n${mark}`;
}

/** For a quotation in running text. */
export function oneLine(text: string): string {
  const line = text.slice(0, 600).replace(/[\s\p{Cc}]+/gu, " ").replace(/[`<>|*[\]]/g, "").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

type FileEntry = { readonly name?: unknown; readonly kind?: unknown; readonly bytes?: unknown } | null;

/** The entries of a directory as a table, or the text as it is. */
export function listFiles(text: string): string {
  const entries = parseObject(text)?.["entries"];
  if (!Array.isArray(entries)) return fence(text);
  if (entries.length === 0) return "It is empty.";
  const rows = (entries as readonly FileEntry[]).slice(0, LINES_MAX).map((entry) => {
    const size = typeof entry?.bytes === "number" && entry.kind !== "dir" ? formatBytes(entry.bytes) : "";
    return `| ${oneLine(String(entry?.name ?? ""))} | ${oneLine(String(entry?.kind ?? ""))} | ${size} |`;
  });
  const rest = entries.length > LINES_MAX ? `\n\n… and ${entries.length - LINES_MAX} more.` : "";
  return `| name | kind | size |\n| --- | --- | ---: |\n${rows.join("\n")}${rest}`;
}

/** Kept facts as a list, whatever form the memory gives them. */
export function listFacts(text: string, query: string | undefined): string {
  const value = parseJson(text);
  const list: unknown = Array.isArray(value) ? value : (parseObject(text)?.["facts"] ?? parseObject(text)?.["results"]);
  const about = query === undefined ? "" : ` about ${oneLine(query)}`;
  const nothing = `I remember nothing${about}.`;
  const heading = `This is what I remember${about}:`;
  if (!Array.isArray(list)) return text.trim() === "" ? nothing : `${heading}\n\n${fence(text)}`;
  if (list.length === 0) return nothing;
  const facts = list.slice(0, LINES_MAX).map((fact: unknown) => {
    const said = typeof fact === "string" ? fact : (fact as { readonly text?: unknown } | null)?.text;
    return `- ${oneLine(typeof said === "string" ? said : JSON.stringify(fact))}`;
  });
  return `${heading}\n\n${facts.join("\n")}`;
}

export function writtenFile(path: string, at: string, text: string): string {
  const result = parseObject(text);
  const bytes = result?.["bytes"];
  return typeof bytes === "number" ? `I wrote \`${path}\`${at}: ${bytes} bytes.` : `I wrote \`${path}\`${at}.`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1_024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ""}`;
}

function bound(text: string): string {
  if (text.length <= QUOTED_CHARS_MAX) return text;
  const half = QUOTED_CHARS_MAX / 2;
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
