/** A file that is brought in pieces: judged by its beginning as soon as that is there, and by its size. */
import { OpenClawError } from "@openclaw/protocol";
import type { AttachmentHead } from "../../fabric/journal.ts";
import { MEDIA_DEFAULTS, type MediaLimits } from "./config.ts";
import { checkClaim, cleanName, nameOf } from "./read-attachments.ts";
import { sniff } from "./sniff.ts";

export interface UploadParams {
  readonly type?: string;
  readonly mimeType?: string;
  readonly fileName?: string;
  readonly sizeBytes: number;
}

/** As much as is looked at. A text is one by its beginning. */
const LOOKED_BYTES = 262_144;

/** Throws MEDIA_TOO_LARGE: what is announced is more than any file may have. */
export function checkAnnounced({ sizeBytes, fileName = "" }: UploadParams, set: Partial<MediaLimits>): void {
  const { maxUploadBytes } = { ...MEDIA_DEFAULTS, ...set };
  if (sizeBytes > maxUploadBytes) throw tooLarge(cleanName(fileName) || "The file", sizeBytes, maxUploadBytes);
}

/**
 * What the file is, by its beginning. Throws MEDIA_INVALID where a claim is false, MEDIA_TOO_LARGE where its kind may not
 * be so large: pictures are read as a whole for models.
 */
export function readUpload(params: UploadParams, beginning: Uint8Array, set: Partial<MediaLimits>): AttachmentHead {
  const limits = { ...MEDIA_DEFAULTS, ...set };
  const looked = wholeCharacters(beginning.subarray(0, LOOKED_BYTES), params.sizeBytes);
  const { kind, ...looks } = sniff(looked);
  const name = nameOf(params.fileName, kind, looks.mimeType, 0);
  checkClaim(params, kind, looks.mimeType, name);
  if (kind === "image" && params.sizeBytes > limits.maxImageBytes) throw tooLarge(name, params.sizeBytes, limits.maxImageBytes);
  if (kind !== "text") return { kind, ...looks, name };
  const text = Buffer.from(looked).toString("utf8", 0, Math.min(looked.length, limits.textCharsMax * 4)).slice(0, limits.textCharsMax);
  return { kind, ...looks, name, ...(text === "" ? {} : { text: text.toWellFormed() }) };
}

/** A beginning may end within a character: without its last, broken one. */
function wholeCharacters(beginning: Uint8Array, sizeBytes: number): Uint8Array {
  if (beginning.length >= sizeBytes) return beginning;
  let end = beginning.length;
  for (let back = 1; back <= 3 && back < end; back += 1) {
    const byte = beginning[end - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      end -= back;
      break;
    }
  }
  return beginning.subarray(0, end);
}

function tooLarge(name: string, bytes: number, max: number): OpenClawError {
  return new OpenClawError("MEDIA_TOO_LARGE", { why: `${name} has ${bytes} bytes; ${max} are allowed.`, detail: { bytes, max } });
}
