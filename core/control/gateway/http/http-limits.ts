/** Every bound of plain HTTP: bytes, milliseconds, counts. */
export const HTTP_LIMITS = {
  chatBodyBytes: 20_971_520,
  toolBodyBytes: 2_097_152,
  /** Of a body whose call was refused: read away, so that its sender can read the refusal. */
  drainedBytes: 4_194_304,
  drainMs: 2_000,
  /** Runs and event streams that are being answered at once, all callers together. */
  answersAtOnce: 512,
  messagesMax: 2_048,
  partsMax: 1_024,
  instructionsChars: 100_000,
  /** Of what was said before, quoted into a new session: the newest that fit. */
  quotedBytes: 131_072,
  runWaitMs: 86_400_000,
  /** A reader that takes nothing for so long is cut. */
  stalledMs: 60_000,
  /** Text that waits for a slow reader. */
  heldChars: 4_194_304,
  keepAliveMs: 15_000,
  historyDefault: 200,
  historyMax: 1_000,
} as const;
