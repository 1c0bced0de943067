/** What the suite's tests share: opening, the patience a caller must have, and reading back. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import type { Claim, Engine, LogEntry, Offer } from "@openclaw/sdk";
import { VirtualClock } from "../virtual-clock.ts";

export interface EngineSetting {
  /** Empty at the test's first open; an engine that keeps nothing may ignore it. */
  readonly dir: string;
  readonly clock: VirtualClock;
}

export type OpenEngine = (setting: EngineSetting) => Promise<Engine>;

export interface EngineTraits {
  /** What was stored is there when the same directory is opened again. */
  readonly persistent: boolean;
  /** The engine may answer ENGINE_UNAVAILABLE at any time, fence at random and drop frames. */
  readonly retrying: boolean;
}

const ATTEMPTS = 100;
const TEST_TIMEOUT_MS = 30_000;

/** An engine under test, seen by a caller that does what the contract asks of callers. */
export class Stage {
  readonly traits: EngineTraits;
  readonly clock: VirtualClock;
  readonly #open: () => Promise<Engine>;
  engine: Engine;

  constructor(engine: Engine, traits: EngineTraits, clock: VirtualClock, open: () => Promise<Engine>) {
    this.engine = engine;
    this.traits = traits;
    this.clock = clock;
    this.#open = open;
  }

  async reopen(): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    this.engine = await this.#open();
  }

  /** Tries again while the answer is ENGINE_UNAVAILABLE, where the traits say that this may happen. */
  async patient<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        if (!this.traits.retrying || attempt === ATTEMPTS || !hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
      }
    }
  }

  offer(offer: Offer): Promise<{ readonly position: number; readonly duplicate: boolean }> {
    return this.patient(() => this.engine.log.offer(offer));
  }

  async hold(slot: number, owner = "owner"): Promise<Holder> {
    return new Holder(this, await this.claim(slot, owner));
  }

  claim(slot: number, owner: string): Promise<Claim> {
    return this.patient(() => this.engine.log.claim(slot, owner));
  }

  readSession(slot: number, session: string, after = 0, limit?: number): Promise<readonly LogEntry[]> {
    return this.patient(() => this.engine.log.readSession(slot, session, after, limit));
  }

  /** Every entry of a session, page by page. */
  async session(slot: number, session: string): Promise<LogEntry[]> {
    const entries: LogEntry[] = [];
    for (;;) {
      const page = await this.readSession(slot, session, entries.at(-1)?.position ?? 0);
      if (page.length === 0) return entries;
      entries.push(...page);
    }
  }

  /** A write whose outcome is unknown is looked up: `value` must be one that nobody else writes. */
  async write(bucket: string, key: string, value: Uint8Array | null, expected: number): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.engine.records.write(bucket, key, value, expected);
      } catch (error) {
        if (!this.traits.retrying || attempt === ATTEMPTS || !hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
        const present = await this.patient(() => this.engine.records.get(bucket, key));
        if (present !== null && value !== null && text(present.value) === text(value)) return present.revision;
        if (present === null && value === null) return 0;
      }
    }
  }

  /** Asserts that `run` rejects with the code, however often the engine is unavailable in between. */
  async refuses(code: ErrorCode, run: () => Promise<unknown>): Promise<void> {
    await assert.rejects(this.patient(run), (error) => hasCode(error, code) || assert.fail(`expected ${code}, got ${String(error)}`));
  }

  /** Names come from our own code: a wrong one is a programmer's mistake on every engine. */
  async asserts(run: () => unknown): Promise<void> {
    await assert.rejects(this.patient(async () => run()), { name: "AssertionFailed" });
  }
}

/** The holder of a slot: takes it over again when it was fenced without a rival of the test's. */
export class Holder {
  readonly #stage: Stage;
  #reclaiming: Promise<void> | undefined;
  claim: Claim;

  constructor(stage: Stage, claim: Claim) {
    this.#stage = stage;
    this.claim = claim;
  }

  append(session: string, bodies: readonly Uint8Array[], id: string): Promise<readonly number[]> {
    return this.#again((claim) => this.#stage.engine.log.append(claim, session, bodies, id));
  }

  trim(upTo: number, session?: string): Promise<void> {
    return this.#again((claim) => this.#stage.engine.log.trim(claim, upTo, session));
  }

  async #again<T>(run: (claim: Claim) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const claim = this.claim;
      try {
        return await this.#stage.patient(() => run(claim));
      } catch (error) {
        if (!this.#stage.traits.retrying || attempt === ATTEMPTS || !hasCode(error, "FENCED")) throw error;
        if (this.claim === claim) await (this.#reclaiming ??= this.#reclaim());
      }
    }
  }

  /** One for all who were fenced together, or they would go on fencing each other. */
  async #reclaim(): Promise<void> {
    this.claim = await this.#stage.claim(this.claim.slot, this.claim.owner);
    this.#reclaiming = undefined;
  }
}

export class Bench {
  readonly #open: OpenEngine;
  readonly traits: EngineTraits;

  constructor(open: OpenEngine, traits: EngineTraits) {
    this.#open = open;
    this.traits = traits;
  }

  /** Registers one test with an engine of its own, disposed and removed whatever happens. */
  test(name: string, run: (stage: Stage) => Promise<void>): void {
    test(name, { timeout: TEST_TIMEOUT_MS }, async () => {
      const dir = await mkdtemp(join(tmpdir(), "engine-contract-"));
      const clock = new VirtualClock();
      const open = (): Promise<Engine> => this.#open({ dir, clock });
      const stage = new Stage(await open(), this.traits, clock, open);
      try {
        await run(stage);
      } finally {
        await stage.engine[Symbol.asyncDispose]();
        await rm(dir, { recursive: true, force: true });
      }
    });
  }
}

export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

export function texts(entries: readonly LogEntry[]): string[] {
  return entries.map(({ body }) => text(body));
}

/** The first `count` items, then ends the iteration through its signal. */
export async function take<T>(count: number, from: (signal: AbortSignal) => AsyncIterable<T>): Promise<T[]> {
  const controller = new AbortController();
  const taken: T[] = [];
  if (count === 0) return taken;
  for await (const item of from(controller.signal)) {
    taken.push(item);
    if (taken.length === count) controller.abort();
  }
  return taken;
}

export function assertRising(numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries()) {
    assert.ok(index === 0 || number > (numbers[index - 1] ?? 0), `${number} does not rise above ${numbers[index - 1]}`);
  }
}

/** Lets everything that is ready run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
