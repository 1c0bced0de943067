/** What the end of a step does to its turn, and what it means that a turn was taken up by another owner. Part of the fold: pure. */
import type { ToolCall } from "@openclaw/sdk";
import type { Recorded, StepEnded, StepStarted } from "./event.ts";
import type { OutputKept, OutputNamed } from "./output-kept.ts";
import { foldAsked, foldJobStarted, isHandedOver } from "./fold-stop.ts";
import { pushMessage } from "./push-message.ts";
import { STATE_LIMITS, type Act, type SessionState, type TurnState } from "./session-state.ts";

/** Another owner goes on with the turn. */
export function foldResumed(turn: TurnState, cut: boolean): void {
  turn.resumes += 1;
  if (cut && turn.open?.kind !== "wait") turn.cuts += 1; // a wait for a person kills nobody
}

export function foldStepEnded(state: SessionState, turn: TurnState | null, body: StepEnded, { position, header }: Recorded): void {
  if (turn === null) return;
  const started: StepStarted | null = turn.open;
  turn.open = null;
  turn.cuts = 0;
  turn.answer = null;
  if (body.kind === "model") {
    const { attempts = [], costMicros } = body;
    turn.tokens += attempts.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
    if (costMicros !== undefined) {
      turn.costMicros += costMicros;
      state.usage.costMicros = (state.usage.costMicros ?? 0) + costMicros;
    }
    if ("failed" in body) {
      turn.failed = body.failed;
      return;
    }
    turn.text = body.text;
    turn.calls = [...body.calls];
    turn.answered = body.calls.length === 0;
    state.usage.inputTokens += body.usage.inputTokens;
    state.usage.outputTokens += body.usage.outputTokens;
    pushMessage(state, position, header.timeMs, turn.runId, "agent", {
      role: "assistant", text: body.text, calls: body.calls.length === 0 ? NO_CALLS : body.calls,
      model: body.model === turn.model ? turn.model : (body.model ?? turn.model), finish: body.finish, // one text for hundreds of messages
      usage: { inputTokens: body.usage.inputTokens, outputTokens: body.usage.outputTokens },
    });
  } else if (body.kind === "tool") {
    turn.calls = turn.calls.filter((call) => call.id !== body.call.id);
    turn.granted = null;
    turn.toolSteps += 1;
    if (started?.kind === "tool") {
      const { summary, effect } = started.intent;
      const outcome = outcomeOf(body);
      const isJob = foldJobStarted(turn, started, outcome);
      const act = { summary, effect, outcome: isHandedOver(started, outcome) ? "handed-over" as const : outcome };
      if (!isJob) turn.acts = [...turn.acts, act].slice(-STATE_LIMITS.actsKept);
    }
    const { call, text, isError, nodeId, durationMs, exitCode, output, expects, files } = body;
    if (output !== undefined) {
      const { dropped, ...kept } = output;
      state.outputs = [...state.outputs.filter(({ blob }) => !dropped.includes(blob)), { ...kept, label: body.label }];
    }
    // It may have come already: the one who owes it waits for nobody.
    if (expects !== undefined) foldAsked(state, turn, expects);
    pushMessage(state, position, header.timeMs, turn.runId, body.label, {
      role: "tool", callId: call.id, name: call.name, text, isError, ...(nodeId === undefined ? {} : { nodeId }),
      ...(output === undefined ? {} : { output: nameOutput(output) }),
      ...(durationMs === undefined ? {} : { durationMs }), ...(typeof exitCode === "number" ? { exitCode } : {}),
      ...(files === undefined ? {} : { attachments: files }),
    });
  } else if (started?.kind === "wait") {
    turn.waitedMs += Math.max(0, header.timeMs - turn.openSinceMs);
    turn.granted = { callId: started.call.id, decision: body.decision, by: body.by, intent: started.intent, label: started.decision.label };
    if (body.decision === "allow-always") state.allowed.add(started.rememberHash);
  }
}

function nameOutput({ id, bytes, chars, written }: OutputKept): OutputNamed {
  return { id, bytes, chars, ...(written === undefined ? {} : { written }) };
}

const NO_CALLS: readonly ToolCall[] = [];

function outcomeOf({ code, stopped, isError, exitCode }: Extract<StepEnded, { kind: "tool" }>): Exclude<Act["outcome"], "handed-over"> {
  if (code === "OUTCOME_UNKNOWN") return "unknown";
  if (stopped === true && exitCode !== 0) return "stopped";
  return isError ? "failed" : "done";
}
