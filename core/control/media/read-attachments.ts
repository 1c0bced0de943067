/**
 * What a client says came with a message, as files: decoded, looked at, measured. Whatever is wrong is refused here, before
 * anything is kept.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { IncomingFile } from "../sessions.ts";
import { MEDIA_DEFAULTS, type MediaLimits } from "./config.ts";
import { sniff, type Sniffed } from "./sniff.ts";

/** As `chat.send` names them. */
export interface AttachmentParams {
  readonly type?: string;
  readonly mimeType?: string;
  readonly fileName?: string;
  /** Base64, also as a data URL. */
  readonly content?: string;
  readonly sizeBytes?: number;
  /** In place of `content`: what `artifacts.upload` brought. */
  readonly artifactId?: string;
}

/** Characters of a name that is shown and stored. */
const NAME_CHARS = 120;

/** A file that is decoded lets others have their turn after so many characters. */
const SLICE_CHARS = 1_048_576;

/** In the order given; what was brought here before is named by its id. Throws MEDIA_INVALID, MEDIA_TOO_LARGE. */
export async function readAttachments(given: readonly unknown[], set: Partial<MediaLimits> = {}): Promise<readonly IncomingFile[]> {
  const limits = { ...MEDIA_DEFAULTS, ...set };
  if (given.length > limits.filesMax) {
    throw new OpenClawError("MEDIA_TOO_LARGE", { why: `${given.length} files came with one message; ${limits.filesMax} are allowed.` });
  }
  let bytesLeft = limits.maxBytes;
  let charsLeft = limits.textCharsMax;
  const files: IncomingFile[] = [];
  for (const [at, one] of given.entries()) {
    const params = one as AttachmentParams;
    if (params.artifactId !== undefined) {
      if (!DIGEST.test(params.artifactId)) throw invalid(`Attachment ${at + 1} names no file that was brought here.`);
      files.push({ id: params.artifactId });
      continue;
    }
    const content = await decode(params, at);
    const { kind, ...looks } = sniff(content);
    const name = nameOf(params.fileName, kind, looks.mimeType, at);
    checkClaim(params, kind, looks.mimeType, name);
    const most = Math.min(bytesLeft, kind === "image" ? limits.maxImageBytes : kind === "audio" ? limits.maxAudioBytes
      : kind === "video" ? limits.maxVideoBytes : limits.maxFileBytes);
    if (content.length > most) {
      const of = most === bytesLeft ? "all files of a message together" : `files of the kind ${kind}`;
      const why = `${name} has ${content.length} bytes; ${most} are allowed for ${of}.`;
      throw new OpenClawError("MEDIA_TOO_LARGE", { why, detail: { bytes: content.length, max: most, kind } });
    }
    bytesLeft -= content.length;
    const facts = { kind, ...looks, name, bytes: content.length, content };
    if (kind !== "text") {
      files.push(facts);
      continue;
    }
    const text = content.toString("utf8", 0, Math.min(content.length, charsLeft * 4)).slice(0, charsLeft).toWellFormed();
    charsLeft -= text.length;
    files.push(text === "" ? facts : { ...facts, text });
  }
  return files;
}

const DIGEST = /^[0-9a-f]{64}$/;

async function decode({ content, sizeBytes, fileName = "" }: AttachmentParams, at: number): Promise<Buffer> {
  const name = fileName === "" ? `Attachment ${at + 1}` : cleanName(fileName);
  if (content === undefined || content === "") throw invalid(`${name} has no content.`);
  const base64 = content.startsWith("data:") ? content.slice(content.indexOf(",") + 1) : content;
  const bytes = base64.length <= SLICE_CHARS ? Buffer.from(base64, "base64") : await decodeSlices(base64);
  // The decoder passes over what is not base64: then fewer bytes come than the length promises.
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const promised = Math.floor(((base64.length - padding) * 3) / 4);
  if (bytes.length !== promised) throw invalid(`The content of ${name} is not base64.`);
  if (bytes.length === 0) throw invalid(`${name} is empty.`);
  if (sizeBytes !== undefined && sizeBytes !== bytes.length) {
    throw invalid(`${name} is said to have ${sizeBytes} bytes; ${bytes.length} came.`);
  }
  return bytes;
}

/** Slices are of whole fours: white space between them is not taken, whatever the length. */
async function decodeSlices(base64: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.ceil((base64.length * 3) / 4));
  let length = 0;
  for (let at = 0; at < base64.length; at += SLICE_CHARS) {
    length += bytes.write(base64.slice(at, at + SLICE_CHARS), length, "base64");
    await new Promise((resolve) => setImmediate(resolve));
  }
  return bytes.subarray(0, length);
}

const SHOWN = ["image", "audio", "video"] as const;

/** A claim that would be shown or played has to be true; of other files a sender may know more than their bytes tell. */
export function checkClaim({ type, mimeType = "" }: AttachmentParams, kind: Sniffed["kind"], found: string, name: string): void {
  const claimed = /^(?:image|audio|video)(?=\/)/.exec(mimeType)?.[0] ?? SHOWN.find((one) => one === type);
  if (claimed === undefined || claimed === kind) return;
  if (found.startsWith(`${claimed}/`) || /svg/.test(mimeType)) return; // a form that is kept as a file
  if (claimed === "audio" && kind === "video") return; // one container for both
  throw invalid(`${name} is said to be ${mimeType === "" ? claimed : mimeType.slice(0, 80)}; its bytes are ${found}.`);
}

const ENDINGS: Readonly<Record<string, string>> = {
  "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "audio/mpeg": "mp3", "audio/wav": "wav",
  "audio/ogg": "ogg", "video/mp4": "mp4", "video/webm": "webm", "application/pdf": "pdf", "text/plain": "txt",
};

export function nameOf(given: string | undefined, kind: Sniffed["kind"], mimeType: string, at: number): string {
  const clean = cleanName(given ?? "");
  return clean === "" ? `${kind}-${at + 1}.${ENDINGS[mimeType] ?? "bin"}` : clean;
}

/** The last part of a path, without what would break a line or a header. */
export function cleanName(given: string): string {
  const last = given.split(/[\\/]/).at(-1) ?? "";
  return last.replace(/[\p{Cc}\p{Cf}"<>|:*?]/gu, "").replace(/^\.+/, "").trim().slice(0, NAME_CHARS).toWellFormed();
}

function invalid(why: string): OpenClawError {
  return new OpenClawError("MEDIA_INVALID", { why });
}
