/** What a model costs: by its provider, by the configuration, or, where neither says, the worst that is configured. */
import type { ModelInfo } from "@openclaw/sdk";
import { parsePrice, PRICE_ASSUMED, worstOf, type Price } from "../../fabric/ledger.ts";
import type { ModelsConfig } from "./config.ts";

export interface PriceTable {
  priceOf(info: ModelInfo): { readonly price: Price; readonly priced: boolean };
}

/** `unknown`: what is configured for models without a price. The table is read once for each configuration. */
export function createPriceTable(config: () => ModelsConfig, unknown: () => Price | undefined): PriceTable {
  const worst = new WeakMap<object, Price>();
  return {
    priceOf: ({ cost }) => {
      const own = parsePrice(cost);
      if (own !== undefined) return { price: own, priced: true };
      const stated = unknown();
      if (stated !== undefined) return { price: stated, priced: false };
      const now = config();
      let price = worst.get(now);
      if (price === undefined) worst.set(now, (price = worstOf(pricesIn(now)) ?? PRICE_ASSUMED));
      return { price, priced: false };
    },
  };
}

/** Every price that stands in the configuration, whichever provider it is of. */
function pricesIn({ providers = {} }: ModelsConfig): readonly Price[] {
  return Object.values(providers).flatMap((section) => {
    const models: unknown = section["models"];
    if (!Array.isArray(models)) return [];
    return models.flatMap((model: unknown) => {
      const price = typeof model === "object" && model !== null && "cost" in model ? parsePrice(model.cost) : undefined;
      return price === undefined ? [] : [price];
    });
  });
}
