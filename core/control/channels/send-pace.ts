/** How fast an account may send: over all conversations and in one, and not at all while the messenger says so. */
import type { ChannelLimits, ChannelTarget } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";

export interface SendPace {
  /** Resolves when one may be sent there. Throws the signal's reason. */
  take(at: ChannelTarget, signal: AbortSignal): Promise<void>;
  /** Takes a place only where one is free and another is left for what must go. */
  takeSpare(at: ChannelTarget): boolean;
  /** Nothing goes there before. */
  block(at: ChannelTarget, ms: number): void;
}

/** What may go at once before the pace is kept: an answer, and what follows from it. */
const BURST_SECONDS = 5;
const BLOCK_MAX_MS = 3_600_000;
const CONVERSATIONS_MAX = 10_000;

class Bucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #room: number;
  #tokens: number;
  #atMs: number;
  blockedUntilMs = 0;

  constructor(clock: Clock, perSecond: number, room: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1_000;
    this.#room = Math.max(1, room);
    this.#tokens = this.#room;
    this.#atMs = clock.monotonic();
  }

  /** 0: one may go now. */
  waitMs(spare = 0): number {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#room, this.#tokens + (now - this.#atMs) * this.#perMs);
    this.#atMs = now;
    const short = 1 + spare - this.#tokens;
    return Math.max(0, this.blockedUntilMs - now, short <= 1e-9 ? 0 : Math.ceil(short / this.#perMs));
  }

  take(): void {
    this.#tokens -= 1;
  }

  get isIdle(): boolean {
    return this.waitMs(this.#room - 1) === 0;
  }
}

export const conversationOf = ({ to, threadId = "" }: ChannelTarget): string => `${to}\0${threadId}`;

export function createSendPace(limits: Pick<ChannelLimits, "sendsPerSecond" | "conversationPerSecond">, clock: Clock): SendPace {
  const whole = new Bucket(clock, limits.sendsPerSecond, Math.ceil(limits.sendsPerSecond));
  const each = new Map<string, Bucket>();
  // A thread is the same conversation to whoever counts.
  const bucketOf = ({ to }: ChannelTarget): Bucket => {
    let found = each.get(to);
    if (found !== undefined) return found;
    if (each.size >= CONVERSATIONS_MAX) for (const [key, bucket] of each) if (bucket.isIdle) each.delete(key);
    found = new Bucket(clock, limits.conversationPerSecond, Math.ceil(limits.conversationPerSecond * BURST_SECONDS));
    each.set(to, found);
    return found;
  };
  return {
    take: async (at, signal) => {
      const own = bucketOf(at);
      for (;;) {
        signal.throwIfAborted();
        const waitMs = Math.max(own.waitMs(), whole.waitMs());
        if (waitMs === 0) break;
        await clock.wait(waitMs, signal);
      }
      own.take();
      whole.take();
    },
    takeSpare: (at) => {
      const own = bucketOf(at);
      if (own.waitMs(1) > 0 || whole.waitMs(1) > 0) return false;
      own.take();
      whole.take();
      return true;
    },
    block: (at, ms) => {
      bucketOf(at).blockedUntilMs = clock.monotonic() + Math.min(ms, BLOCK_MAX_MS);
    },
  };
}
