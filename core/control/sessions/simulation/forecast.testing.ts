/** What a seed has in store: its weather, and what people want. Drawn before anything happens. */
import type { FaultRates } from "@openclaw/testkit/fault-engine";
import type { SeededSchedule } from "@openclaw/testkit/seeded-schedule";
import { QUEUE_MODES } from "@openclaw/protocol";
import type { Client, Deed } from "./simulated-people.testing.ts";

export const SESSIONS = ["agent:main:a", "agent:main:b", "agent:main:c", "agent:main:d", "agent:main:e"] as const;

export interface Weather {
  readonly crashes: number;
  readonly takeovers: number;
  readonly breaks: number;
  readonly restarts: number;
  readonly yesLocal: boolean;
  readonly drops: number;
  /** How likely an offer arrives once more, long after. */
  readonly repeats: number;
  /** How likely time passes in long stretches. */
  readonly slow: number;
  /** How likely a read of the store takes long. */
  readonly slowReads: number;
  readonly modelFails: number;
  readonly rates: FaultRates;
}

export function forecast(schedule: SeededSchedule): Weather {
  const upTo = (most: number): number => Math.floor(schedule.random() * (most + 1));
  const rough = schedule.chance(0.7);
  return {
    crashes: upTo(4), takeovers: upTo(4), breaks: upTo(4), restarts: upTo(1), yesLocal: schedule.chance(0.5),
    drops: rough ? 0.1 : 0, repeats: schedule.chance(0.5) ? 0.15 : 0, slow: schedule.pick([0.02, 0.05, 0.3]) ?? 0,
    slowReads: schedule.chance(0.4) ? 0.15 : 0,
    modelFails: schedule.chance(0.3) ? 0.1 : 0,
    rates: { before: rough ? 0.03 : 0, after: rough ? 0.03 : 0, fence: rough ? 0.01 : 0, watch: 0, frame: 0, repeat: 0 },
  };
}

const VERBS = ["say", "act", "act", "keep", "think", "both", "wrong"] as const;
const AGENTS = [...VERBS, "spawn", "ask", "tell"] as const;
const WISHES = ["patch", "patch", "reset", "abort", "clear", "look", "pin", "compact"] as const;

/** Two speak in the first session, one in each other; the third may be deleted, and the fourth is long. */
export function makeClients(schedule: SeededSchedule): readonly Client[] {
  const mixed = schedule.chance(0.5);
  const verbs = schedule.chance(0.4) ? AGENTS : VERBS;
  const wishes = schedule.pick([0.1, 0.3, 0.6]) ?? 0;
  const long = schedule.chance(0.3);
  return SESSIONS.flatMap((key, session) => [0, 1].slice(0, session === 0 ? 2 : 1).map((client): Client => {
    const name = `client-${session}-${client}`;
    const modes = mixed ? QUEUE_MODES : (["followup"] as const);
    const deeds: Deed[] = [];
    const said: (Deed & { readonly do: "say" })[] = [];
    for (let at = 0; at < (session === 3 && long ? 10 : session === 0 ? 4 : 3); at++) {
      const id = `${name}-${at}`;
      const text = `${schedule.pick(verbs) ?? "say"} ${id}`;
      const deed = { do: "say", id, text, queueMode: schedule.pick(modes) ?? "followup" } as const;
      deeds.push(deed);
      said.push(deed);
      while (schedule.chance(wishes)) deeds.push({ do: schedule.pick(WISHES) ?? "look" });
      const before = schedule.chance(0.1) ? schedule.pick(said) : undefined;
      if (before !== undefined) deeds.push({ ...before, again: true });
    }
    if (session === 4 && schedule.chance(0.3)) deeds.push({ do: "fork", toKey: `${key}-branch` }, { do: "look" });
    if (session === 2 && schedule.chance(0.4)) deeds.splice(2, 0, { do: "delete" });
    return { name, key, deeds };
  }));
}
