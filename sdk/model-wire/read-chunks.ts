/**
 * The bytes of a response, a chunk for each call. By hand: as an async iterator a chunk costs several promises, and a token is
 * a chunk. What its reader does not take is held, a few chunks of it; then the socket waits.
 */
import type { IncomingMessage } from "node:http";

const HELD_MAX = 16;

export class Chunks {
  readonly #response: IncomingMessage;
  readonly #held: Buffer[] = [];
  #failure: Error | undefined;
  #over = false;
  #wake: (() => void) | undefined;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.on("error", (error) => this.#stop(error));
    response.on("end", () => this.#stop(undefined));
    response.on("close", () => this.#stop(response.readableEnded ? undefined : new Error("The connection ended in mid-answer.")));
    response.on("data", (chunk: Buffer) => {
      if (this.#over) return; // the rest of an answer that is complete
      this.#held.push(chunk);
      if (this.#held.length >= HELD_MAX) response.pause();
      this.#tell();
    });
  }

  /** Undefined at the end. Rejects when the connection ended before that, after all that had come was taken. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#held.shift();
      if (chunk !== undefined) {
        if (this.#held.length === 0 && this.#response.isPaused()) this.#response.resume();
        return chunk;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Nothing more is wanted: what still comes is thrown away. */
  close(): void {
    this.#over = true;
    this.#held.length = 0;
  }

  #stop(failure: Error | undefined): void {
    if (!this.#over) this.#failure = failure;
    this.#over = true;
    this.#tell();
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
