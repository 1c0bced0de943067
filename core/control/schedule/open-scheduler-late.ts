import type { Records } from "@openclaw/sdk";
import { HOME_TENANT } from "../../fabric/identity.ts";
import type { Agents } from "../agents.ts";
import type { Heartbeats } from "./heartbeats.ts";
import { SCHEDULE_BUCKETS } from "./config.ts";
import type { Scheduler, SchedulerDeps } from "./open-scheduler.ts";

/**
 * The schedule, loaded where there is something to do by the clock, else when it is first asked: a gateway without jobs and
 * heartbeats has no calendar in its memory. Behaves as the one of `open-scheduler.ts`; `start` is to be called again whenever the
 * configuration has changed. The caller disposes.
 */
export function openSchedulerLate(deps: SchedulerDeps): Scheduler {
  let loading: Promise<Scheduler> | undefined;
  let loaded: Scheduler | undefined;
  let mayStart = false;
  const whole = (): Promise<Scheduler> => (loading ??= import("./open-scheduler.ts").then(({ openScheduler }) => {
    loaded = openScheduler(deps);
    if (mayStart) loaded.start().catch(() => undefined); // logged where it failed, and told to whoever asks
    return loaded;
  }));
  const start = async (): Promise<void> => {
    mayStart = true;
    if (loading === undefined && !(await hasWork(deps).catch(() => true))) return;
    await (await whole()).start();
  };
  const heartbeats: Pick<Heartbeats, "wake" | "leave" | "last" | "switchTo"> = {
    wake: async (wake) => (await whole()).heartbeats.wake(wake),
    leave: async (agentId, event) => (await whole()).heartbeats.leave(agentId, event),
    switchTo: async (on) => (await whole()).heartbeats.switchTo(on),
    get last() {
      return loaded?.heartbeats.last ?? null;
    },
  };
  return {
    heartbeats, start,
    instanceId: deps.ids.uuid(),
    now: () => deps.clock.now(),
    list: async () => (await whole()).list(),
    get: async (id) => (await whole()).get(id),
    add: async (...args) => (await whole()).add(...args),
    update: async (...args) => (await whole()).update(...args),
    remove: async (id) => (await whole()).remove(id),
    run: async (...args) => (await whole()).run(...args),
    entries: async (...args) => (await whole()).entries(...args),
    expected: async (...args) => (await whole()).expected(...args),
    preview: async (...args) => (await whole()).preview(...args),
    status: async () => (await whole()).status(),
    [Symbol.asyncDispose]: async () => {
      await (await loading)?.[Symbol.asyncDispose]();
    },
  };
}

/** Is there an agent with a heartbeat, a job, or anything a heartbeat has kept? */
async function hasWork({ agents, records }: { readonly agents: Pick<Agents, "list">; readonly records: Records }): Promise<boolean> {
  if (agents.list().some(({ heartbeat }) => heartbeat !== null)) return true;
  const { jobs, heartbeats } = SCHEDULE_BUCKETS;
  const kept = await Promise.all([jobs, heartbeats].map((bucket) => records.list(bucket, `${HOME_TENANT}.`, { limit: 1 })));
  return kept.some((rows) => rows.length > 0);
}
