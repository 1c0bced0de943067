/** The clients of the simulation: each does one thing after another, and repeats what nobody answered, under the same id. */
import { hasCode } from "@openclaw/protocol";
import type { SeededSchedule } from "@openclaw/testkit/seeded-schedule";
import { OWNER } from "../../../fabric/identity.ts";
import type { QueueMode } from "../../../fabric/journal.ts";
import type { SimulatedGateway } from "./simulated-gateway.testing.ts";

export type Deed =
  | { readonly do: "say"; readonly id: string; readonly text: string; readonly queueMode: QueueMode; readonly again?: boolean }
  | { readonly do: "fork"; readonly toKey: string }
  | { readonly do: "patch" | "reset" | "abort" | "clear" | "delete" | "look" | "pin" | "compact" };

export interface Client {
  readonly name: string;
  readonly key: string;
  readonly deeds: readonly Deed[];
}

export interface Accepted {
  readonly client: string;
  readonly key: string;
  readonly id: string;
  readonly text: string;
}

export interface PeopleDeps {
  readonly schedule: SeededSchedule;
  /** A gateway that serves at this moment. */
  readonly gateway: () => SimulatedGateway | undefined;
  /** Rejects when that gateway dies. */
  readonly lost: (gateway: SimulatedGateway) => Promise<never>;
  /** How likely a request or its answer is lost. */
  readonly drops: () => number;
  readonly onAccepted: (message: Accepted) => void;
}

/** Answers that will not change however often one asks. */
const FINAL = ["KEY_DESTROYED", "SESSION_QUEUE_FULL", "NOT_FOUND", "PINS_FULL"] as const;

const NEVER = new AbortController().signal;

/** Resolves when every deed of the client was answered. */
export async function act({ name, key, deeds }: Client, deps: PeopleDeps): Promise<void> {
  for (const deed of deeds) {
    for (;;) {
      await deps.schedule.turn(`${name} tries to ${deed.do}`);
      const gateway = deps.gateway();
      if (gateway === undefined) continue;
      try {
        await Promise.race([attempt(gateway, key, deed, deps), deps.lost(gateway)]);
        if (deed.do === "say" && deed.again !== true) deps.onAccepted({ client: name, key, id: deed.id, text: deed.text });
        break;
      } catch (error) {
        if (hasCode(error, "KEY_DESTROYED")) return; // somebody deleted the session: there is nothing more to do in it
        if (FINAL.some((code) => hasCode(error, code))) break;
        if (deed.do === "fork" && hasCode(error, "CONFLICT")) break; // made by the attempt before
      }
    }
  }
}

async function attempt(first: SimulatedGateway, key: string, deed: Deed, { schedule, drops, gateway }: PeopleDeps): Promise<void> {
  if (schedule.chance(drops())) throw new Error("the request was lost");
  const done = perform(first, key, deed);
  // Whoever is not answered soon tries another door meanwhile.
  const second = schedule.chance(2 * drops()) ? gateway() : undefined;
  if (second !== undefined && deed.do !== "fork") perform(second, key, deed).catch(() => undefined);
  await done;
  if (schedule.chance(drops())) throw new Error("the answer was lost");
}

async function perform({ sessions }: SimulatedGateway, key: string, deed: Deed): Promise<void> {
  switch (deed.do) {
    case "say": {
      const { id: runId, text, queueMode } = deed;
      await sessions.send({ sessionKey: key, agentId: "main", runId, text, queueMode, channel: "test", principal: OWNER });
      return;
    }
    case "patch": return void (await sessions.patch(key, { label: "patched" }, OWNER));
    case "reset": return void (await sessions.reset(key, "reset", OWNER));
    case "abort": return void (await sessions.abort(key, null, OWNER));
    case "clear": return void (await sessions.abort(key, null, OWNER, true));
    case "pin": return void (await sessions.context.pin(key, "as it is", OWNER));
    case "compact": return void (await sessions.context.compact(key, NEVER));
    case "fork": return void (await sessions.past.fork(key, deed.toKey, undefined, OWNER, NEVER));
    case "delete": return void (await sessions.delete(key, OWNER));
    case "look": return void (await sessions.history(key, 20, 0));
  }
}
