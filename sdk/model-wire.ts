/**
 * What providers share that speak with a server over HTTP: one call with its attempts, read a chunk at a time within bounds, server-sent
 * events, and failures told apart. The only part of the SDK that runs; a drop-in may import it.
 */
export { messageOf, ModelFailure } from "./model-wire/model-failure.ts";
export { EventParser } from "./model-wire/parse-events.ts";
export type { AnswerParser } from "./model-wire/run-attempt.ts";
export { streamAnswer, type AnswerCall } from "./model-wire/stream-answer.ts";
