/** What the gateway says of a conversation, parsed: nothing beyond this file trusts the shape of a message. */
import type { MediaPart } from "../../kit/media.tsx";

export interface Call { readonly id: string; readonly name: string; readonly args: Readonly<Record<string, unknown>> }

export interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly role: "user" | "assistant" | "tool" | "note";
  readonly text: string;
  readonly calls: readonly Call[];
  /** What came with it. */
  readonly files?: readonly MediaPart[] | undefined;
  readonly atMs: number;
  readonly runId?: string | undefined;
  /** Of a person's message: the key it was sent under. */
  readonly key?: string | undefined;
  readonly label?: string | undefined;
  readonly model?: string | undefined;
  readonly stopReason?: string | undefined;
  readonly tokens?: { readonly input: number; readonly output: number } | undefined;
  /** Of a tool's result: the call it answers. */
  readonly callId?: string | undefined;
  readonly isError?: boolean | undefined;
  readonly nodeId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Of a result that is shortened: what can be read of it besides. */
  readonly kept?: KeptOutput | undefined;
}

/** What the gateway has of an output that was too long for its message. */
export interface KeptOutput {
  readonly id: string;
  readonly bytes: number;
  readonly chars: number;
  /** Bytes the command wrote, where only the beginning and the end of that are kept. */
  readonly written?: number | undefined;
}

/** A page of it; the next begins at `end`. */
export type ReadOutput = (id: string, offset: number, signal: AbortSignal) => Promise<{ readonly text: string; readonly end: number }>;

export type Fields = Readonly<Record<string, unknown>>;

export const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
export const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
export const number = (value: unknown): number | undefined => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
export const texts = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []);

/** Undefined for what has no id and no place: it cannot be shown once and only once. */
export function parseEntry(message: unknown): Entry | undefined {
  const said = fields(message);
  const own = fields(said["__openclaw"]);
  const id = text(own["id"]);
  const seq = number(own["seq"]);
  if (id === undefined || seq === undefined) return undefined;
  const usage = fields(said["usage"]);
  const key = text(said["idempotencyKey"])?.replace(/:user$/, "");
  return {
    id, seq, role: roleOf(said["role"]), text: textOf(said["content"]), calls: callsOf(said["content"]),
    files: filesOf(said["content"]),
    atMs: number(said["timestamp"]) ?? 0, runId: text(own["runId"]), key, label: text(own["label"]), model: text(said["model"]),
    stopReason: text(said["stopReason"]), callId: text(said["toolCallId"]), nodeId: text(said["nodeId"]),
    isError: said["isError"] === true, details: fields(said["details"]), kept: keptIn(fields(said["output"])),
    tokens: said["usage"] === undefined ? undefined : { input: number(usage["input"]) ?? 0, output: number(usage["output"]) ?? 0 },
  };
}

/** The words of a message, or of a tool's result: text parts joined. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (fields(part)["type"] === "text" ? text(fields(part)["text"]) ?? "" : "")).join("");
}

function keptIn({ id, bytes, chars, written }: Fields): KeptOutput | undefined {
  if (typeof id !== "string" || typeof bytes !== "number" || typeof chars !== "number") return undefined;
  return { id, bytes, chars, written: number(written) };
}

function callsOf(content: unknown): readonly Call[] {
  if (!Array.isArray(content)) return [];
  return content.map(fields).filter((part) => part["type"] === "toolCall").map((part) => ({
    id: text(part["id"]) ?? "", name: text(part["name"]) ?? "", args: fields(part["arguments"]),
  }));
}

const KINDS = ["image", "audio", "video", "file"] as const;

function filesOf(content: unknown): readonly MediaPart[] | undefined {
  if (!Array.isArray(content)) return undefined;
  const files = content.map(fields).flatMap((part): readonly MediaPart[] => {
    const id = text(part["artifactId"]);
    const kind = KINDS.find((one) => one === part["type"]);
    if (id === undefined || kind === undefined) return [];
    return [{
      id, kind, mimeType: text(part["mimeType"]) ?? "", name: text(part["fileName"]) ?? kind, bytes: number(part["sizeBytes"]) ?? 0,
      width: number(part["width"]), height: number(part["height"]), thumbnailId: text(part["thumbnailId"]),
      heard: heardIn(fields(part["transcript"])),
    }];
  });
  return files.length === 0 ? undefined : files;
}

function heardIn(transcript: Fields): MediaPart["heard"] {
  const [said, why] = [transcript["text"], text(transcript["why"])];
  if (typeof said === "string") return { text: said };
  return why === undefined ? undefined : { why, code: text(transcript["code"]) ?? "" };
}

function roleOf(role: unknown): Entry["role"] {
  switch (role) {
    case "user": return "user";
    case "assistant": return "assistant";
    case "toolResult": return "tool";
    default: return "note";
  }
}
