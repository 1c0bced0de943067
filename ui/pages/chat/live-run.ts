/** What a run does just now, made of its events one by one. Pure, but for the output of its calls, which grows in place. */
import { TerminalText } from "../../kit/terminal-text.ts";
import { words } from "../../words/en/chat.ts";
import { textOf, type Fields } from "./transcript.ts";

export interface LiveCall {
  readonly id: string;
  readonly name: string;
  readonly args: Fields;
  readonly startedMs: number;
  readonly state: "running" | "done" | "failed";
  readonly details: Fields;
  readonly nodeId?: string | undefined;
  /** Grows in place; `version` is another one after each piece. */
  readonly output: TerminalText;
  readonly version: number;
  /** Where each of its streams has come to, in bytes. */
  readonly places: Readonly<Record<string, number>>;
  /** Its beginning was not told to this page: what came before is taken from the next news. */
  readonly behind: boolean;
  /** Some of it is told to nobody while it runs, the last of it always: the result has its end. */
  readonly isCut: boolean;
  /** The last of it says that something is missing there. */
  readonly isMarked: boolean;
}

export interface LiveRun {
  readonly runId: string;
  readonly startedMs: number;
  /** What is being said and stands in no message yet. */
  readonly text: string;
  /** Of which text: a new one begins after each call. */
  readonly item: string;
  /** Pieces of it that came. */
  readonly pieces: number;
  readonly thought: string;
  readonly thinking: boolean;
  readonly calls: readonly LiveCall[];
  /** A gateway began it and another one goes on. */
  readonly resumed: boolean;
  /** What it waits for, where the model's side makes it wait. */
  readonly retry?: { readonly attempt: number; readonly most: number; readonly reason: string } | undefined;
}

export interface AgentData {
  readonly phase?: string; readonly text?: string; readonly delta?: string; readonly itemId?: string; readonly replace?: true;
  readonly toolCallId?: string;
  readonly name?: string; readonly args?: Fields; readonly isError?: boolean; readonly output?: string; readonly startedAt?: number;
  readonly partialResult?: { readonly content?: unknown; readonly details?: Fields };
  readonly result?: { readonly content?: unknown; readonly details?: Fields };
}

export interface AgentEvent {
  readonly runId: string; readonly sessionKey?: string; readonly stream: string; readonly ts?: number; readonly data: AgentData;
}

const THOUGHT_CHARS_MAX = 100_000;

export const emptyRun = (runId: string, startedMs: number): LiveRun =>
  ({ runId, startedMs, text: "", item: "", pieces: 0, thought: "", thinking: false, calls: [], resumed: false });

/** Undefined when the run is over. */
export function foldAgent(before: LiveRun | undefined, { runId, stream, ts = 0, data }: AgentEvent): LiveRun | undefined {
  const run = before?.runId === runId ? before : emptyRun(runId, data.startedAt ?? ts);
  switch (stream) {
    case "lifecycle":
      if (data.phase === "end" || data.phase === "error") return before?.runId === runId ? undefined : before;
      // What was shown of a text that no message holds is void: it is said anew.
      return data.phase === "resumed" ? { ...run, text: "", pieces: 0, resumed: true } : run;
    case "assistant": {
      const isNew = data.replace === true || (data.itemId !== undefined && data.itemId !== run.item);
      const text = (isNew ? "" : run.text) + (data.delta ?? "");
      return {
        ...run, text: data.delta === undefined ? data.text ?? text : text, item: data.itemId ?? run.item, pieces: (isNew ? 0
          : run.pieces) + 1,
        thinking: false, retry: undefined,
      };
    }
    case "thinking":
      return { ...run, thinking: true, thought: (run.thought + (data.delta ?? data.text ?? "")).slice(-THOUGHT_CHARS_MAX) };
    case "tool":
      return { ...run, thinking: false, calls: onTool(run.calls, data, ts) };
    case "command_output":
      return { ...run, calls: onOutput(run.calls, data) };
    default:
      return run;
  }
}

function onTool(calls: readonly LiveCall[], data: AgentData, ts: number): readonly LiveCall[] {
  const id = data.toolCallId ?? "";
  const known = calls.find((call) => call.id === id) ?? newCall(id, data, ts);
  const next = data.phase === "update" ? onNews(known, data) : data.phase === "result" ? onResult(known, data) : known;
  return calls.some((call) => call.id === id) ? calls.map((call) => (call.id === id ? next : call)) : [...calls, next];
}

function newCall(id: string, data: AgentData, ts: number): LiveCall {
  return {
    id, name: data.name ?? "", args: data.args ?? {}, startedMs: ts, state: "running", details: {}, output: new TerminalText(), version: 0,
    places: {}, behind: false, isCut: false, isMarked: false,
  };
}

const BYTES = new TextEncoder();

/** A piece that came before, as it may after a node or a gateway was away, is left out by its place in its stream. */
function onNews(call: LiveCall, data: AgentData): LiveCall {
  const piece = textOf(data.partialResult?.content);
  const { offset, stream, nodeId, marked, bytes: size } = data.partialResult?.details ?? {};
  const where = typeof nodeId === "string" ? { nodeId } : {};
  if (typeof offset !== "number" || typeof stream !== "string" || marked === true) {
    call.output.append(piece);
    return { ...call, ...where, isCut: call.isCut || marked === true, isMarked: marked === true, version: call.version + 1 };
  }
  const place = call.places[stream] ?? 0;
  const bytes = BYTES.encode(piece);
  const end = offset + (typeof size === "number" ? size : bytes.length);
  if (end <= place) return { ...call, ...where };
  const behind = call.behind || (offset > place && call.version === 0);
  // Its streams are counted together. What a slow way lost of much output is said where it lies.
  const missing = behind || call.isMarked ? 0 : offset - Math.max(0, ...Object.values(call.places));
  if (missing > 0) call.output.append(words.missing(missing));
  call.output.append(offset >= place ? piece : new TextDecoder().decode(bytes.subarray(place - offset)));
  return {
    ...call, ...where, behind, isCut: call.isCut || missing > 0, isMarked: false, places: { ...call.places, [stream]: end },
    version: call.version + 1,
  };
}

function onResult(call: LiveCall, data: AgentData): LiveCall {
  const text = textOf(data.result?.content);
  const details = data.result?.details ?? {};
  // The result may be shortened for the model's sake: what was shown while it ran is the whole.
  if (text !== "" && (call.output.count === 0 || call.behind)) {
    call.output.clear();
    call.output.append(text);
  } else if (call.isCut) call.output.append(endIn(text));
  else if (data.isError === true && details["exitCode"] === undefined) call.output.append(`\n${text}`);
  const nodeId = details["nodeId"];
  return {
    ...call, state: data.isError === true ? "failed" : "done", details, behind: false, version: call.version + 1,
    ...(typeof nodeId === "string" ? { nodeId } : {}),
  };
}

/** Of a result in whose middle something is left out, what stands behind that. */
function endIn(result: string): string {
  const at = result.lastIndexOf(END_OF_MARK);
  return at === -1 ? result : result.slice(at + END_OF_MARK.length);
}

const END_OF_MARK = " …]\n";

/** News of a command hold the end of all it has written: whoever came in the middle begins with that. */
function onOutput(calls: readonly LiveCall[], data: AgentData): readonly LiveCall[] {
  return calls.map((call) => {
    if (call.id !== data.toolCallId || !call.behind || data.phase !== "delta" || data.output === undefined) return call;
    call.output.clear();
    call.output.append(data.output);
    return { ...call, behind: false, version: call.version + 1 };
  });
}
