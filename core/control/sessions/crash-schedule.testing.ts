/**
 * A seeded run over an engine that fails, in a world whose gateway is killed now and then: the same seed, the same run. A
 * test that finds a bad seed prints it, and the seed alone brings the failure back.
 */
import { hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import { withFaults } from "@openclaw/testkit/fault-engine";
import { seededRandom, VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { makeKeyDir, newOutside, openWorld, type Outside, type World, type WorldOptions } from "./world.testing.ts";

export interface CrashSchedule extends AsyncDisposable {
  readonly random: () => number;
  readonly clock: VirtualClock;
  readonly outside: Outside;
  /** A gateway over the engine, however often it takes. */
  open(): Promise<World>;
  /** Until the engine answers. */
  retry<T>(run: () => Promise<T>): Promise<T>;
}

export interface CrashScheduleOptions extends Partial<Omit<WorldOptions, "engine" | "clock" | "keyDir" | "outside">> {
  /** Of the engine's answers: how many fail before or after the work was done, and how many find a newer owner. */
  readonly rates: { readonly before: number; readonly after: number; readonly fence: number };
  /** Between the faults and the engine. */
  readonly over?: (engine: Engine, random: () => number) => Engine;
}

export async function openCrashSchedule(
  seed: number, { rates, over = (engine) => engine, ...options }: CrashScheduleOptions,
): Promise<CrashSchedule> {
  const random = seededRandom(seed);
  const clock = new VirtualClock({ seed });
  const base = await openMemoryEngine({ clock, skipNumbers: true });
  const keys = await makeKeyDir();
  const outside = newOutside();
  const engine = withFaults(over(base, random), { random, rates: { ...rates, watch: 0, frame: 0 } });
  return {
    random,
    clock,
    outside,
    open: () => untilAnswered(() => openWorld({ engine, clock, keyDir: keys.dir, outside, ...options }), () => Promise.resolve()),
    retry: (run) => untilAnswered(run, () => clock.advance(100)),
    [Symbol.asyncDispose]: async () => {
      await base[Symbol.asyncDispose]();
      await keys.remove();
    },
  };
}

/** Runs seeds from 1 on; answers with what went wrong in which. */
export async function failingSeeds(count: number, run: (seed: number) => Promise<string | undefined>): Promise<readonly string[]> {
  const failures: string[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const wrong = await run(seed);
    if (wrong !== undefined) failures.push(`seed ${seed}: ${wrong}`);
  }
  return failures;
}

async function untilAnswered<T>(run: () => Promise<T>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
      await pause();
    }
  }
}
