/** A mistake on the command line itself: nothing was tried, and the sentence says what to write instead. Exit code 2. */
export class UsageError extends Error {
  readonly code = "USAGE_INVALID";
  readonly exit = 2;
  readonly next: string;

  constructor(message: string, next: string) {
    super(message);
    this.name = "UsageError";
    this.next = next;
  }
}
