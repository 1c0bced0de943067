import type { Heartbeats } from "./heartbeats.ts";
import type { Scheduler, SchedulerDeps } from "./open-scheduler.ts";

/**
 * The schedule, loaded when it is first started or asked: a gateway that starts does not wait for a calendar. Behaves as the one
 * of `open-scheduler.ts`. The caller disposes.
 */
export function openSchedulerLate(deps: SchedulerDeps): Scheduler {
  let loading: Promise<Scheduler> | undefined;
  let loaded: Scheduler | undefined;
  const whole = (): Promise<Scheduler> => (loading ??= import("./open-scheduler.ts").then(({ openScheduler }) => {
    loaded = openScheduler(deps);
    return loaded;
  }));
  const heartbeats: Pick<Heartbeats, "wake" | "leave" | "last" | "switchTo"> = {
    wake: async (wake) => (await whole()).heartbeats.wake(wake),
    leave: async (agentId, event) => (await whole()).heartbeats.leave(agentId, event),
    switchTo: async (on) => (await whole()).heartbeats.switchTo(on),
    get last() {
      return loaded?.heartbeats.last ?? null;
    },
  };
  return {
    heartbeats,
    instanceId: deps.ids.uuid(),
    now: () => deps.clock.now(),
    start: async () => (await whole()).start(),
    list: async () => (await whole()).list(),
    get: async (id) => (await whole()).get(id),
    add: async (...args) => (await whole()).add(...args),
    update: async (...args) => (await whole()).update(...args),
    remove: async (id) => (await whole()).remove(id),
    run: async (...args) => (await whole()).run(...args),
    entries: async (...args) => (await whole()).entries(...args),
    expected: async (...args) => (await whole()).expected(...args),
    status: async () => (await whole()).status(),
    [Symbol.asyncDispose]: async () => {
      await (await loading)?.[Symbol.asyncDispose]();
    },
  };
}
