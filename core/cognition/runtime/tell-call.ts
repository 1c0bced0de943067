import type { Closer, Intent, ToolCall } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Live } from "./emit-live.ts";

/** What is told of a command's output besides the tool's own updates. */
export const OUTPUT_TOLD = {
  /** Between two pieces of news of one command. */
  everyMs: 200,
  /** While it runs: the end of what it has written so far. */
  runningChars: 8_192,
  /** When it has ended: the end of its result. */
  endChars: 16_384,
  titleChars: 200,
} as const;

/** One piece of what whoever carries a call out has said. */
export interface CallNews {
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface CallEnd {
  readonly isError: boolean;
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * The calls of a turn as those who watch it see them: `item` for what a page draws, `tool` for what goes on in it, and
 * `command_output` for programs, in this order:
 *
 *     item start
 *     tool start
 *       tool update, command_output delta …
 *       command_output end
 *     tool result
 *     item end
 *
 * Each news of an output holds the end of all there is so far, so that one that was missed is made up for by the next.
 */
export interface TellCalls {
  /** Once for each call, however often it is begun: a call that waited for a person is begun again when the answer is there. */
  start(call: ToolCall, intent: Intent | undefined, more?: Readonly<Record<string, unknown>>): void;
  news(call: ToolCall, news: CallNews): void;
  end(call: ToolCall, end: CallEnd): void;
  /** What has no end will have none: the turn is over. */
  settle(): void;
  /** Nothing more is told. */
  close(): void;
}

interface OpenCall {
  readonly face: CallFace;
  readonly startedAtMs: number;
  readonly cwd: string | undefined;
  /** The end of what it has written. */
  output: string;
  toldAtMs: number;
  timer: Closer | undefined;
}

interface CallFace {
  readonly itemId: string;
  readonly kind: "tool" | "command";
  readonly title: string;
  readonly name: string;
  readonly toolCallId: string;
  /** What it does, in one line. */
  readonly meta?: string;
}

export function createTellCalls(live: Pick<Live, "emit">, clock: Clock): TellCalls {
  const calls = new Map<string, OpenCall>();

  const item = ({ face, startedAtMs }: OpenCall, phase: string, status: string, more: Readonly<Record<string, unknown>> = {}): void =>
    live.emit("item", { ...face, phase, status, startedAt: startedAtMs, ...more });

  const tellOutput = ({ face, cwd }: OpenCall, more: Readonly<Record<string, unknown>>): void => {
    const { itemId, title, name, toolCallId } = face;
    live.emit("command_output", { itemId, title, name, toolCallId, ...more, ...(cwd === undefined ? {} : { cwd }) });
  };

  const tellNow = (open: OpenCall): void => {
    open.timer = undefined;
    open.toldAtMs = clock.monotonic();
    tellOutput(open, { phase: "delta", output: open.output, status: "running" });
  };

  const forget = (call: ToolCall): OpenCall | undefined => {
    const open = calls.get(call.id);
    open?.timer?.close();
    calls.delete(call.id);
    return open;
  };

  return {
    start: (call, intent, more = {}) => {
      if (calls.has(call.id)) return;
      const open = openCall(call, intent, clock.now());
      calls.set(call.id, open);
      item(open, "start", "running");
      live.emit("tool", { phase: "start", name: call.name, toolCallId: call.id, args: argumentsOf(call), ...more });
    },
    news: (call, { text, details }) => {
      const partialResult = { content: [{ type: "text", text }], details };
      live.emit("tool", { phase: "update", name: call.name, toolCallId: call.id, partialResult });
      const open = calls.get(call.id);
      if (open === undefined || open.face.kind !== "command") return;
      open.output = endOf(text.length < OUTPUT_TOLD.runningChars ? open.output + text : text, OUTPUT_TOLD.runningChars);
      if (open.timer !== undefined) return;
      const waitMs = open.toldAtMs + OUTPUT_TOLD.everyMs - clock.monotonic();
      if (waitMs <= 0) tellNow(open);
      else open.timer = clock.after(waitMs, () => tellNow(open));
    },
    end: (call, { isError, text, details }) => {
      const open = forget(call);
      const status = isError ? "failed" : "completed";
      if (open?.face.kind === "command") {
        const { exitCode, durationMs } = details;
        tellOutput(open, {
          phase: "end", output: endOf(text, OUTPUT_TOLD.endChars), status,
          ...(exitCode === undefined ? {} : { exitCode }), ...(durationMs === undefined ? {} : { durationMs }),
        });
      }
      const result = { content: [{ type: "text", text }], details };
      live.emit("tool", { phase: "result", name: call.name, toolCallId: call.id, isError, result });
      if (open !== undefined) item(open, "end", status, { endedAt: clock.now() });
    },
    settle: () => {
      for (const open of calls.values()) {
        open.timer?.close();
        item(open, "end", "failed", { endedAt: clock.now() });
      }
      calls.clear();
    },
    close: () => {
      for (const { timer } of calls.values()) timer?.close();
      calls.clear();
    },
  };
}

function openCall(call: ToolCall, intent: Intent | undefined, startedAtMs: number): OpenCall {
  const runs = intent?.actuator === "node" && intent.command === "system.run";
  const kind = runs ? "command" : "tool";
  const meta = intent === undefined ? undefined : oneLine(intent.summary);
  const cwd = runs ? intent.params["cwd"] : undefined;
  return {
    face: {
      itemId: `${kind}:${call.id}`, kind, title: meta === undefined ? call.name : oneLine(`${call.name}: ${meta}`), name: call.name,
      toolCallId: call.id, ...(meta === undefined ? {} : { meta }),
    },
    startedAtMs, cwd: typeof cwd === "string" ? cwd : undefined, output: "", toldAtMs: Number.NEGATIVE_INFINITY, timer: undefined,
  };
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= OUTPUT_TOLD.titleChars ? line : `${line.slice(0, OUTPUT_TOLD.titleChars - 1)}…`;
}

function endOf(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : text.slice(-charsMax);
}

function argumentsOf(call: ToolCall): unknown {
  try {
    return call.arguments.length > 65_536 ? { bytes: call.arguments.length } : JSON.parse(call.arguments);
  } catch {
    return {};
  }
}
