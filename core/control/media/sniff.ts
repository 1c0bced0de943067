/** What bytes are, by themselves: whatever a sender claims, and whatever follows the beginning. */
import { isUtf8 } from "node:buffer";
import type { Attachment } from "../../fabric/journal.ts";

export interface Sniffed {
  readonly kind: Attachment["kind"];
  readonly mimeType: string;
  readonly width?: number;
  readonly height?: number;
}

interface Magic { readonly at?: number; readonly bytes: readonly number[]; readonly also?: readonly [number, string]; readonly is: Sniffed }

const chars = (text: string): readonly number[] => [...Buffer.from(text, "latin1")];

/** Only forms that a browser shows inertly, or plays, stand here as such. SVG is a program, and text. */
const MAGIC: readonly Magic[] = [
  { bytes: [0x89, ...chars("PNG\r\n\x1a\n")], is: { kind: "image", mimeType: "image/png" } },
  { bytes: [0xff, 0xd8, 0xff], is: { kind: "image", mimeType: "image/jpeg" } },
  { bytes: chars("GIF87a"), is: { kind: "image", mimeType: "image/gif" } },
  { bytes: chars("GIF89a"), is: { kind: "image", mimeType: "image/gif" } },
  { bytes: chars("RIFF"), also: [8, "WEBP"], is: { kind: "image", mimeType: "image/webp" } },
  { bytes: chars("RIFF"), also: [8, "WAVE"], is: { kind: "audio", mimeType: "audio/wav" } },
  { bytes: chars("OggS"), is: { kind: "audio", mimeType: "audio/ogg" } },
  { bytes: chars("ID3"), is: { kind: "audio", mimeType: "audio/mpeg" } },
  { bytes: chars("fLaC"), is: { kind: "audio", mimeType: "audio/flac" } },
  { bytes: [0x1a, 0x45, 0xdf, 0xa3], is: { kind: "video", mimeType: "video/webm" } },
  { at: 4, bytes: chars("ftypM4A"), is: { kind: "audio", mimeType: "audio/mp4" } },
  { at: 4, bytes: chars("ftypqt"), is: { kind: "video", mimeType: "video/quicktime" } },
  { at: 4, bytes: chars("ftypavif"), is: { kind: "file", mimeType: "image/avif" } },
  { at: 4, bytes: chars("ftyphei"), is: { kind: "file", mimeType: "image/heic" } },
  { at: 4, bytes: chars("ftyp"), is: { kind: "video", mimeType: "video/mp4" } },
  { bytes: chars("%PDF-"), is: { kind: "file", mimeType: "application/pdf" } },
  { bytes: [0x50, 0x4b, 0x03, 0x04], is: { kind: "file", mimeType: "application/zip" } },
  { bytes: [0x1f, 0x8b], is: { kind: "file", mimeType: "application/gzip" } },
];

const UNKNOWN: Sniffed = { kind: "file", mimeType: "application/octet-stream" };
/** MPEG audio without a tag: a frame's first eleven bits, and a layer that exists. */
const isMpegFrame = (content: Uint8Array): boolean => content[0] === 0xff && ((content[1] ?? 0) & 0xe6) > 0xe0;

export function sniff(content: Uint8Array): Sniffed {
  const found = MAGIC.find(({ at = 0, bytes, also: [where, what] = [0, ""] }) =>
    matches(content, at, bytes) && matches(content, where, chars(what)));
  if (found?.is.mimeType === "video/webm" && isOnlySound(content)) return { kind: "audio", mimeType: "audio/webm" };
  if (found !== undefined) return found.is.kind === "image" ? { ...found.is, ...sizeOf(content, found.is.mimeType) } : found.is;
  if (isMpegFrame(content)) return { kind: "audio", mimeType: "audio/mpeg" };
  return isText(content) ? { kind: "text", mimeType: "text/plain" } : UNKNOWN;
}

/** One container for both, and what browsers record a voice into: its beginning names the codecs of its tracks. */
function isOnlySound(content: Uint8Array): boolean {
  const beginning = Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, 4_096)).toString("latin1");
  return /A_(?:OPUS|VORBIS)/.test(beginning) && !/V_[A-Z]/.test(beginning);
}

function matches(content: Uint8Array, at: number, bytes: readonly number[]): boolean {
  return content.length >= at + bytes.length && bytes.every((byte, index) => content[at + index] === byte);
}

/** Tab, line feed, form feed, return, escape. */
const TEXT_CONTROLS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b]);

/** How much of a text is looked at closely; of the rest, whether it is UTF-8 and holds no zero. */
const LOOKED_BYTES = 65_536;

/** UTF-8 without control characters that no text has. A text with one odd byte is a file. */
function isText(content: Uint8Array): boolean {
  for (const byte of content.subarray(0, LOOKED_BYTES)) if (byte < 0x20 && !TEXT_CONTROLS.has(byte)) return false;
  return isUtf8(content) && !content.includes(0);
}

/** So that a page keeps its place free before the picture has come. Nothing where it cannot be read. */
function sizeOf(content: Uint8Array, mimeType: string): { readonly width?: number; readonly height?: number } {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  try {
    switch (mimeType) {
      case "image/png": return { width: view.getUint32(16), height: view.getUint32(20) };
      case "image/gif": return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
      case "image/jpeg": return jpegSize(view);
      default: return {};
    }
  } catch {
    return {}; // cut short
  }
}

/** Segment by segment to the first that begins a frame. */
function jpegSize(view: DataView): { readonly width?: number; readonly height?: number } {
  for (let at = 2; at + 9 < view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return {};
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  return {};
}
