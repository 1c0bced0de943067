/**
 * One turn: decide, act, append, fold.
 *
 * `decide` is pure and looks at nothing but the folded state, so whoever owns the session next goes on from the first
 * unfinished step. What is recorded is never decided again. A model call may begin while the record of its start is being
 * committed; an intent never does. Nothing a person sees as final leaves before it is durable.
 *
 *   turn.started                                      [input.joined]  before a model step, where a message steers
 *     ┌► step.started(model) ─► step.ended(model) ─┬─► turn.ended
 *     │                                            └─► for each call:
 *     │                                                  [step.started(wait) ─► step.ended(wait)]   where a person is asked
 *     │                                                  [step.started(tool)]  ─► step.ended(tool)  a refused call only ends
 *     └──────────────────────────────────────────────────┘
 */
import { late } from "../base/late.ts";

export type { RuntimeDeps, Transcriber, TurnAgent, TurnSession } from "./runtime/turn-work.ts";
export { opening } from "./runtime/opening.ts";
export { collectedWith, decide, PAST_DEADLINE, TURN_LIMITS, type Next } from "./runtime/decide.ts";
export { digestFaces, digestPrompt } from "./runtime/digest.ts";
export type { LiveEvent, LiveStream } from "./runtime/live-event.ts";
export { upToStep } from "./runtime/up-to-step.ts";
export type { AskedStep, Replayed, ReplayOptions } from "./runtime/replay-session.ts";
export type { OutputPage, OutputWish } from "./runtime/read-output.ts";
export type { ReplayDeps } from "./runtime/replay-event.ts";
export type { ReplayDifference, ReplayReport } from "./runtime/replay-report.ts";

/** As `run-turn.ts` says; with it come tools, policy and prompt. */
export const runTurn = late(() => import("./runtime/run-turn.ts"), "runTurn");
export const summariseSession = late(() => import("./runtime/summarise-session.ts"), "summariseSession");
export const readOutputPage = late(() => import("./runtime/read-output.ts"), "readOutputPage");
export const replaySession = late(() => import("./runtime/replay-session.ts"), "replaySession");
