/**
 * A schedule over real sessions, journal and intake, on one engine that outlives it: opened, killed at any write, opened
 * again. Time stands still unless a test moves it, and the wall clock can be set.
 */
import type { TestContext } from "node:test";
import type { Engine, ModelEvent, ModelRequest } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { createAgents, type AgentsConfig } from "../agents.ts";
import { createIntake, type Inbound, type Intake } from "../channels.ts";
import { makeKeyDir, newOutside, obedientModel, openWorld, type World } from "../sessions/world.testing.ts";
import { openSchedulerLate as openScheduler } from "./open-scheduler-late.ts";
import type { Scheduler } from "./open-scheduler.ts";

/** A virtual clock whose wall can be set: time passes as before, and shows something else. */
export class SettableClock extends VirtualClock {
  #byMs = 0;

  override now(): number {
    return super.now() + this.#byMs;
  }

  /** As a person or a network sets it. */
  setBy(ms: number): void {
    this.#byMs += ms;
  }
}

export interface Life {
  readonly scheduler: Scheduler;
  readonly world: World;
  readonly told: { readonly event: string; readonly payload: Readonly<Record<string, unknown>> }[];
  readonly offered: Inbound[];
  /** The most messages that were on their way into the intake at once. */
  readonly offeredAtOnce: () => number;
  readonly intake: Intake;
  readonly log: { readonly event: string; readonly fields: unknown }[];
  kill(): void;
  close(): Promise<void>;
}

export interface LifeOptions {
  /** Dies at this write of the engine, counted from 1: before it is applied, or after it. */
  readonly dieAt?: number;
  readonly dieAfter?: boolean;
  readonly agents?: AgentsConfig;
  readonly workspace?: string;
  readonly model?: (request: Omit<ModelRequest, "model">, signal: AbortSignal) => AsyncIterable<ModelEvent>;
  readonly enabled?: boolean;
}

export interface Bench {
  readonly clock: SettableClock;
  readonly engine: Engine;
  /** Requests the model got, all lives together. */
  readonly requests: Omit<ModelRequest, "model">[];
  open(options?: LifeOptions): Promise<Life>;
}

export const OWNER_AUTHOR = { id: "owner", label: "owner" } as const;

/** Noon of a Thursday, UTC. */
export const START_MS = Date.parse("2026-11-19T12:00:00Z");

export async function openBench(t: TestContext, startMs = START_MS): Promise<Bench> {
  const clock = new SettableClock({ startMs });
  const engine = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  const outside = newOutside();
  const requests: Omit<ModelRequest, "model">[] = [];
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });

  const open = async (options: LifeOptions = {}): Promise<Life> => {
    const life = { dead: false, writes: 0, ...options };
    const mine = mortal(engine, life);
    async function* model(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
      requests.push(request);
      yield* (options.model ?? obedientModel)(request, signal);
    }
    const world = await openWorld({ engine: mine, clock, keyDir: keys.dir, outside, model });
    const agents = createAgents(() => options.agents ?? {}, options.workspace ?? "");
    const inner = createIntake({ agents, sessions: world.sessions });
    const told: Life["told"] = [];
    const log: Life["log"] = [];
    const offered: Inbound[] = [];
    const atOnce = { now: 0, most: 0 };
    const intake: Intake = {
      placeOf: inner.placeOf,
      receiveInbound: async (inbound) => {
        if (!life.dead) offered.push(inbound);
        atOnce.most = Math.max(atOnce.most, ++atOnce.now);
        try {
          return await inner.receiveInbound(inbound);
        } finally {
          atOnce.now -= 1;
        }
      },
    };
    const write = (event: string, fields?: unknown): void => void log.push({ event, fields });
    const scheduler = openScheduler({
      records: mine.records, sealer: { seal: (_, plain) => plain, unseal: (_, sealed) => sealed }, clock, ids: systemIds,
      logger: { debug: write, info: write, warn: write, error: write } as unknown as Logger,
      config: () => ({ enabled: options.enabled ?? true, timezone: "UTC" }), agents, sessions: world.sessions,
      intake,
      tell: (event, payload) => life.dead || told.push({ event, payload: payload as Readonly<Record<string, unknown>> }),
    });
    await Promise.race([scheduler.start(), new Promise((resolve) => setTimeout(resolve, 200))]);
    return {
      scheduler, world, told, offered, intake, log, offeredAtOnce: () => atOnce.most,
      kill: () => {
        life.dead = true;
        world.crash();
      },
      close: async () => {
        await scheduler[Symbol.asyncDispose]();
        await world.close();
      },
    };
  };
  return { clock, engine, requests, open };
}

/** Moves time on, and lets everything happen that can. */
export async function pass(clock: VirtualClock, ms: number, steps = 20): Promise<void> {
  for (let step = 0; step < steps; step++) await clock.advance(ms / steps);
  for (let step = 0; step < 10; step++) await clock.advance(0);
}

interface Mortality {
  dead: boolean;
  writes: number;
  readonly dieAt?: number;
  readonly dieAfter?: boolean;
}

const NEVER = new Promise<never>(() => undefined);
const WRITES: readonly PropertyKey[] = ["write", "offer", "append"];

/** The same engine until this life ends; from then on nothing is asked of it and nothing answers. */
function mortal(engine: Engine, life: Mortality): Engine {
  const guard = <T extends object>(part: T): T => new Proxy(part, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (life.dead) return NEVER;
        if (WRITES.includes(name)) life.writes += 1;
        const dies = WRITES.includes(name) && life.writes === life.dieAt;
        if (dies && life.dieAfter !== true) {
          life.dead = true;
          return NEVER;
        }
        const answer: unknown = (member as (...given: unknown[]) => unknown).apply(target, args);
        if (dies) life.dead = true;
        if (!(answer instanceof Promise)) return answer;
        return answer.then(
          (value: unknown) => (life.dead ? NEVER : value),
          (error: unknown) => (life.dead ? NEVER : Promise.reject(error as Error)),
        );
      };
    },
  });
  return {
    ...engine, records: guard(engine.records), log: guard(engine.log), blobs: guard(engine.blobs), bus: engine.bus,
    drain: () => engine.drain(), [Symbol.asyncDispose]: async () => undefined,
  };
}
