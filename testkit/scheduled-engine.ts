/**
 * An engine as one process sees it over a network: calls arrive when the schedule lets them, and so do their answers.
 *
 * Writes of one process arrive in the order it made them; reads and answers in any. What was on its way when the process
 * died may still arrive, and nobody hears the answer. That a claim was superseded is heard of late, or with the refusal.
 * An offer may arrive once more, long after: whoever sends again what nobody confirmed does so through any proxy's patience.
 */
import { hasCode } from "@openclaw/protocol";
import type { Claim, Engine } from "@openclaw/sdk";
import type { SeededSchedule } from "./seeded-schedule.ts";

export interface EngineLink {
  readonly engine: Engine;
  /** The process is dead: of its writes on their way the first few may still arrive. */
  crash(): void;
}

const SLOW_TURNS_MAX = 12;

const NEVER = new Promise<never>(() => undefined);

/**
 * `name` is the process, in the schedule's notes; `slow` is how likely a read takes long. `onOffered` is given a way
 * to let each offer arrive once more. Disposing the returned engine leaves `engine` open.
 */
export function scheduleEngine(
  engine: Engine, schedule: SeededSchedule, name: string, slow = 0,
  onOffered: (again: () => void) => void = () => undefined,
): EngineLink {
  const lane = `${name} writes`;
  const life = { dead: false, arriving: 0, underway: 0 };
  const claims = new Map<number, AbortController>();

  /** A call that only looks. */
  const look = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    if (life.dead) return NEVER;
    // Some are far behind: much is written meanwhile.
    for (let turns = schedule.chance(slow) ? Math.floor(schedule.random() * SLOW_TURNS_MAX) : 0; turns >= 0 && !life.dead; turns--) {
      await schedule.turn(`${name} ${what}`);
    }
    if (life.dead) return NEVER;
    const outcome = await attempt(run);
    return life.dead ? NEVER : taken(outcome);
  };

  const write = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    if (life.dead) return NEVER;
    life.underway += 1;
    await schedule.turn(`${name} ${what}`, lane);
    life.underway -= 1;
    if (life.dead && life.arriving-- <= 0) return NEVER;
    const outcome = await attempt(run);
    if (schedule.chance(0.5)) await schedule.turn(`${name} is answered: ${what}`);
    return life.dead ? NEVER : taken(outcome);
  };

  const lose = (epoch: number): void => claims.get(epoch)?.abort();
  const underClaim = async <T>(claim: Claim, what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await write(what, run);
    } catch (error) {
      if (hasCode(error, "FENCED")) lose(claim.epoch);
      throw error;
    }
  };

  return {
    crash: () => {
      life.dead = true;
      life.arriving = Math.floor(schedule.random() * (life.underway + 1));
    },
    engine: {
      ...engine,
      log: {
        offer: (offer) => {
          onOffered(() => {
            schedule.note(`an offer of ${name} arrives again`);
            engine.log.offer(offer).catch(() => undefined);
          });
          return write(`offers ${offer.slot}`, () => engine.log.offer(offer));
        },
        claim: async (slot, owner) => {
          const claim = await write(`claims ${slot}`, () => engine.log.claim(slot, owner));
          const lost = new AbortController();
          claims.set(claim.epoch, lost);
          claim.lost.addEventListener("abort", () => {
            schedule.later(`${name} hears of a newer claim on ${slot}`, () => {
              if (!life.dead) lost.abort();
            });
          }, { once: true });
          if (claim.lost.aborted) lost.abort();
          return { ...claim, lost: lost.signal };
        },
        release: (claim) => write(`releases ${claim.slot}`, () => engine.log.release(claim)),
        append: (claim, session, bodies, id) =>
          underClaim(claim, `appends ${bodies.length} to ${claim.slot}`, () => engine.log.append(claim, session, bodies, id)),
        async *read(slot, after, signal) {
          for await (const entry of engine.log.read(slot, after, signal)) {
            await schedule.turn(`${name} is shown ${entry.kind} ${entry.position}`, `${name} reads ${slot}`);
            if (life.dead) await NEVER;
            if (signal.aborted) return;
            yield entry;
          }
        },
        readSession: (slot, session, after, limit) => look(`reads ${slot}`, () => engine.log.readSession(slot, session, after, limit)),
        heads: () => look("asks for heads", () => engine.log.heads()),
        trim: (claim, upTo, session) => underClaim(claim, `trims ${claim.slot}`, () => engine.log.trim(claim, upTo, session)),
      },
      records: {
        get: (bucket, key) => look(`gets ${bucket}`, () => engine.records.get(bucket, key)),
        write: (bucket, key, value, expected) => write(`writes ${bucket}`, () => engine.records.write(bucket, key, value, expected)),
        list: (bucket, prefix, options) => look(`lists ${bucket}`, () => engine.records.list(bucket, prefix, options)),
        watch: (bucket, prefix, signal) => engine.records.watch(bucket, prefix, signal),
      },
      [Symbol.asyncDispose]: async () => undefined,
    },
  };
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function attempt<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, error };
  }
}

function taken<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw outcome.error;
}
