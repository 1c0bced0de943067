/**
 * Real tokenizers, each encoding in a thread of its own: started at its first use, ended when it was not used for a while.
 *
 * Nothing waits for one that does not answer: then what is not counted is estimated, which is on the safe side.
 */
import { Worker } from "node:worker_threads";
import { OpenClawError } from "@openclaw/protocol";
import type { Tokenizer } from "@openclaw/sdk";
import { deadline, type Clock } from "../../base/clock.ts";
import type { TranscriptMessage } from "../../fabric/journal.ts";
import { costOf, createTokenCounts, ESTIMATES, textsOf, type TokenCounts } from "./count-tokens.ts";
import { estimateTokens } from "./estimate-tokens.ts";

/** A drop-in, not yet imported in this thread more than to know what it offers. */
export interface FoundTokenizer {
  readonly tokenizer: Tokenizer;
  /** Where a thread of its own imports it from. */
  readonly file: string;
}

export interface Tokenizers extends AsyncDisposable {
  /** The encoding a model uses: `named` where a tokenizer has it, else found by the model's name. */
  encodingOf(model: string, named?: string): Promise<string | undefined>;
  /**
   * Counts for these messages, the first ones first, until they have `tokens` together; what comes after that is estimated.
   * Undefined when they could not be counted in time.
   */
  count(encoding: string, messages: readonly TranscriptMessage[], tokens: number, signal: AbortSignal): Promise<TokenCounts | undefined>;
}

export interface TokenizersDeps {
  /** Asked once, when a model may have one. */
  readonly find: () => Promise<readonly FoundTokenizer[]>;
  readonly clock: Clock;
  /** What a thread runs: it opens the encoding of the file it is given, and answers lists of texts with lists of counts. */
  readonly thread: URL;
}

export const TOKENIZER_LIMITS = {
  /** Longest wait for a thread, its start included. */
  waitMs: 5_000,
  idleMs: 300_000,
  /** After a failure it is left alone for so long. */
  restMs: 60_000,
  /** Characters asked for at once. */
  batchChars: 262_144,
  heapMiB: 256,
} as const;

export function openTokenizers({ find, clock, thread: program }: TokenizersDeps): Tokenizers {
  const threads = new Map<string, Thread>();
  let finding: Promise<readonly Encoding[]> | undefined;
  const encodings = (): Promise<readonly Encoding[]> => (finding ??= find().then((found) => found.flatMap(({ tokenizer, file }) =>
    tokenizer.encodings.map(({ id, models }) => ({ id, file, models: new RegExp(models, "i") })))));

  const threadOf = async (encoding: string): Promise<Thread | undefined> => {
    const file = (await encodings()).find(({ id }) => id === encoding)?.file;
    const present = threads.get(encoding);
    if (present !== undefined) return present;
    if (file === undefined) return undefined;
    const thread = createThread(encoding, file, program, clock);
    threads.set(encoding, thread);
    return thread;
  };

  return {
    encodingOf: async (model, named) => {
      const known = await encodings();
      return (known.find(({ id }) => id === named) ?? known.find(({ models }) => models.test(model)))?.id;
    },
    count: async (encoding, messages, tokens, signal) => {
      const thread = await threadOf(encoding);
      if (thread === undefined) return undefined;
      const limit = deadline(clock, TOKENIZER_LIMITS.waitMs, () => new OpenClawError("REQUEST_TIMEOUT"), signal);
      try {
        await thread.know(messages, tokens, limit.signal);
      } catch {
        signal.throwIfAborted();
        // One that does not answer would not answer the next either.
        if (limit.signal.aborted) thread.rest();
        return undefined;
      } finally {
        limit.close();
      }
      return createTokenCounts(estimateTokens, ({ content }) => thread.known.get(content));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...threads.values()].map((thread) => thread.end()));
    },
  };
}

interface Encoding {
  readonly id: string;
  readonly file: string;
  readonly models: RegExp;
}

interface Thread {
  /** What was counted, as long as somebody holds the message. */
  readonly known: WeakMap<TranscriptMessage["content"], number>;
  know(messages: readonly TranscriptMessage[], tokens: number, signal: AbortSignal): Promise<void>;
  /** Ends it, and leaves it alone for a while. */
  rest(error?: Error): void;
  end(): Promise<void>;
}

function createThread(encoding: string, file: string, program: URL, clock: Clock): Thread {
  const known = new WeakMap<TranscriptMessage["content"], number>();
  const waiting = new Map<number, PromiseWithResolvers<readonly number[]>>();
  let worker: Worker | undefined;
  let idle: { close(): void } | undefined;
  let restUntilMs = -1;
  let asked = 0;

  const end = async (reason: Error = new OpenClawError("CLOSED")): Promise<void> => {
    idle?.close();
    const ending = worker;
    worker = undefined;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
    await ending?.terminate();
  };

  const rest = (error?: Error): void => {
    restUntilMs = clock.monotonic() + TOKENIZER_LIMITS.restMs;
    void end(error);
  };

  const start = (): Worker => {
    const made = new Worker(program, {
      workerData: { file, encoding }, resourceLimits: { maxOldGenerationSizeMb: TOKENIZER_LIMITS.heapMiB },
    });
    made.unref(); // it never keeps the gateway from ending
    made.on("message", ({ id, tokens }: { readonly id: number; readonly tokens: readonly number[] }) => {
      waiting.get(id)?.resolve(tokens);
      waiting.delete(id);
    });
    const failed = (error?: Error): void => {
      if (worker === made) rest(error);
    };
    made.on("error", failed);
    made.on("exit", () => failed());
    return made;
  };

  const ask = async (texts: readonly string[], signal: AbortSignal): Promise<readonly number[]> => {
    signal.throwIfAborted();
    if (worker === undefined && clock.monotonic() < restUntilMs) throw new OpenClawError("CLOSED");
    worker ??= start();
    idle?.close();
    idle = clock.after(TOKENIZER_LIMITS.idleMs, () => void end());
    const id = ++asked;
    const answer = Promise.withResolvers<readonly number[]>();
    waiting.set(id, answer);
    const onAbort = (): void => answer.reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      worker.postMessage({ id, texts });
      return await answer.promise;
    } finally {
      waiting.delete(id);
      signal.removeEventListener("abort", onAbort);
    }
  };

  return {
    known,
    rest,
    end: () => end(),
    know: async (messages, tokens, signal) => {
      let left = tokens;
      for (let at = 0; at < messages.length && left > 0; ) {
        const batch: TranscriptMessage[] = [];
        // Never much more than is needed: an estimate is too high rather than too low.
        let chars = 0;
        let estimated = 0;
        for (; at < messages.length && chars < TOKENIZER_LIMITS.batchChars && estimated <= left; at++) {
          const message = messages[at] as TranscriptMessage;
          const exact = known.get(message.content);
          if (exact !== undefined) {
            left -= exact;
            continue;
          }
          chars += message.content.text.length;
          estimated += ESTIMATES.message(message);
          batch.push(message);
        }
        if (batch.length === 0) continue;
        const parts = batch.map(({ content }) => textsOf(content).filter((text) => text !== ""));
        const counted = (await ask(parts.flat(), signal))[Symbol.iterator]();
        for (const { content } of batch) {
          const cost = costOf(content, () => counted.next().value ?? 0);
          known.set(content, cost);
          left -= cost;
        }
      }
    },
  };
}
