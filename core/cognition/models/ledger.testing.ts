/** A fake ledger that grants everything and writes down what it was asked. */
import type { ModelEvent, ModelRequest } from "@openclaw/sdk";
import { modelRequest } from "../../../testkit/provider-contract.ts";
import type { Ledger, Outcome, ReserveOrder } from "../../fabric/ledger.ts";
import type { CallEvent } from "./call-stream.ts";
import type { CallTerms, ModelCall } from "./create-models.ts";

export interface Booked {
  readonly order: ReserveOrder;
  settled: Outcome | undefined;
}

export interface FakeLedger extends Pick<Ledger, "reserve"> {
  readonly booked: Booked[];
}

/** One token costs a millionth, so that costs can be read as tokens. */
export function fakeLedger(): FakeLedger {
  const booked: Booked[] = [];
  return {
    booked,
    reserve: async (order) => {
      const one: Booked = { order, settled: undefined };
      booked.push(one);
      const worst = { inputTokens: order.inputTokens, outputTokens: order.outputTokensMax ?? 100 };
      const tokens = worst.inputTokens + worst.outputTokens;
      return {
        id: order.id, costMicros: tokens, tokens, outputTokensMax: undefined, durable: Promise.resolve(),
        settle: (outcome) => {
          one.settled ??= outcome;
          const counted = outcome.free === true ? { inputTokens: 0, outputTokens: 0 } : (outcome.usage ?? worst);
          const costMicros = counted.inputTokens + counted.outputTokens;
          const basis = outcome.free === true ? "nothing" : outcome.usage === null ? "reserve" : "usage";
          return { ...counted, costMicros, tokens: costMicros, basis, priced: true };
        },
      };
    },
  };
}

export function callOf(text: string, terms: Partial<CallTerms> = {}, rest: Partial<ModelRequest> = {}): ModelCall {
  const { model: _, ...request } = modelRequest(text, rest);
  return { ...request, terms: { charge: { tenant: "home", agentId: "main", session: "s1", purpose: "turn" }, inputTokens: 10, ...terms } };
}

/** The events as a provider's own, without what the room adds to the last one. */
export async function* plainEvents(events: AsyncIterable<CallEvent>): AsyncGenerator<ModelEvent> {
  for await (const event of events) {
    if (event.type === "fallback") continue;
    if (event.type !== "end" && event.type !== "error") {
      yield event;
      continue;
    }
    const { call: _, ...plain } = event;
    yield plain;
  }
}
