/** What the gateway says of a message, parsed. */
import { at, listAt, messageText, numberAt, textAt, type Payload } from "../commands/payload.ts";

export interface ChatCall { readonly id: string; readonly name: string; readonly args: unknown }

export interface ChatEntry {
  readonly id: string;
  readonly seq: number;
  readonly role: "person" | "assistant" | "tool" | "note";
  readonly text: string;
  readonly calls: readonly ChatCall[];
  /** Of a person's message: the key it was sent under. */
  readonly key: string | undefined;
  readonly runId: string | undefined;
  /** Of a tool's result. */
  readonly callId: string | undefined;
  readonly isError: boolean;
  readonly details: unknown;
}

const ROLES: Readonly<Record<string, ChatEntry["role"]>> = { user: "person", assistant: "assistant", toolResult: "tool" };

/** Undefined for what has no id and no place: it cannot be shown once and only once. */
export function parseChatEntry(message: unknown): ChatEntry | undefined {
  const id = textAt(message, "__openclaw", "id");
  const seq = numberAt(message, "__openclaw", "seq");
  if (id === undefined || seq === undefined) return undefined;
  return {
    id, seq, role: ROLES[textAt(message, "role") ?? ""] ?? "note", text: messageText(message),
    calls: listAt(message, "content").filter((part) => part["type"] === "toolCall").map((part: Payload) => ({
      id: textAt(part, "id") ?? "", name: textAt(part, "name") ?? "", args: at(part, "arguments"),
    })),
    key: textAt(message, "idempotencyKey")?.replace(/:user$/, ""), runId: textAt(message, "__openclaw", "runId"),
    callId: textAt(message, "toolCallId"), isError: at(message, "isError") === true, details: at(message, "details"),
  };
}
