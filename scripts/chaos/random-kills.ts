/** Kills at random moments: messages keep coming in all sessions while one or several processes are struck at a time. */
import { setTimeout as wait } from "node:timers/promises";
import { chooseKind, HANDED_SESSION, isHandedOver, makeErrand, ownSession } from "./errand.ts";
import type { Ledger } from "./ledger.ts";
import { createRandom } from "./random.ts";
import type { Stage, Victim } from "./stage.ts";
import type { Talk } from "./talk.ts";

export interface RandomKillsOptions {
  readonly seed: number;
  readonly kills: number;
  readonly messages: number;
}

export interface RandomKillsDeps {
  readonly stage: Stage;
  readonly talk: Talk;
  readonly ledger: Ledger;
  readonly onKill: (done: number, what: string) => void;
}

export interface KillCounts {
  /** By what was struck. */
  readonly kills: Readonly<Record<string, number>>;
  /** From each kill of the gateway to the first message answered after it. */
  readonly recoveryMs: readonly number[];
}

const SESSIONS = 8;
const WAITING_IN_SESSION_MAX = 4;
/** Longest time from the messages of a round to its kill: enough for the slowest of them to be under way. */
const BEFORE_KILL_MS = 700;
const FREEZE_MS = [50, 600] as const;
const RECOVERY_MS = 60_000;

/** What is struck together; a name stands for what it lists. */
const STRIKES = {
  "gateway": ["gateway"], "local node": ["local node"], "far node": ["far node"], "job": ["job"],
  "gateway + local node": ["gateway", "local node"], "gateway + far node": ["gateway", "far node"],
  "gateway + job": ["job", "gateway"], "everything": ["job", "far node", "local node", "gateway"],
} as const satisfies Record<string, readonly Victim[]>;
type Strike = keyof typeof STRIKES;
const WEIGHTS: Readonly<Record<Strike, number>> = {
  "gateway": 42, "local node": 10, "far node": 12, "job": 4, "gateway + local node": 8, "gateway + far node": 8, "gateway + job": 6,
  "everything": 10,
};

/** Resolves when every message has its end. Throws when one has none in time. */
export async function runRandomKills(options: RandomKillsOptions, deps: RandomKillsDeps): Promise<KillCounts> {
  const { stage, talk, ledger } = deps;
  const random = createRandom(options.seed, 1);
  const kills: Record<string, number> = {};
  const recoveryMs: number[] = [];
  const talking = startTalking(options, deps);
  for (let done = 1; done <= options.kills; done += 1) {
    talking.release(Math.ceil((options.messages * done) / options.kills));
    await wait(random.between(0, BEFORE_KILL_MS));
    const frozen = random.next() < 0.15 ? random.pick(["gateway", "local node", "far node"] as const) : undefined;
    if (frozen !== undefined) {
      await stage.freeze(frozen, random.between(...FREEZE_MS));
      kills[`${frozen} stopped`] = (kills[`${frozen} stopped`] ?? 0) + 1;
    }
    const strike = random.choose(WEIGHTS);
    const at = performance.now();
    await Promise.all(STRIKES[strike].map((victim) => stage.kill(victim)));
    kills[strike] = (kills[strike] ?? 0) + 1;
    const answered = ledger.waiting > 0 ? ledger.nextAnswer() : undefined;
    await stage.revive();
    if (answered !== undefined) {
      const { answeredAtMs = 0 } = await within(answered, RECOVERY_MS, `nothing was answered after a kill of ${strike}`);
      if ((STRIKES[strike] as readonly Victim[]).includes("gateway")) recoveryMs.push(answeredAtMs - at);
    }
    deps.onKill(done, strike);
    talking.check();
  }
  await talking.done;
  await talk.settle(RECOVERY_MS);
  return { kills, recoveryMs };
}

/** Sends in all sessions at once, never more than was released; in each session one after the other. */
function startTalking({ seed, messages }: RandomKillsOptions, { talk, ledger, stage }: RandomKillsDeps) {
  const random = createRandom(seed, 2);
  const plan = Array.from({ length: messages }, (_, at) => {
    const kind = chooseKind(random);
    const session = `agent:main:chaos-${random.between(1, SESSIONS)}`;
    const runId = `m${seed}-${at}`;
    return makeErrand(ownSession(kind, runId) ?? (isHandedOver(kind) ? HANDED_SESSION : session), runId, kind, stage.receiver.url);
  });
  let released = 0;
  let taken = 0;
  let failure: unknown;
  const runSession = async (session: string): Promise<void> => {
    for (const [at, errand] of plan.entries()) {
      if (errand.session !== session) continue;
      while (at >= released || waitingIn(ledger, session) >= WAITING_IN_SESSION_MAX) await wait(5);
      await talk.send(errand);
      taken += 1;
    }
  };
  const done = Promise.all([...new Set(plan.map(({ session }) => session))].map(runSession)).then(() => undefined);
  done.catch((error: unknown) => (failure = error));
  return {
    done,
    release: (upTo: number) => void (released = Math.max(released, upTo)),
    check: (): void => {
      if (failure !== undefined) throw failure;
    },
    get taken() {
      return taken;
    },
  };
}

function waitingIn({ all }: Ledger, session: string): number {
  let waiting = 0;
  for (let at = all.length - 1; at >= 0 && at > all.length - 400; at -= 1) {
    const one = all[at];
    if (one?.errand.session === session && one.status === undefined) waiting += 1;
  }
  return waiting;
}

export async function within<T>(promise: Promise<T>, ms: number, otherwise: string): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(() => timer.reject(new Error(`${otherwise} within ${Math.round(ms / 1_000)} s`)), ms);
  try {
    return await Promise.race([promise, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}
