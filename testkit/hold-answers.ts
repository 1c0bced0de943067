/**
 * Answers of a gateway held back on their way into a page, for as long as a test wants: one that comes late, made on purpose.
 *
 * Everything else passes. What is held is given to the page by `release`, in its order, as if it had come then.
 */
import type { BrowserContext, Page } from "playwright-core";

export interface HeldAnswers {
  /** From now on answers to this method are held. */
  hold(method: string): Promise<void>;
  /** Resolves once one is held. */
  held(): Promise<void>;
  /** Holds nothing any more. */
  release(): Promise<void>;
}

/** Before the page is opened in this context. */
export async function holdAnswers(context: BrowserContext): Promise<(page: Page) => HeldAnswers> {
  await context.addInitScript(SCRIPT);
  return (page) => ({
    hold: (method) => page.evaluate(`heldAnswers.methods.add(${JSON.stringify(method)}), undefined`),
    held: () => page.evaluate("heldAnswers.first()"),
    release: () => page.evaluate("heldAnswers.release()"),
  });
}

const SCRIPT = String.raw`(() => {
  const methods = new Set();
  const frames = [];
  const waiting = [];
  globalThis.heldAnswers = {
    methods,
    first: () => frames.length > 0 ? undefined : new Promise((resolve) => waiting.push(resolve)),
    release: () => {
      methods.clear();
      for (const give of frames.splice(0)) give();
    },
  };
  globalThis.WebSocket = class extends WebSocket {
    #asked = new Map();
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (!event.isTrusted || typeof event.data !== "string") return;
        const { type, id } = JSON.parse(event.data);
        if (type !== "res" || !methods.has(this.#asked.get(id))) return;
        event.stopImmediatePropagation();
        frames.push(() => this.dispatchEvent(new MessageEvent("message", { data: event.data })));
        for (const wake of waiting.splice(0)) wake();
      });
    }
    send(data) {
      const { id, method } = JSON.parse(data);
      this.#asked.set(id, method);
      super.send(data);
    }
  };
})()`;
