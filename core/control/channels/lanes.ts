/** One thing after the other for each name, beside all others. */
import { OpenClawError } from "@openclaw/protocol";

export interface Lanes {
  /** Throws BACKPRESSURE where too much waits in that lane. */
  run<T>(lane: string, task: () => Promise<T>): Promise<T>;
  isBusy(lane: string): boolean;
  /** Resolves when nothing is under way. */
  stopped(): Promise<void>;
}

const WAITING_MAX = 1_000;

export function createLanes(): Lanes {
  const lanes = new Map<string, { last: Promise<unknown>; waiting: number }>();
  return {
    run: async (name, task) => {
      const lane = lanes.get(name) ?? { last: Promise.resolve(), waiting: 0 };
      if (lane.waiting >= WAITING_MAX) {
        throw new OpenClawError("BACKPRESSURE", { why: `${WAITING_MAX} messages wait for one conversation.` });
      }
      lanes.set(name, lane);
      lane.waiting += 1;
      const done = lane.last.then(task).finally(() => {
        lane.waiting -= 1;
        if (lane.waiting === 0) lanes.delete(name);
      });
      lane.last = done.catch(() => undefined);
      return await done;
    },
    isBusy: (name) => lanes.has(name),
    stopped: async () => {
      while (lanes.size > 0) await Promise.all([...lanes.values()].map(({ last }) => last));
    },
  };
}
