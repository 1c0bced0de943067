/** What the gateway recorded of a run, parsed: nothing beyond this file trusts its shape. */
import { fields, number, text, type Fields } from "../transcript.ts";

export interface Step {
  readonly id: string;
  readonly kind: "model" | "tool" | "wait";
  readonly name: string;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  readonly input: string;
  readonly output: string;
  readonly isFailed: boolean;
  readonly code: string | undefined;
  readonly tokens: { readonly input: number; readonly output: number } | undefined;
  readonly costMicros: number | undefined;
  readonly facts: Fields;
  readonly decision: { readonly answer: string; readonly rule: string; readonly reason: string; readonly label: string } | undefined;
}

export interface RecordedRun {
  readonly runId: string;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  readonly status: string | undefined;
  readonly why: string | undefined;
  readonly code: string | undefined;
  readonly steps: readonly Step[];
}

export function parseRun(answer: unknown): RecordedRun | undefined {
  const run = fields(answer);
  const runId = text(run["runId"]);
  const startedMs = number(run["startedAtMs"]);
  if (runId === undefined || startedMs === undefined) return undefined;
  const steps = Array.isArray(run["steps"]) ? run["steps"] : [];
  return {
    runId, startedMs, endedMs: number(run["endedAtMs"]), status: text(run["status"]), why: text(run["why"]), code: text(run["code"]),
    steps: steps.flatMap((one: unknown) => parseStep(one) ?? []),
  };
}

function parseStep(value: unknown): Step | undefined {
  const step = fields(value);
  const id = text(step["stepId"]);
  const kind = step["kind"];
  const startedMs = number(step["startedAtMs"]);
  if (id === undefined || startedMs === undefined || (kind !== "model" && kind !== "tool" && kind !== "wait")) return undefined;
  const decision = fields(step["decision"]);
  const usage = fields(step["usage"]);
  return {
    id, kind, startedMs, endedMs: number(step["endedAtMs"]), name: text(step["name"]) ?? kind,
    input: text(step["input"]) ?? "", output: text(step["output"]) ?? "", isFailed: step["isError"] === true, code: text(step["code"]),
    tokens: step["usage"] === undefined ? undefined : { input: number(usage["inputTokens"]) ?? 0,
      output: number(usage["outputTokens"]) ?? 0 },
    costMicros: number(step["costMicros"]), facts: step,
    decision: step["decision"] === undefined ? undefined : {
      answer: text(decision["answer"]) ?? "", rule: text(decision["rule"]) ?? "", reason: text(decision["reason"]) ?? "",
      label: text(decision["label"]) ?? "",
    },
  };
}

/** Where a step stands in its run, in thousandths of its time. */
export function placeOf({ startedMs, endedMs }: Step, run: RecordedRun, nowMs: number): { readonly from: number; readonly width: number } {
  const end = run.endedMs ?? Math.max(nowMs, run.startedMs + 1);
  const all = Math.max(1, end - run.startedMs);
  const from = Math.min(1_000, Math.max(0, ((startedMs - run.startedMs) / all) * 1_000));
  return { from, width: Math.max(4, Math.min(1_000 - from, (((endedMs ?? end) - startedMs) / all) * 1_000)) };
}
