/** For a try that belongs to nobody: nothing is set aside and nothing is written down. Never given to a gateway. */
import type { ModelsDeps } from "../../cognition/models.ts";

export const UNBOOKED: ModelsDeps["ledger"] = {
  reserve: async ({ id }) => ({
    id, costMicros: 0, tokens: 0, outputTokensMax: undefined, durable: Promise.resolve(),
    settle: ({ usage }) => ({
      inputTokens: usage?.inputTokens ?? 0, outputTokens: usage?.outputTokens ?? 0,
      costMicros: 0, tokens: 0, basis: "nothing", priced: true,
    }),
  }),
};
