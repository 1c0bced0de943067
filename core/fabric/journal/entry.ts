/** One entry as bytes: format (1), header length (4), header as JSON, sealed body. */
import { hash } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { DataKey } from "../vault.ts";
import type { EntryHeader } from "./event.ts";

const FORMAT = 1;
const PREFIX_BYTES = 5;

export interface EncodedEntry {
  readonly bytes: Uint8Array;
  readonly header: EntryHeader;
  /** SHA-256 of the header, base64url: what the next event's `prev` holds. */
  readonly link: string;
}

/** Seals and frames one entry. The body is bound to the session and type it belongs to. */
export function encodeEntry(key: DataKey, facts: Omit<EntryHeader, "v" | "commitment">, body: unknown): EncodedEntry {
  const sealed = key.seal(context(facts), Buffer.from(JSON.stringify(body)));
  const header: EntryHeader = { v: 1, ...facts, commitment: hash("sha256", sealed, "base64url") };
  const text = JSON.stringify(header);
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + length + sealed.length);
  bytes[0] = FORMAT;
  bytes.writeUInt32LE(length, 1);
  bytes.write(text, PREFIX_BYTES);
  bytes.set(sealed, PREFIX_BYTES + length);
  return { bytes, header, link: hash("sha256", text, "base64url") };
}

export interface FramedEntry {
  readonly header: EntryHeader;
  readonly sealed: Uint8Array;
  readonly link: string;
}

/** Takes an entry apart without opening it. Throws STATE_DAMAGED when it is not one of ours. */
export function decodeEntry(bytes: Uint8Array): FramedEntry {
  const { buffer, end, text } = headerText(bytes);
  return { header: parseHeader(text), sealed: buffer.subarray(end), link: hash("sha256", text, "base64url") };
}

/** What stands in the clear, and no more work than that takes. Throws as `decodeEntry`. */
export function readHeader(bytes: Uint8Array): EntryHeader {
  return parseHeader(headerText(bytes).text);
}

function headerText(bytes: Uint8Array): { readonly buffer: Buffer; readonly end: number; readonly text: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX_BYTES || buffer[0] !== FORMAT) throw damaged("An entry has an unknown layout.");
  const end = PREFIX_BYTES + buffer.readUInt32LE(1);
  if (end > buffer.length) throw damaged("An entry is cut short.");
  return { buffer, end, text: buffer.toString("utf8", PREFIX_BYTES, end) };
}

function parseHeader(text: string): EntryHeader {
  try {
    const header = JSON.parse(text) as EntryHeader | null;
    if (typeof header?.type === "string" && typeof header.tenant === "string") return header;
  } catch (cause) {
    throw damaged("An entry's header does not parse.", cause);
  }
  throw damaged("An entry's header is not one.");
}

/** Opens a body. Throws STATE_DAMAGED when header or body was changed. */
export function openBody(key: DataKey, { header, sealed }: FramedEntry): unknown {
  if (hash("sha256", sealed, "base64url") !== header.commitment) throw damaged("An entry does not match its commitment.");
  return JSON.parse(Buffer.from(key.unseal(context(header), sealed)).toString("utf8")) as unknown;
}

function damaged(why: string, cause?: unknown): OpenClawError {
  return new OpenClawError("STATE_DAMAGED", { why, cause });
}

function context(facts: Pick<EntryHeader, "tenant" | "session" | "type">): string {
  return `${facts.tenant}/${facts.session}/${facts.type}`;
}
