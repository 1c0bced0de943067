/**
 * One entry of the other program's transcript as what it is here. Pure.
 *
 * Whose words they are is decided by what is certain: a person's own message in a direct chat is the owner's; everything else,
 * the other program's models and tools included, came from outside, whatever it says of itself.
 */
import type { Label } from "@openclaw/protocol";
import type { TranscriptMessage } from "../../fabric/journal.ts";
import { isObject } from "./read-foreign-config.ts";

export type Piece =
  | {
      readonly kind: "message"; readonly id: string; readonly timeMs: number; readonly runId: string; readonly label: Label;
      readonly content: TranscriptMessage["content"];
      /** What could not come along: pictures, thoughts, the end of a text that is too long. */
      readonly lost: readonly string[];
    }
  | {
      readonly kind: "summary"; readonly id: string; readonly text: string; readonly firstKept: string | undefined;
      readonly tokens: number;
    }
  | { readonly kind: "reset" }
  | { readonly kind: "nothing"; readonly what: string }
  | { readonly kind: "broken"; readonly why: string };

export interface ConvertFacts {
  /** Of messages that name none. */
  readonly runId: string;
  /** Whether a person's message here is the owner's where the entry itself does not say. */
  readonly isOwners: boolean;
}

export const CONVERT_LIMITS = { textChars: 200_000, calls: 64, argumentChars: 2_048, contentBytes: 800_000 } as const;

type Fields = Readonly<Record<string, unknown>>;

export function convertEntry(entry: unknown, facts: ConvertFacts): Piece {
  const piece = convertWhole(entry, facts);
  if (piece.kind === "summary") return { ...piece, text: cutText(piece.text) };
  if (piece.kind !== "message" || Buffer.byteLength(JSON.stringify(piece.content)) <= CONVERT_LIMITS.contentBytes) return piece;
  // What one entry of the log may hold is bounded, and a text full of escapes takes several times its length.
  const { content } = piece;
  const text = cutText(content.text, CONVERT_LIMITS.textChars / 8);
  const calls = content.role === "assistant"
    ? { calls: content.calls.map((call) => ({ ...call, arguments: cutArguments(call.arguments) })) } : {};
  return { ...piece, content: { ...content, text, ...calls } as typeof content, lost: [...piece.lost, "end of what is too long"] };
}

function convertWhole(entry: unknown, facts: ConvertFacts): Piece {
  if (!isObject(entry) || typeof entry["type"] !== "string") return { kind: "broken", why: "not an entry" };
  const id = textOf(entry["id"]);
  switch (entry["type"]) {
    case "message": return isObject(entry["message"])
      ? convertMessage(entry, entry["message"], facts) : { kind: "broken", why: "a message without one" };
    case "custom_message": return noteOf(entry, textIn(entry["content"]).text, facts);
    case "branch_summary": return noteOf(entry, textOf(entry["summary"]), facts);
    case "compaction": return {
      kind: "summary", id, text: textOf(entry["summary"]), firstKept: textOf(entry["firstKeptEntryId"]) || undefined,
        tokens: countOf(entry["tokensBefore"]),
    };
    case "reset": return { kind: "reset" };
    case "session": return { kind: "nothing", what: "beginning" };
    default: return { kind: "nothing", what: entry["type"].slice(0, 64) };
  }
}

function convertMessage(entry: Fields, message: Fields, facts: ConvertFacts): Piece {
  const { text, calls, lost } = textIn(message["content"]);
  const cut = cutText(text);
  const marks = isObject(message["__openclaw"]) ? message["__openclaw"] : {};
  const base = {
    kind: "message", id: textOf(entry["id"]), timeMs: timeOf(message, entry), runId: runOf(message, marks) ?? facts.runId,
    lost: cut === text ? lost : [...lost, "end of a long text"],
  } as const;
  switch (message["role"]) {
    case "user": {
      const owners = typeof marks["senderIsOwner"] === "boolean" ? marks["senderIsOwner"] && facts.isOwners : facts.isOwners;
      return { ...base, label: owners ? "owner" : "outside", content: { role: "user", text: cut } };
    }
    case "assistant": {
      const usage = isObject(message["usage"]) ? message["usage"] : {};
      const model = [message["provider"], message["model"]].filter((part) => typeof part === "string" && part !== "").join("/");
      return {
        ...base, label: "outside", content: {
          role: "assistant", text: cut, calls: calls.slice(0, CONVERT_LIMITS.calls), model, finish: textOf(message["stopReason"]) || "stop",
          usage: { inputTokens: countOf(usage["input"]), outputTokens: countOf(usage["output"]) },
        },
      };
    }
    case "toolResult": case "tool": {
      const callId = textOf(message["toolCallId"]);
      return {
        ...base, label: "outside",
        content: { role: "tool", callId, name: textOf(message["toolName"]) || "tool", text: cut, isError: message["isError"] === true },
      };
    }
    case "system": case "custom": case "bashExecution": return noteOf(entry, text, facts);
    default: return { kind: "broken", why: "a message of nobody" };
  }
}

/** What a plug-in put before the model's eyes. */
function noteOf(entry: Fields, text: string, facts: ConvertFacts): Piece {
  if (text === "") return { kind: "nothing", what: "empty note" };
  return {
    kind: "message", id: textOf(entry["id"]), timeMs: timeOf({}, entry), runId: facts.runId, label: "outside",
    content: { role: "user", text: cutText(text) }, lost: [],
  };
}

interface Said {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly lost: readonly string[];
}

function textIn(content: unknown): Said {
  if (typeof content === "string") return { text: content, calls: [], lost: [] };
  const texts: string[] = [];
  const calls: { id: string; name: string; arguments: string }[] = [];
  const lost: string[] = [];
  for (const block of Array.isArray(content) ? content.filter(isObject) : []) {
    switch (block["type"]) {
      case "text": texts.push(textOf(block["text"])); break;
      case "toolCall": case "tool_use": {
        const said = block["arguments"] ?? block["input"] ?? {};
        calls.push({ id: textOf(block["id"]), name: textOf(block["name"]), arguments: typeof said === "string"
          ? said : JSON.stringify(said) });
        break;
      }
      case "thinking": case "redacted_thinking": lost.push("thoughts"); break;
      default:
        lost.push(textOf(block["type"]).slice(0, 32) || "something unknown");
        texts.push(`[${textOf(block["type"]).slice(0, 32) || "something"} stayed behind]`);
    }
  }
  return { text: texts.join("\n"), calls, lost };
}

function cutText(text: string, most: number = CONVERT_LIMITS.textChars): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}\n[… ${text.length} characters]`;
}

function cutArguments(text: string): string {
  return text.length <= CONVERT_LIMITS.argumentChars ? text : JSON.stringify({ stayedBehind: `${text.length} characters` });
}

function runOf({ idempotencyKey }: Fields, { runId }: Fields): string | undefined {
  if (typeof runId === "string" && runId !== "") return runId.slice(0, 256);
  return typeof idempotencyKey === "string" ? idempotencyKey.replace(/:user$/, "").slice(0, 256) : undefined;
}

function timeOf({ timestamp }: Fields, entry: Fields): number {
  for (const said of [timestamp, entry["timestamp"]]) {
    const timeMs = typeof said === "number" ? said : typeof said === "string" ? Date.parse(said) : NaN;
    if (Number.isFinite(timeMs) && timeMs >= 0) return Math.trunc(timeMs);
  }
  return 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}
