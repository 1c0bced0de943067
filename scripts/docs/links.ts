/** Links between pages of the clone: each leads to a file that is there, and to a heading in it where it names one. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";

export interface BrokenLink {
  readonly file: string;
  readonly line: number;
  /** As it is written. */
  readonly target: string;
  readonly why: string;
}

/** Looks at the Markdown among these files. Links that leave the clone are not followed. */
export function findBrokenLinks(root: string, files: readonly string[]): readonly BrokenLink[] {
  const pages = new Map<string, string>();
  const read = (file: string): string => {
    const text = pages.get(file) ?? readFileSync(join(root, file), "utf8");
    pages.set(file, text);
    return text;
  };
  return files.filter((file) => file.endsWith(".md")).flatMap((file) => linksOf(read(file)).flatMap(({ line, target }) => {
    const why = faultOf(root, file, target, read);
    return why === undefined ? [] : [{ file, line, target, why }];
  }));
}

/** `README.md:12  docs/gone.md  there is no such file`, one line each. */
export function formatBrokenLinks(links: readonly BrokenLink[]): string {
  return links.map(({ file, line, target, why }) => `${file}:${line}  ${target}  ${why}\n`).join("");
}

function faultOf(root: string, file: string, target: string, read: (file: string) => string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = "", heading] = decodeURI(target).split("#", 2);
  const aim = path === "" ? file : normalize(join(path.startsWith("/") ? "." : dirname(file), path));
  if (aim === ".." || aim.startsWith("../")) return "it leads out of the clone";
  if (!existsSync(join(root, aim))) return "there is no such file";
  if (heading === undefined || heading === "" || !aim.endsWith(".md")) return undefined;
  return anchorsOf(read(aim)).has(heading) ? undefined : "there is no such heading";
}

const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

function linksOf(text: string): readonly { readonly line: number; readonly target: string }[] {
  return proseOf(text).flatMap((line, at) => (
    [...line.replace(/`[^`]*`/g, (code) => " ".repeat(code.length)).matchAll(LINK)].map(([, target = ""]) => ({ line: at + 1, target }))
  ));
}

/** As the pages of a forge name them: lower case, no punctuation, dashes for spaces, a number from the second of a name on. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const line of proseOf(text)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const words = heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const name = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let anchor = name;
    for (let next = 1; anchors.has(anchor); next += 1) anchor = `${name}-${next}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Its lines, with those of fenced code emptied, so that lines keep their numbers. */
function proseOf(text: string): readonly string[] {
  let fence = "";
  return text.split("\n").map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
    if (fence === "" && mark !== "") fence = mark;
    else if (fence === "") return line;
    else if (mark.startsWith(fence)) fence = "";
    return "";
  });
}
