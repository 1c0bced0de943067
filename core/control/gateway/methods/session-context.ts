/** What a model is shown of a session: pinned facts, and the older part condensed on demand. */
import type { Agents } from "../../agents.ts";
import { parseSessionKey, type Sessions } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";

export interface SessionContextDeps {
  readonly sessions: Pick<Sessions, "context">;
  readonly agents: Agents;
  /** The older part of that session was condensed. */
  readonly onCompacted: (key: string) => void;
}

interface KeyParams {
  readonly key: string;
  readonly agentId?: string;
}

export function sessionContextMethods({ sessions: { context }, agents, onCompacted }: SessionContextDeps): MethodHandlers {
  const keyOf = ({ key, agentId }: KeyParams): string => parseSessionKey(key, agentId ?? agents.defaultId).key;
  return {
    "sessions.compact": async (params, ctx) => {
      const key = keyOf(params as KeyParams);
      const compacted = await context.compact(key, ctx.signal);
      if (compacted) onCompacted(key);
      return { ok: true, key, compacted, ...(compacted ? {} : { reason: "there is nothing older than the last turn" }) };
    },
    "sessions.pins": async (params) => {
      const key = keyOf(params as KeyParams);
      return { key, pins: (await context.pins(key)).map(({ id, text, label, timeMs }) => ({ id, text, label, ts: timeMs })) };
    },
    "sessions.pin": async (params, ctx) => {
      const key = keyOf(params as KeyParams);
      const { id, label } = await context.pin(key, (params as { readonly text: string }).text, ctx.client.principal);
      return { ok: true, key, id, label };
    },
    "sessions.unpin": async (params, ctx) => {
      const key = keyOf(params as KeyParams);
      await context.unpin(key, (params as { readonly id: string }).id, ctx.client.principal);
      return { ok: true, key };
    },
  };
}
