/** Files that go with a message: brought to the gateway before it is sent, and named in it. */
export interface Attachment {
  readonly type: "image" | "audio" | "video" | "file";
  readonly mimeType: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** What the gateway knows it by. */
  readonly artifactId: string;
}

export const ATTACHMENT_LIMITS = {
  files: 10,
  /** Pasted text from here on is offered as a file. */
  pasteChars: 8_000,
} as const;
