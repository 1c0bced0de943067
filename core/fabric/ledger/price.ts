/** What tokens cost. A price for a million tokens in the currency is the price of one token in millionths of it. */
import type { Usage } from "@openclaw/sdk";

/** In the currency, for a million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** As `input` where it is not given. */
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** Counted for a model without a price where no price at all is configured: above what most of them cost. */
export const PRICE_ASSUMED: Price = { input: 15, output: 75 };

/** Millionths of the currency, rounded up. Cached tokens are part of `inputTokens`. */
export function costOf({ inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 }: Usage, price: Price): number {
  const read = Math.min(cacheReadTokens, inputTokens);
  const written = Math.min(cacheWriteTokens, inputTokens - read);
  return Math.ceil(
    (inputTokens - read - written) * price.input + read * (price.cacheRead ?? price.input) +
    written * (price.cacheWrite ?? price.input) + outputTokens * price.output,
  );
}

/** The dearest in each respect: what a call may cost at most by any of them. Undefined for none. */
export function worstOf(prices: readonly Price[]): Price | undefined {
  const [first, ...rest] = prices;
  if (first === undefined) return undefined;
  return rest.reduce<Price>((worst, price) => ({
    input: Math.max(worst.input, price.input),
    output: Math.max(worst.output, price.output),
    cacheRead: Math.max(worst.cacheRead ?? worst.input, price.cacheRead ?? price.input),
    cacheWrite: Math.max(worst.cacheWrite ?? worst.input, price.cacheWrite ?? price.input),
  }), first);
}

/** A price as it stands in a configuration; undefined for anything else. */
export function parsePrice(value: unknown): Price | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { input, output, cacheRead, cacheWrite } = value as Readonly<Record<string, unknown>>;
  if (!isAmount(input) || !isAmount(output)) return undefined;
  return { input, output, ...(isAmount(cacheRead) ? { cacheRead } : {}), ...(isAmount(cacheWrite) ? { cacheWrite } : {}) };
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** `0.1234 USD`: as many places as tell something, two at least. */
export function formatMoney(micros: number, currency: string): string {
  const amount = micros / 1_000_000;
  const places = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2;
  return `${amount.toFixed(places)} ${currency}`;
}
