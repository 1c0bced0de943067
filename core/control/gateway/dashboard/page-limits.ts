/** Bounds of the pages: whatever the gateway holds, a page stays small enough to send and to read. */
export const PAGE_LIMITS = {
  rowsMax: 50, failedMax: 5, tagsMax: 12,
  /** Names, keys, paths. */
  lineChars: 240,
  /** Reasons. */
  textChars: 600,
  /** A command that is longer is marked as cut. */
  commandChars: 2_000,
  refreshSeconds: 5,
} as const;
