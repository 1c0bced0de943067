/** A session at work, or one whose last turn ended badly, as the gateway tells it. */
import { plainLine } from "../kit/plain-line.ts";
import { fieldsOf, lineOf, numberOf, textOf, type Fields } from "./fields.ts";

export interface RunRow {
  readonly key: string;
  readonly agentId: string;
  /** As a person called it; undefined where nobody did. */
  readonly title?: string | undefined;
  readonly status: "queued" | "running" | "done" | "failed" | "killed" | "timeout" | "none";
  readonly model: string;
  readonly startedAtMs?: number | undefined;
  readonly endedAtMs?: number | undefined;
  readonly updatedAtMs: number;
  readonly isBackground: boolean;
  /** Turns that wait or run. */
  readonly turns: number;
  readonly code?: string | undefined;
  readonly why?: string | undefined;
}

/** What a run does this moment. */
export interface Doing {
  readonly callId: string;
  readonly name: string;
  readonly args: Fields;
  readonly nodeId?: string | undefined;
  readonly sinceMs: number;
}

const STATUSES = ["queued", "running", "done", "failed", "killed", "timeout"] as const;

/** Undefined for what has no key. */
export function parseRun(value: unknown): RunRow | undefined {
  const row = fieldsOf(value);
  const key = textOf(row["key"]);
  if (key === undefined) return undefined;
  const agentId = textOf(row["agentId"]) ?? "main";
  const ids = row["activeRunIds"];
  return {
    key, agentId, title: lineOf(row["displayName"]),
    status: STATUSES.find((each) => each === row["status"]) ?? "none",
    model: [textOf(row["modelProvider"]), textOf(row["model"])].filter((part) => part !== undefined).join("/"),
    startedAtMs: numberOf(row["startedAt"]), endedAtMs: numberOf(row["endedAt"]), updatedAtMs: numberOf(row["updatedAt"]) ?? 0,
    isBackground: row["isBackground"] === true, turns: Array.isArray(ids) ? ids.length : 0, code: textOf(row["errorCode"]),
    why: lineOf(row["error"]),
  };
}

/** Without the agent, which stands beside it. */
export function nameOfKey(key: string): string {
  return plainLine(key).replace(/^agent:[^:]+:/, "");
}

/** What follows from an event of stream `tool`; null: it thinks. Undefined where the event says nothing new. */
export function doingAfter(before: Doing | undefined, data: Fields, atMs: number): Doing | null | undefined {
  const callId = textOf(data["toolCallId"]);
  if (callId === undefined) return undefined;
  const name = lineOf(data["name"]) ?? "";
  switch (data["phase"]) {
    case "start": return { callId, name, args: fieldsOf(data["args"]), sinceMs: atMs };
    case "update": {
      const nodeId = textOf(fieldsOf(fieldsOf(data["partialResult"])["details"])["nodeId"]);
      if (before?.callId === callId) return nodeId === undefined || before.nodeId === nodeId ? undefined : { ...before, nodeId };
      return before === undefined ? { callId, name, args: {}, nodeId, sinceMs: atMs } : undefined;
    }
    case "result": return before === undefined || before.callId === callId ? null : undefined;
    default: return undefined;
  }
}
