/** Queues and dead letters, for operators. */
import type { DeadLetters } from "../../../execution/intents.ts";
import type { MethodHandlers } from "../method.ts";

export interface QueueMethodDeps {
  readonly list: () => Promise<unknown>;
  readonly deadLetters: DeadLetters;
}

type ById = { readonly id: string; readonly queue?: string };

export function queueMethods({ list, deadLetters }: QueueMethodDeps): MethodHandlers {
  return {
    "queue.list": () => list(),
    "queue.dead.list": (params) => deadLetters.list(params as { queue?: string; after?: number; limit?: number }),
    "queue.dead.show": (params) => deadLetters.show((params as ById).id, (params as ById).queue),
    "queue.dead.retry": async (params) => ({ ok: true, ...(await deadLetters.retry((params as ById).id, (params as ById).queue)) }),
    "queue.dead.discard": async (params) => ({ ok: true, ...(await deadLetters.discard((params as ById).id, (params as ById).queue)) }),
  };
}
