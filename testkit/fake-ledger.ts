/** A fake ledger that grants everything and writes down what it was asked. */
import type { ModelEvent, ModelRequest, Usage } from "@openclaw/sdk";
import { modelRequest } from "./provider-contract.ts";

export interface FakeOrder {
  readonly id: string;
  readonly model: string;
  readonly price: { readonly input: number; readonly output: number };
  readonly priced: boolean;
  readonly inputTokens: number;
  readonly outputTokensMax?: number;
}

interface FakeOutcome {
  readonly usage: Usage | null;
  readonly free?: boolean;
}

export interface Booked {
  readonly order: FakeOrder;
  settled: FakeOutcome | undefined;
}

export interface FakeReservation {
  readonly id: string;
  readonly costMicros: number;
  readonly tokens: number;
  readonly outputTokensMax: number | undefined;
  readonly durable: Promise<void>;
  settle(outcome: FakeOutcome): {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly costMicros: number;
    readonly tokens: number;
    readonly basis: "usage" | "reserve" | "nothing";
    readonly priced: boolean;
  };
}

export interface FakeLedger {
  readonly booked: Booked[];
  reserve(order: FakeOrder): Promise<FakeReservation>;
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
          const { inputTokens, outputTokens } = counted;
          const sum = inputTokens + outputTokens;
          const basis = outcome.free === true ? "nothing" : outcome.usage === null ? "reserve" : "usage";
          return { inputTokens, outputTokens, costMicros: sum, tokens: sum, basis, priced: true };
        },
      };
    },
  };
}

/** A call somebody pays for: ten prompt tokens, unless `terms` says otherwise. */
export function callOf<T extends object>(text: string, terms?: T, rest: Partial<ModelRequest> = {}) {
  const { model: _, ...request } = modelRequest(text, rest);
  return { ...request, terms: { charge: { tenant: "home", agentId: "main", session: "s1", purpose: "turn" }, inputTokens: 10, ...terms } };
}

/** The events as a provider's own, without what is added on the way to the caller. */
export async function* plainEvents(
  events: AsyncIterable<ModelEvent | { readonly type: "fallback" }>,
): AsyncGenerator<ModelEvent> {
  for await (const event of events) {
    if (event.type === "fallback") continue;
    if (event.type !== "end" && event.type !== "error") {
      yield event;
      continue;
    }
    const { call: _, ...plain } = event as typeof event & { readonly call?: unknown };
    yield plain;
  }
}
