/** The well-known program whose unmodified clients are tried: the one place that says which version. */
export const CLIENT = { name: "openclaw", version: "2026.9.6" } as const;
