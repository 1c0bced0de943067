/** Cents, and two figures where it is less than a cent: nothing that was spent looks like nothing. */
export function formatMoney(value: number, currency: string): string {
  const isSmall = value !== 0 && Math.abs(value) < 0.01;
  const digits = isSmall ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    return value.toLocaleString(undefined, { style: "currency", currency, ...digits });
  } catch {
    return `${value.toLocaleString(undefined, digits)} ${currency}`.trim(); // a currency that the browser does not know
  }
}
