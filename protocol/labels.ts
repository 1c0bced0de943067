/**
 * Trust labels: where a text came from. They join by taking the least trusted.
 *
 * `owner` the person this gateway belongs to · `member` another known person · `agent` a model's own words ·
 * `outside` everything else: web pages, files, tool output, strangers.
 */
export const LABELS = ["owner", "member", "agent", "outside"] as const;
export type Label = (typeof LABELS)[number];

/** The least trusted of two labels. */
export function joinLabels(a: Label, b: Label): Label {
  return LABELS.indexOf(a) >= LABELS.indexOf(b) ? a : b;
}

/** What doing a thing again would mean. Undeclared is `unsafe`. */
export const EFFECTS = ["none", "read", "idempotent", "unsafe"] as const;
export type Effect = (typeof EFFECTS)[number];
