/**
 * What a program did to its files, as strace wrote it down: the calls that change a disk, in the order in which the system
 * finished them. Wants `-f -ttt -y -xx`: whole strings in hexadecimal, and the path behind each descriptor.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

export type DiskCall =
  | { readonly kind: "open"; readonly path: string; readonly create: boolean; readonly truncate: boolean; readonly append: boolean;
      readonly handle: string }
  | { readonly kind: "write"; readonly path: string; readonly handle: string; readonly data: Buffer; readonly offset: number | null }
  /** Bytes that the system copied by itself: the trace does not hold them. */
  | { readonly kind: "copy"; readonly path: string }
  | { readonly kind: "truncate"; readonly path: string; readonly length: number }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "rename" | "link"; readonly from: string; readonly path: string }
  | { readonly kind: "unlink" | "mkdir"; readonly path: string };

/** `atMs`: since the epoch, when the program entered the call. */
export type TracedCall = DiskCall & { readonly atMs: number };

export const TRACED = [
  "openat", "open", "creat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "truncate", "fsync", "fdatasync", "rename",
  "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "fallocate", "copy_file_range", "sendfile",
] as const;

export const STRACE = ["strace", "-f", "-ttt", "-y", "-xx", "-s", "8388608", "--seccomp-bpf", "-e", `trace=${TRACED.join(",")}`] as const;

/** Calls that succeeded. Throws for one that changes files in a way this does not know. */
export async function* readTrace(file: string): AsyncGenerator<TracedCall> {
  const unfinished = new Map<string, { readonly text: string; readonly atMs: number }>();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    const found = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line);
    if (found === null) continue;
    const [, thread = "", seconds = "", rest = ""] = found;
    const atMs = Number(seconds) * 1_000;
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { text: rest.slice(0, -"<unfinished ...>".length), atMs });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest);
    const begun = resumed === null ? undefined : unfinished.get(thread);
    if (resumed !== null && begun === undefined) continue;
    const text = begun === undefined || resumed === null ? rest : begun.text + rest.slice(resumed[0].length);
    const call = parseCall(text);
    if (call !== undefined) yield { ...call, atMs: begun?.atMs ?? atMs };
  }
}

function parseCall(text: string): DiskCall | undefined {
  const open = text.indexOf("(");
  const end = text.lastIndexOf(") = ");
  if (open === -1 || end === -1) return undefined;
  const name = text.slice(0, open);
  const answer = text.slice(end + 4);
  if (answer.startsWith("-1") || answer.startsWith("?")) return undefined;
  const args = splitArguments(text.slice(open + 1, end));
  const arg = (at: number): string => args[at] ?? "";
  switch (name) {
    case "openat": case "open": case "creat": {
      const flags = name === "openat" ? arg(2) : name === "open" ? arg(1) : "O_CREAT|O_TRUNC";
      const handle = answer.trim();
      const [create, truncate, append] = ["O_CREAT", "O_TRUNC", "O_APPEND"].map((flag) => flags.includes(flag));
      return { kind: "open", path: pathOf(handle), create: create === true, truncate: truncate === true, append: append === true, handle };
    }
    case "write": case "pwrite64": {
      const data = bytesOf(arg(1)).subarray(0, Number.parseInt(answer, 10));
      return { kind: "write", path: pathOf(arg(0)), handle: arg(0), data, offset: name === "write" ? null : Number(arg(3)) };
    }
    case "writev": case "pwritev": case "pwritev2": {
      const pieces = [...arg(1).matchAll(/iov_base="([^"]*)"/g)].map(([, hex = ""]) => bytesOf(`"${hex}"`));
      const data = Buffer.concat(pieces).subarray(0, Number.parseInt(answer, 10));
      return { kind: "write", path: pathOf(arg(0)), handle: arg(0), data, offset: name === "writev" ? null : Number(arg(3)) };
    }
    case "copy_file_range": return { kind: "copy", path: pathOf(arg(2)) };
    case "ftruncate": return { kind: "truncate", path: pathOf(arg(0)), length: Number(arg(1)) };
    case "truncate": return { kind: "truncate", path: textOf(arg(0)), length: Number(arg(1)) };
    case "fsync": case "fdatasync": return { kind: "sync", path: pathOf(arg(0)) };
    case "rename": return { kind: "rename", from: textOf(arg(0)), path: textOf(arg(1)) };
    case "renameat": case "renameat2": return { kind: "rename", from: at(arg(0), arg(1)), path: at(arg(2), arg(3)) };
    case "link": return { kind: "link", from: textOf(arg(0)), path: textOf(arg(1)) };
    case "linkat": return { kind: "link", from: at(arg(0), arg(1)), path: at(arg(2), arg(3)) };
    case "unlink": case "rmdir": return { kind: "unlink", path: textOf(arg(0)) };
    case "unlinkat": return { kind: "unlink", path: at(arg(0), arg(1)) };
    case "mkdir": return { kind: "mkdir", path: textOf(arg(0)) };
    case "mkdirat": return { kind: "mkdir", path: at(arg(0), arg(1)) };
    default: throw new Error(`the trace holds ${name}, whose effect on a disk is not known here`);
  }
}

/** At commas outside of quotes, brackets and braces. */
function splitArguments(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\"") at = text.indexOf("\"", at + 1); // strings are hexadecimal: nothing in them is escaped
    else if (char === "[" || char === "{" || char === "(") depth += 1;
    else if (char === "]" || char === "}" || char === ")") depth -= 1;
    else if (char === "," && depth === 0) {
      found.push(text.slice(from, at).trim());
      from = at + 1;
    }
    if (at === -1) throw new Error("the trace is cut in the middle of a string");
  }
  found.push(text.slice(from).trim());
  return found;
}

const unhex = (hex: string): Buffer => Buffer.from(hex.replaceAll("\\x", ""), "hex");

function bytesOf(quoted: string): Buffer {
  if (!quoted.endsWith("\"")) throw new Error("the trace holds a shortened string");
  return unhex(quoted.slice(1, -1));
}

const textOf = (quoted: string): string => bytesOf(quoted).toString("utf8");

/** `21<\x2f…>` */
function pathOf(handle: string): string {
  const open = handle.indexOf("<");
  return open === -1 ? "" : unhex(handle.slice(open + 1, handle.lastIndexOf(">"))).toString("utf8");
}

function at(directory: string, quoted: string): string {
  const path = textOf(quoted);
  return path.startsWith("/") ? path : `${pathOf(directory)}/${path}`;
}
