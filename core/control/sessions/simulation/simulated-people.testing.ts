/** The clients of the simulation: each does one thing after another, and repeats what nobody answered, under the same id. */
import { hasCode } from "@openclaw/protocol";
import type { SeededSchedule } from "@openclaw/testkit/seeded-schedule";
import { OWNER } from "../../../fabric/identity.ts";
import type { QueueMode } from "../../../fabric/journal.ts";
import type { SimulatedGateway } from "./simulated-gateway.testing.ts";

export type Deed =
  | { readonly do: "say"; readonly id: string; readonly text: string; readonly queueMode: QueueMode }
  | { readonly do: "patch" | "reset" | "abort" | "delete" | "look" };

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
const FINAL = ["KEY_DESTROYED", "SESSION_QUEUE_FULL", "NOT_FOUND"] as const;

/** Resolves when every deed of the client was answered. */
export async function act({ name, key, deeds }: Client, deps: PeopleDeps): Promise<void> {
  for (const deed of deeds) {
    for (;;) {
      await deps.schedule.turn(`${name} tries to ${deed.do}`);
      const gateway = deps.gateway();
      if (gateway === undefined) continue;
      try {
        await Promise.race([attempt(gateway, key, deed, deps), deps.lost(gateway)]);
        if (deed.do === "say") deps.onAccepted({ client: name, key, id: deed.id, text: deed.text });
        break;
      } catch (error) {
        if (hasCode(error, "KEY_DESTROYED")) return; // somebody deleted the session: there is nothing more to do in it
        if (FINAL.some((code) => hasCode(error, code))) break;
      }
    }
  }
}

async function attempt(gateway: SimulatedGateway, key: string, deed: Deed, { schedule, drops }: PeopleDeps): Promise<void> {
  if (schedule.chance(drops())) throw new Error("the request was lost");
  const twice = deed.do === "say" && schedule.chance(drops());
  const first = perform(gateway, key, deed);
  await Promise.all([first, ...(twice ? [perform(gateway, key, deed)] : [])]);
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
    case "delete": return void (await sessions.delete(key, OWNER));
    case "look": return void (await sessions.history(key, 20, 0));
  }
}
