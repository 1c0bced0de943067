/** How far behind each queue is, and an alert when one is too far. */
import type { Queues } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";

export interface QueueRow {
  readonly queue: string;
  readonly jobs: number;
  readonly dead: number;
  readonly bytes: number;
  /** Age of the oldest job that is not done; 0 when there is none. */
  readonly lagMs: number;
  readonly lagging: boolean;
}

export interface QueueWatch extends Disposable {
  rows(): Promise<readonly QueueRow[]>;
  /** Looks now. */
  look(): Promise<void>;
}

export interface QueueWatchDeps {
  readonly queues: Pick<Queues, "depths">;
  readonly clock: Clock;
  /** From which age on a queue lags. */
  readonly limitMsOf: (queue: string) => number;
  /** Once when a queue begins to lag, and once when it has caught up. */
  readonly onChange: (row: QueueRow) => void;
}

const LOOK_EVERY_MS = 5_000;

export function openQueueWatch({ queues, clock, limitMsOf, onChange }: QueueWatchDeps): QueueWatch {
  const lagging = new Map<string, QueueRow>();
  let closed = false;

  const rows = async (): Promise<readonly QueueRow[]> => {
    const now = clock.now();
    return (await queues.depths()).map(({ queue, jobs, dead, bytes, oldestMs }) => {
      const lagMs = oldestMs === null ? 0 : Math.max(0, now - oldestMs);
      return { queue, jobs, dead, bytes, lagMs, lagging: lagMs > limitMsOf(queue) };
    });
  };

  const look = async (): Promise<void> => {
    const found = new Map((await rows()).map((row) => [row.queue, row]));
    for (const row of found.values()) {
      if (row.lagging === lagging.has(row.queue)) continue;
      if (row.lagging) lagging.set(row.queue, row);
      else lagging.delete(row.queue);
      onChange(row);
    }
    for (const [queue, row] of lagging) {
      if (found.has(queue)) continue;
      lagging.delete(queue);
      onChange({ ...row, jobs: 0, bytes: 0, lagMs: 0, lagging: false });
    }
  };

  const arm = (): { close(): void } => clock.after(LOOK_EVERY_MS, () => {
    void look().catch(() => undefined).finally(() => {
      if (!closed) timer = arm();
    });
  });
  let timer = arm();

  return {
    rows, look,
    [Symbol.dispose]: () => {
      closed = true;
      timer.close();
    },
  };
}
