/** Files that go with a message, as the wire takes them. */
export interface Attachment {
  readonly type: "image" | "audio" | "video" | "file";
  readonly mimeType: string;
  readonly fileName: string;
  /** Base64. */
  readonly content: string;
  readonly sizeBytes: number;
}

export const ATTACHMENT_LIMITS = {
  files: 10,
  /** Of one message, so that it fits into one frame as base64. */
  bytes: 12_000_000,
  /** Pasted text from here on is offered as a file. */
  pasteChars: 8_000,
} as const;

export async function readAttachment(file: File): Promise<Attachment> {
  const mimeType = file.type === "" ? "application/octet-stream" : file.type;
  const kind = mimeType.split("/", 1)[0];
  return {
    type: kind === "image" || kind === "audio" || kind === "video" ? kind : "file",
    mimeType, fileName: file.name, sizeBytes: file.size, content: toBase64(new Uint8Array(await file.arrayBuffer())),
  };
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32_768) binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(binary);
}
