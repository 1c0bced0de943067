/** What was recorded of one run, step by step: what went in, what came out, what it took, and what the gate said. */
import { OpenClawError } from "@openclaw/protocol";
import type { GateRecord, StepEnded, StepStarted } from "../../../fabric/journal.ts";
import type { Sessions } from "../../sessions.ts";

export interface StepsWish {
  readonly runId: string;
  /** A message of the run, from which it is looked for; without one, from the newest back. */
  readonly entryId?: string;
}

const STEPS_LIMITS = {
  /** Steps of one answer; a turn has no more. */
  steps: 500,
  /** Of a text that went in or came out. */
  chars: 50_000,
  /** Entries that are read at once, and looked at before a run counts as unknown. */
  page: 128, entries: 20_000,
  /** Messages looked through for one of the run. */
  messagesPage: 500, messages: 20_000,
} as const;

interface Recorded { readonly type: string; readonly timeMs: number; readonly body: Readonly<Record<string, unknown>> }

type Step = Readonly<Record<string, unknown>> & { readonly stepId: string };

/** Throws NOT_FOUND for a run that this window of the session does not know. */
export async function readSteps(
  sessions: Pick<Sessions, "history" | "dump">, key: string, { runId, entryId }: StepsWish, signal: AbortSignal,
): Promise<object> {
  const steps = new Map<string, Step>();
  let run: Readonly<Record<string, unknown>> | undefined;
  for await (const { type, timeMs, body } of entriesFrom(sessions, key, await placeOf(sessions, key, runId, entryId), signal)) {
    if (type === "turn.started") {
      if (run !== undefined) break;
      if (body["runId"] === runId) run = { runId, startedAtMs: timeMs, model: body["model"], revision: body["revision"] };
    }
    if (run === undefined) continue;
    if (type === "step.started") steps.set(String(body["stepId"]), begun(body as unknown as StepStarted, timeMs));
    else if (type === "step.ended") {
      const stepId = String(body["stepId"]);
      steps.set(stepId, { ...(steps.get(stepId) ?? { startedAtMs: timeMs }), ...ended(body as unknown as StepEnded), stepId,
        endedAtMs: timeMs });
    } else if (type === "turn.ended" && body["runId"] === runId) {
      const { status, code, why } = body;
      run = { ...run, endedAtMs: timeMs, status, ...(code === undefined ? {} : { code }), ...(why === undefined ? {} : { why }) };
      break;
    }
    if (steps.size >= STEPS_LIMITS.steps) break;
  }
  if (run === undefined) throw new OpenClawError("NOT_FOUND", { why: "Nothing is recorded of this run.",
    next: "Name a run of this session." });
  return { key, ...run, steps: [...steps.values()] };
}

/** Before the first entry of the run: a message of it is never far behind the turn's beginning. */
async function placeOf(sessions: Pick<Sessions, "history">, key: string, runId: string, entryId: string | undefined): Promise<number> {
  const named = /^(\d{1,15})-\d{1,15}$/.exec(entryId ?? "")?.[1];
  if (named !== undefined) return Math.max(0, Number(named) - STEPS_LIMITS.page);
  for (let offset = 0; offset < STEPS_LIMITS.messages; offset += STEPS_LIMITS.messagesPage) {
    const { messages, hasMore } = await sessions.history(key, STEPS_LIMITS.messagesPage, offset);
    const first = messages.find(({ __openclaw }) => __openclaw.runId === runId);
    if (first !== undefined) return Math.max(0, Number(first.__openclaw.id.split("-", 1)[0]) - STEPS_LIMITS.page);
    if (!hasMore) break;
  }
  return 0;
}

async function* entriesFrom(sessions: Pick<Sessions, "dump">, key: string, after: number, signal: AbortSignal): AsyncGenerator<Recorded> {
  for (let from = after, looked = 0; looked < STEPS_LIMITS.entries;) {
    signal.throwIfAborted();
    const page = await sessions.dump(key, from, STEPS_LIMITS.page);
    for (const { kind, header, body } of page) {
      if (kind === "event" && header !== undefined) yield { type: header.type, timeMs: header.timeMs,
        body: (body ?? {}) as Recorded["body"] };
    }
    const last = page.at(-1);
    if (last === undefined) return;
    from = last.position;
    looked += page.length;
  }
}

function begun(body: StepStarted, startedAtMs: number): Step {
  const { stepId, kind } = body;
  if (kind === "model") {
    const { model, prompt, contextTokens } = body;
    return { stepId, kind, name: model, startedAtMs, ...(prompt === undefined ? {} : { prompt }), ...(contextTokens === undefined
      ? {} : { contextTokens }) };
  }
  const { call, intent, nodeId, decision } = body;
  return {
    stepId, kind, name: call.name, startedAtMs, callId: call.id, input: clip(call.arguments), summary: intent.summary,
      effect: intent.effect,
    ...(nodeId === null ? {} : { nodeId }), decision: shown(decision), ...(kind === "wait" ? { expiresAtMs: body.expiresAtMs } : {}),
  };
}

function ended(body: StepEnded): Readonly<Record<string, unknown>> {
  if (body.kind === "wait") return { kind: "wait", answered: body.decision, by: body.by };
  if (body.kind === "tool") {
    const { call, text, isError, code, label, nodeId, durationMs, exitCode, decision } = body;
    return {
      kind: "tool", name: call.name, callId: call.id, input: clip(call.arguments), output: clip(text), isError, label,
      ...defined({ code, nodeId, durationMs, exitCode: exitCode ?? undefined }), ...(decision === undefined
        ? {} : { decision: shown(decision) }),
    };
  }
  const asked = defined({ name: body.model, costMicros: body.costMicros, attempts: body.attempts });
  if ("failed" in body) return { kind: "model", isError: true, code: body.failed.code, output: body.failed.why, ...asked };
  const { text, calls, usage, finish } = body;
  const called = calls.map(({ name, arguments: args }) => `${name} ${args}`).join("\n");
  return { kind: "model", output: clip([text, called].filter((part) => part !== "").join("\n\n")), usage, finish, ...asked };
}

function shown({ answer, rule, reason, label }: GateRecord): object {
  return { answer, rule, reason, label };
}

function clip(text: string): string {
  return text.length <= STEPS_LIMITS.chars ? text : `${text.slice(0, STEPS_LIMITS.chars).toWellFormed()}…`;
}

function defined(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
