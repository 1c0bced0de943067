/** What things cost, in the gateway's own currency: asked once, when somebody looks at a cost. */
import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { formatMoney } from "../../kit/format-money.ts";
import type { Link } from "../../link.ts";
import { text } from "./transcript.ts";

/** Of millionths. Plain figures until the currency is known. */
export type FormatCost = (micros: number) => string;

const currency = signal<string | undefined>(undefined);
const format = computed<FormatCost>(() => (micros) => formatMoney(micros / 1_000_000, currency.value ?? ""));
let isAsked = false;

export function watchMoney(link: Link): ReadonlySignal<FormatCost> {
  if (!isAsked) {
    isAsked = true;
    link.onUp(() => void link.call("usage.status", {}).then((status) => {
      currency.value = text(status.currency);
    }, () => undefined));
  }
  return format;
}
