/** A reason not to go on, in a sentence a person can act on, and the exit code that goes with it. */
export class Refusal extends Error {
  constructor(exitCode, message) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The exit codes the launcher itself uses; they are those of docs/errors.md. */
export const EXIT = { usage: 2, unavailable: 69, temporary: 75 };
