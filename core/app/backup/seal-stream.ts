/**
 * A stream under a passphrase: scrypt makes the key, AES-256-GCM seals it in frames.
 *
 * A frame's nonce holds its number and whether it is the last, so frames that were cut off, moved, left out or repeated do not
 * open. The header (how the key was made) is sealed with every frame.
 */
import { createCipheriv, createDecipheriv, scrypt, timingSafeEqual } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";

const MAGIC = "openclaw-backup 1 ";
const HEADER_BYTES_MAX = 1_024;
const FRAME_BYTES = 1_048_576;
const TAG_BYTES = 16;
const PREFIX_BYTES = 7;
/** 128 MiB for a third of a second, for whoever guesses too. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const COST_MAX = 2 ** 20;

interface Header {
  readonly kdf: "scrypt";
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly prefix: string;
}

/** The first bytes of a sealed stream. */
export function isSealed(first: Uint8Array): boolean {
  const magic = Buffer.from(MAGIC);
  return first.length >= magic.length && timingSafeEqual(first.subarray(0, magic.length), magic);
}

/** `cost` is how dear each guess is; it stands in the header. */
export async function* sealStream(
  plain: AsyncIterable<Uint8Array>, passphrase: Secret, ids: Ids, cost: Pick<Header, "N" | "r" | "p"> = COST,
): AsyncIterable<Uint8Array> {
  const header: Header = {
    kdf: "scrypt", ...cost, salt: Buffer.from(ids.bytes(16)).toString("base64url"),
    prefix: Buffer.from(ids.bytes(PREFIX_BYTES)).toString("base64url"),
  };
  const line = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`);
  const key = await deriveKey(passphrase, header);
  yield line;
  let number = 0;
  const frame = (bytes: Uint8Array, last: boolean): Buffer => {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(header, number, last));
    cipher.setAAD(line);
    number += 1;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  };
  let waiting: Uint8Array | undefined;
  for await (const piece of inPieces(plain, FRAME_BYTES)) {
    if (waiting !== undefined) yield frame(waiting, false);
    waiting = piece;
  }
  yield frame(waiting ?? new Uint8Array(0), true);
}

/** Throws BACKUP_PASSPHRASE_WRONG when the first frame does not open, BACKUP_DAMAGED when a later one does not, or the end is missing. */
export async function* openStream(sealed: AsyncIterable<Uint8Array>, passphrase: Secret): AsyncIterable<Uint8Array> {
  const reader = createReader(sealed);
  const line = await reader.line(HEADER_BYTES_MAX);
  const header = parseHeader(line);
  const key = await deriveKey(passphrase, header);
  for (let number = 0; ; number += 1) {
    const length = await reader.take(4);
    if (length === undefined) throw damaged("it ends before its end");
    const bytes = length.readUInt32BE();
    if (bytes > FRAME_BYTES) throw damaged("a frame is larger than any");
    const body = await reader.take(bytes + TAG_BYTES);
    if (body === undefined) throw damaged("it ends before its end");
    const last = await reader.atEnd();
    const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(header, number, last));
    decipher.setAAD(line);
    decipher.setAuthTag(body.subarray(bytes));
    try {
      const opened = Buffer.concat([decipher.update(body.subarray(0, bytes)), decipher.final()]);
      if (opened.length > 0) yield opened;
    } catch (error) {
      if (number === 0) throw new OpenClawError("BACKUP_PASSPHRASE_WRONG", { cause: error });
      throw damaged(last ? "its end is missing or was changed" : "it was changed");
    }
    if (last) return;
  }
}

function damaged(why: string): OpenClawError {
  return new OpenClawError("BACKUP_DAMAGED", { why: `The file says it: ${why}.` });
}

function parseHeader(line: Buffer): Header {
  try {
    const { kdf, N, r, p, salt, prefix } = JSON.parse(line.toString("utf8").slice(MAGIC.length)) as Header;
    const fits = kdf === "scrypt" && [N, r, p].every(Number.isInteger) && N <= COST_MAX && r <= 16 && p <= 4;
    if (fits && Buffer.from(prefix, "base64url").length === PREFIX_BYTES) return { kdf, N, r, p, salt, prefix };
  } catch {
    // told below
  }
  throw damaged("its first line is not one of ours");
}

function deriveKey(passphrase: Secret, { N, r, p, salt }: Header): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal().normalize("NFKC"), Buffer.from(salt, "base64url"), 32, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function nonceOf({ prefix }: Header, number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  Buffer.from(prefix, "base64url").copy(nonce);
  nonce.writeUInt32BE(number, PREFIX_BYTES);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

async function* inPieces(source: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + bytes - size);
      held.push(part);
      size += part.length;
      at += part.length;
      if (size < bytes) continue;
      yield Buffer.concat(held);
      held = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(held);
}

export interface StreamReader {
  /** Exactly so many bytes; undefined where the stream ends before. */
  take(bytes: number): Promise<Buffer | undefined>;
  /** Up to and with the next newline. Throws where there is none within `max`. */
  line(max: number): Promise<Buffer>;
  atEnd(): Promise<boolean>;
}

/** Pulls a stream apart by lengths; holds no more than was asked for and one chunk. */
export function createReader(source: AsyncIterable<Uint8Array>): StreamReader {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done === true) return false;
    held = held.length === 0 ? Buffer.from(next.value) : Buffer.concat([held, next.value]);
    return true;
  };
  const cut = (bytes: number): Buffer => {
    const taken = held.subarray(0, bytes);
    held = held.subarray(bytes);
    return taken;
  };
  return {
    take: async (bytes) => {
      while (held.length < bytes) if (!(await more())) return undefined;
      return cut(bytes);
    },
    line: async (max) => {
      for (;;) {
        const end = held.indexOf(10);
        if (end >= 0 && end < max) return cut(end + 1);
        if (held.length >= max || !(await more())) throw damaged("its first line is not one of ours");
      }
    },
    atEnd: async () => {
      while (held.length === 0) if (!(await more())) return true;
      return false;
    },
  };
}
