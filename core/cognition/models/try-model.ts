/**
 * Does this model answer, and can it call a tool? One real short conversation, as a turn would have it.
 *
 * Nothing is asked of a server but a chat: what a list of models or a health address says is no proof either way. A model that
 * answers without calling the tool it was asked to call works, and is told to be without tools.
 */
import { codeOf, type ErrorCode } from "@openclaw/protocol";
import type { ModelMessage, ToolCall, ToolFace, Usage } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { deadline } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Charge } from "../../fabric/ledger.ts";
import type { Models } from "./create-models.ts";

export const TRY_LIMITS = { timeoutMs: 90_000, textChars: 400, outputTokens: 1_024 } as const;

export interface Tried {
  readonly ok: boolean;
  readonly model: string;
  /** What a person reads wherever the model is named. */
  readonly label?: string;
  /** Whether it called the tool it was asked to call. */
  readonly tools?: boolean;
  /** The end of what it said. */
  readonly text?: string;
  /** Until it said or called the first thing. */
  readonly firstMs?: number;
  readonly tookMs: number;
  readonly contextTokens?: number;
  readonly usage?: Usage;
  /** Why it did not answer. */
  readonly error?: { readonly code: ErrorCode; readonly why: string };
}

export interface TryDeps {
  readonly models: Pick<Models, "resolveModel" | "streamModel">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly charge: Charge;
}

const FACE: ToolFace = {
  name: "check_tools", summary: "Takes a word and gives the word that belongs to it. For a test of whether tools can be called.",
  args: { type: "object", additionalProperties: false, required: ["word"], properties: { word: { type: "string", maxLength: 64 } } },
};

/** Never throws for what a model does; what keeps it from being asked at all is the result's `error` too. */
export async function tryModel(deps: TryDeps, ref: string, signal: AbortSignal): Promise<Tried> {
  const startedAt = deps.clock.monotonic();
  const took = (): number => Math.round(deps.clock.monotonic() - startedAt);
  const ends = deadline(deps.clock, TRY_LIMITS.timeoutMs, () => new Error("the model took too long"), signal);
  try {
    const { label, info } = await deps.models.resolveModel(ref);
    const known = { model: ref, label, contextTokens: info.contextTokens };
    const word = deps.ids.bytes(4).toString("hex");
    const asked: ModelMessage[] = [
      { role: "system", text: "You are being tested for a moment. Do what you are asked, in as few words as possible." },
      { role: "user", text: `Call the tool check_tools with the word "${word}". When you have its answer, say only the answer.` },
    ];
    const first = await ask(deps, ref, asked, startedAt, ends.signal);
    if (first.error !== undefined) return { ok: false, ...known, tookMs: took(), error: first.error };
    const call = first.calls.find(({ name }) => name === FACE.name);
    if (call === undefined) return { ok: true, ...known, tools: false, tookMs: took(), ...heard(first) };
    const answer = `fits-${word.slice(0, 4)}`;
    const second = await ask(deps, ref, [
      ...asked, { role: "assistant", text: first.text, calls: [call] },
      { role: "tool", callId: call.id, name: call.name, text: answer, isError: false },
    ], startedAt, ends.signal);
    if (second.error !== undefined) return { ok: false, ...known, tools: true, tookMs: took(), error: second.error };
    return { ok: true, ...known, tools: true, tookMs: took(), ...heard({ ...second, firstMs: first.firstMs, usage: sum(first, second) }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, model: ref, tookMs: took(), error: { code: codeOf(error) ?? "MODEL_UNAVAILABLE", why } };
  } finally {
    ends.close();
  }
}

interface Answer {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly firstMs?: number | undefined;
  readonly usage?: Usage | undefined;
  readonly error?: { readonly code: ErrorCode; readonly why: string };
}

async function ask(
  { models, clock, ids, charge }: TryDeps, ref: string, messages: readonly ModelMessage[], startedAt: number, signal: AbortSignal,
): Promise<Answer> {
  let text = "";
  let firstMs: number | undefined;
  const request = {
    messages, tools: [FACE], outputTokensMax: TRY_LIMITS.outputTokens, idempotencyKey: ids.uuid(), terms: { charge },
  };
  for await (const event of models.streamModel(ref, request, signal)) {
    if (event.type === "text") text += event.delta;
    if (event.type === "error") return { text, calls: [], error: { code: event.code, why: event.why } };
    if (event.type === "text" || event.type === "thinking" || event.type === "end") {
      firstMs ??= Math.round(clock.monotonic() - startedAt);
    }
    if (event.type === "end") return { text, calls: event.calls, firstMs, usage: event.usage };
  }
  return { text, calls: [], error: { code: "INTERNAL", why: "The stream ended without an end." } };
}

function heard({ text, firstMs, usage }: Answer): Pick<Tried, "text" | "firstMs" | "usage"> {
  return {
    text: text.trim().slice(-TRY_LIMITS.textChars),
    ...(firstMs === undefined ? {} : { firstMs }), ...(usage === undefined ? {} : { usage }),
  };
}

function sum({ usage: a }: Answer, { usage: b }: Answer): Usage | undefined {
  if (a === undefined || b === undefined) return b ?? a;
  return { inputTokens: a.inputTokens + b.inputTokens, outputTokens: a.outputTokens + b.outputTokens };
}
