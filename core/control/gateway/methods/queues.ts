/** Queues and dead letters, for operators. */
import type { DeadLetters } from "../../../execution/intents.ts";
import type { MethodHandlers } from "../method.ts";

export interface QueueMethodDeps {
  readonly list: () => Promise<unknown>;
  readonly deadLetters: () => Promise<DeadLetters>;
}

type ById = { readonly id: string; readonly queue?: string };

export function queueMethods({ list, deadLetters }: QueueMethodDeps): MethodHandlers {
  return {
    "queue.list": () => list(),
    "queue.dead.list": async (params) => await (await deadLetters()).list(params as { queue?: string; after?: number; limit?: number }),
    "queue.dead.show": async (params) => await (await deadLetters()).show((params as ById).id, (params as ById).queue),
    "queue.dead.retry": async (params) => {
      const { id, queue } = params as ById;
      return { ok: true, ...(await (await deadLetters()).retry(id, queue)) };
    },
    "queue.dead.discard": async (params) => {
      const { id, queue } = params as ById;
      return { ok: true, ...(await (await deadLetters()).discard(id, queue)) };
    },
  };
}
