/** Alerts, for whoever looks after the gateway. */
import type { Clock } from "../../../base/clock.ts";
import type { Alerts } from "../../alerts.ts";
import type { ClientView, MethodHandlers } from "../method.ts";

export interface AlertMethodDeps {
  readonly alerts: () => Promise<Pick<Alerts, "refresh" | "list" | "acknowledge" | "mute">>;
  readonly clock: Pick<Clock, "now">;
}

const MINUTE_MS = 60_000;

export function alertMethods({ alerts, clock }: AlertMethodDeps): MethodHandlers {
  return {
    "alerts.list": async () => {
      const desk = await alerts();
      await desk.refresh().catch(() => undefined); // the log says so with the next look; what is known is answered
      return desk.list();
    },
    "alerts.ack": async (params, { client }) => {
      const { id, by } = params as { readonly id: string; readonly by?: string };
      return { alert: await (await alerts()).acknowledge(id, nameOf(client, by)) };
    },
    "alerts.mute": async (params, { client }) => {
      const { code, minutes, by } = params as { readonly code: string; readonly minutes: number; readonly by?: string };
      const untilMs = minutes === 0 ? null : clock.now() + minutes * MINUTE_MS;
      return { mutes: await (await alerts()).mute(code, untilMs, nameOf(client, by)) };
    },
  };
}

/** The person's name as they say it, and what they came with. */
function nameOf({ displayName, clientId }: ClientView, by: string | undefined): string {
  const through = displayName ?? clientId;
  return by === undefined || by === "" ? through : `${by} (${through})`;
}
