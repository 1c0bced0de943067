/**
 * Just enough of tar (POSIX pax) to write a backup that `tar` can list and unpack, and to read that back.
 *
 * What is read is a stranger's until the manifest agrees: a name that leads out of the directory is refused.
 */
import { OpenClawError } from "@openclaw/protocol";
import { createReader } from "./seal-stream.ts";

const BLOCK = 512;
const CHUNK = 65_536;
const PAX_BYTES_MAX = 65_536;

export interface TarEntry {
  /** Relative, with `/`; a directory's too, without one at its end. */
  readonly path: string;
  readonly kind: "file" | "directory" | "link";
  readonly mode: number;
  readonly modifiedMs: number;
  readonly bytes: number;
  /** Of a link: what it says. */
  readonly target?: string;
}

/** The header of an entry; its content and `padding` follow. */
export function tarHeader(entry: TarEntry): Buffer {
  const { path, target = "", bytes } = entry;
  const records = [
    ...(fitsField(path, 100) ? [] : [["path", path] as const]),
    ...(fitsField(target, 100) ? [] : [["linkpath", target] as const]),
    ...(bytes < 8 ** 11 ? [] : [["size", String(bytes)] as const]),
  ];
  const own = block(entry, { file: "0", directory: "5", link: "2" }[entry.kind]);
  if (records.length === 0) return own;
  const pax = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
  const before = block({ path: "pax", kind: "file", mode: 0o600, modifiedMs: 0, bytes: pax.length }, "x");
  return Buffer.concat([before, pax, tarPadding(pax.length), own]);
}

export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

/** Calls `take` with each entry and its content, in order; content that was not read is passed over. Throws BACKUP_DAMAGED. */
export async function readTar(
  source: AsyncIterable<Uint8Array>, take: (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const reader = createReader(source);
  const must = async (bytes: number): Promise<Buffer> => {
    const taken = await reader.take(bytes);
    if (taken === undefined) throw damaged("It ends before its end.");
    return taken;
  };
  let pax: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const head = await must(BLOCK);
    if (head.every((byte) => byte === 0)) break;
    const sum = Number.parseInt(textOf(head, 148, 8), 8);
    const summed = Buffer.from(head).fill(32, 148, 156).reduce((all, byte) => all + byte, 0);
    if (sum !== summed) throw damaged("One of its headers was changed.");
    const type = String.fromCharCode(head[156] ?? 0);
    const bytes = Number(pax.get("size") ?? Number.parseInt(textOf(head, 124, 12), 8));
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw damaged("One of its headers was changed.");
    if (type === "x") {
      if (bytes > PAX_BYTES_MAX) throw damaged("One of its headers was changed.");
      pax = parsePax(await must(bytes));
      await must(tarPadding(bytes).length);
      continue;
    }
    const kind = ({ 0: "file", 5: "directory", 2: "link" } as const)[type];
    if (kind === undefined) throw damaged(`It holds an entry of kind ${JSON.stringify(type)}.`);
    const path = safePath(pax.get("path") ?? textOf(head, 0, 100));
    const target = kind === "link" ? (pax.get("linkpath") ?? textOf(head, 157, 100)) : undefined;
    pax = new Map();
    let left = bytes;
    const content = async function* (): AsyncIterable<Uint8Array> {
      while (left > 0) {
        const chunk = await must(Math.min(left, CHUNK));
        left -= chunk.length;
        yield chunk;
      }
    };
    const mode = Number.parseInt(textOf(head, 100, 8), 8) & 0o777;
    const modifiedMs = Number.parseInt(textOf(head, 136, 12), 8) * 1_000;
    await take({ path, kind, mode, modifiedMs, bytes, ...(target === undefined ? {} : { target }) }, content());
    while (left > 0) left -= (await must(Math.min(left, CHUNK))).length;
    await must(tarPadding(bytes).length);
  }
  while (!(await reader.atEnd())) await reader.take(1);
}

function safePath(path: string): string {
  const parts = path.split("/");
  if (path === "" || path.startsWith("/") || path.includes("\0") || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw damaged(`It holds a path that leads elsewhere: ${JSON.stringify(path.slice(0, 200))}.`);
  }
  return path;
}

function block({ path, mode, modifiedMs, bytes, target = "" }: TarEntry, type: string): Buffer {
  const head = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, size: number): void => void head.write(`${value.toString(8).padStart(size - 1, "0")}\0`, at);
  head.write(fitsField(path, 100) ? path : "long", 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes < 8 ** 11 ? bytes : 0, 124, 12);
  octal(Math.max(0, Math.floor(modifiedMs / 1_000)), 136, 12);
  head.write(type, 156);
  head.write(fitsField(target, 100) ? target : "long", 157);
  head.write("ustar\u000000", 257);
  head.fill(32, 148, 156);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return head;
}

function fitsField(text: string, bytes: number): boolean {
  return Buffer.byteLength(text) <= bytes && /^[\x20-\x7e]*$/.test(text);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function parsePax(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const length = Number(bytes.toString("latin1", at, space));
    const record = bytes.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    if (space < 0 || !Number.isInteger(length) || length < 4 || equals < 1) throw damaged("One of its headers was changed.");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

function textOf(head: Buffer, at: number, size: number): string {
  const field = head.subarray(at, at + size);
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? size : end).trim();
}

function damaged(why: string): OpenClawError {
  return new OpenClawError("BACKUP_DAMAGED", { why });
}
