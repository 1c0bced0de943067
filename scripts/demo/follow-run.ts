/**
 * One run of an agent, told as it happens: its words, each tool call, the call's output, the question to a person.
 *
 * Output is placed by its byte offset, so what a restarted gateway sends again is shown once. What was shown is kept, for
 * the demo compares it with what the journal says in the end.
 */
import { formatDuration } from "../paint.mjs";
import type { Narrator } from "./narrator.ts";

interface Payload { readonly [name: string]: unknown }
interface ToolResult { readonly content: readonly { readonly text: string }[]; readonly details: Payload }

export interface Question { readonly approvalId: string; readonly reason: string; readonly command: string }

export interface FollowOptions {
  readonly runId: string;
  readonly narrator: Narrator;
  readonly onQuestion?: (question: Question) => void;
}

export interface FollowedRun {
  /** One payload of the wire's `agent` event, of whatever run. */
  see(payload: unknown): void;
  /** The output shown so far, all calls together. */
  shown(): string;
  /** Pieces of output that arrived. */
  pieces(): number;
  /** The node that carried out the newest call. */
  nodeId(): string | undefined;
}

export function followRun({ runId, narrator, onQuestion }: FollowOptions): FollowedRun {
  const calls = new Map<string, { readonly name: string; shownTo: number }>();
  const { paint } = narrator;
  let shown = "";
  let pieces = 0;
  let nodeId: string | undefined;

  const begin = (data: Payload): void => {
    const id = String(data["toolCallId"]);
    if (calls.has(id)) return; // the restarted gateway goes on with a call that was begun
    const name = String(data["name"]);
    calls.set(id, { name, shownTo: 0 });
    const args = (data["args"] ?? {}) as Payload;
    const place = args["tag"] ?? args["node"];
    const argv = Array.isArray(args["argv"]) ? args["argv"].join(" ") : args["command"];
    const where = place === undefined ? "" : ` on ${String(place)}`;
    narrator.begins(`${name}${where}${argv === undefined ? "" : `  ${paint.dim(String(argv))}`}`);
  };
  const update = (data: Payload): void => {
    const call = calls.get(String(data["toolCallId"]));
    const partial = data["partialResult"] as ToolResult;
    const bytes = Buffer.from(partial.content.map((part) => part.text).join(""));
    if (call === undefined) return;
    const offset = Number(partial.details["offset"] ?? call.shownTo);
    if (offset > call.shownTo) narrator.remark(`${offset - call.shownTo} bytes came while nobody was connected`);
    const fresh = bytes.subarray(Math.max(0, call.shownTo - offset)).toString("utf8");
    call.shownTo = Math.max(call.shownTo, offset + bytes.length);
    pieces += 1;
    shown += fresh;
    narrator.output(fresh);
  };
  const end = (data: Payload): void => {
    const call = calls.get(String(data["toolCallId"]));
    const result = data["result"] as ToolResult;
    // What streamed nothing says all it has at its end.
    if (call?.shownTo === 0) narrator.output(`${result.content.map((part) => part.text).join("\n").trimEnd()}\n`);
    const { durationMs, exitCode } = result.details;
    nodeId = typeof result.details["nodeId"] === "string" ? result.details["nodeId"] : nodeId;
    const name = call?.name ?? String(data["name"]);
    const notes = [
      ...(typeof durationMs === "number" ? [formatDuration(durationMs)] : []),
      ...(typeof exitCode === "number" ? [`exit ${exitCode}`] : []),
    ];
    if (data["isError"] === true) narrator.failed(`${name}  ${paint.dim(notes.join("  "))}`);
    else narrator.done(`${name}  ${paint.dim(notes.join("  "))}`);
  };

  return {
    see: (payload) => {
      const { runId: of, stream, data } = payload as { readonly runId?: string; readonly stream?: string; readonly data?: Payload };
      if (of !== runId || data === undefined) return;
      if (stream === "assistant") narrator.words(String(data["delta"] ?? ""));
      if (stream === "tool" && data["phase"] === "start") begin(data);
      if (stream === "tool" && data["phase"] === "update") update(data);
      if (stream === "tool" && data["phase"] === "result") end(data);
      if (stream === "approval" && data["phase"] === "pending") {
        onQuestion?.({ approvalId: String(data["approvalId"]), reason: String(data["reason"]), command: String(data["title"]) });
      }
    },
    shown: () => shown,
    pieces: () => pieces,
    nodeId: () => nodeId,
  };
}
