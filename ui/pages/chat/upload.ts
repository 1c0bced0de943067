/**
 * Brings a file to the gateway, a piece at a time: neither side ever holds the whole. A large picture brings a small one along, made
 * here: the gateway decodes no pictures, and a list of them shall not fetch what nobody looks at.
 */
import type { Link } from "../../link/open-link.ts";
import type { Attachment } from "./attachments.ts";

const THUMBNAIL = {
  /** A picture of no more is its own. */
  fromBytes: 65_536, edge: 480, quality: 0.75,
} as const;
/** A piece whose connection broke is sent again so often. */
const TRIES = 3;
const RETRY_MS = 1_000;

/** `onPart` is told how much of it has arrived, from 0 to 1. Rejects with what the gateway refused it with. */
export async function bringFile(link: Link, sessionKey: string, file: File, onPart: (part: number) => void): Promise<Attachment> {
  const mimeType = file.type === "" ? "application/octet-stream" : file.type;
  const type: Attachment["type"] = (["image", "audio", "video"] as const).find((kind) => mimeType.startsWith(`${kind}/`)) ?? "file";
  const small = type === "image" && file.size > THUMBNAIL.fromBytes ? await thumbnailOf(file) : undefined;
  const facts = { type, mimeType, fileName: file.name, sizeBytes: file.size };
  const thumbnailId = small === undefined ? undefined : await bring(link, sessionKey, small, {
    type: "image", mimeType: small.type, fileName: "thumbnail.jpg", sizeBytes: small.size,
  }, () => undefined);
  const artifactId = await bring(link, sessionKey, file, { ...facts, ...(thumbnailId === undefined ? {} : { thumbnailId }) }, onPart);
  return { ...facts, artifactId };
}

async function bring(link: Link, sessionKey: string, file: Blob, facts: object, onPart: (part: number) => void): Promise<string> {
  const { url, pieceBytes } = await link.call("artifacts.upload", { sessionKey, sizeBytes: file.size, ...facts });
  for (let from = 0; ;) {
    const { received, artifactId } = await put(`${url}?from=${from}`, file.slice(from, from + pieceBytes));
    if (artifactId !== undefined) return artifactId;
    from = received;
    onPart(from / file.size);
  }
}

interface Taken { readonly received: number; readonly artifactId?: string }

async function put(url: string, piece: Blob): Promise<Taken> {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await fetch(url, { method: "PUT", body: piece });
      const said = (await answer.json()) as Taken & { readonly error?: { readonly message: string } };
      if (answer.ok) return said;
      throw new Refused(said.error?.message ?? String(answer.status));
    } catch (error) {
      if (error instanceof Refused || tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

class Refused extends Error {}

/** Undefined for what the browser cannot draw. */
async function thumbnailOf(file: File): Promise<Blob | undefined> {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, THUMBNAIL.edge / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, Math.round(whole.width * scale)), Math.max(1, Math.round(whole.height * scale))];
    canvas.getContext("2d")?.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined), "image/jpeg", THUMBNAIL.quality));
  } catch {
    return undefined;
  }
}
