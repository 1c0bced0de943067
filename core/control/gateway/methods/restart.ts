/** Updates and restarts. This program never fetches itself, and what a restart interrupts goes on where it was. */
import type { Clock } from "../../../base/clock.ts";
import type { Sessions } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";

export interface RestartMethodDeps {
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, "active">;
  /** Questions that wait for a person. */
  readonly waiting: () => number;
  /** Runs of scheduled jobs. */
  readonly jobsRunning: () => Promise<number>;
  /** Ends this gateway in good order and starts it again in the same process. */
  readonly restart: (delayMs: number, reason: string) => void;
}

interface RestartParams {
  readonly reason?: string;
  readonly delayMs?: number;
  readonly restartDelayMs?: number;
}

interface Blocker {
  readonly kind: string;
  readonly count: number;
  readonly message: string;
}

export function restartMethods(deps: RestartMethodDeps): MethodHandlers {
  return {
    "update.status": () => ({
      sentinel: null, updateAvailable: null, effectiveChannel: "stable",
      schedule: { channel: "stable", autoEnabled: false, install: { kind: "package" } },
    }),
    "gateway.restart.preflight": () => preflight(deps),
    "gateway.restart.request": async (params) => {
      const { reason = "gateway.restart.safe", delayMs, restartDelayMs } = (params ?? {}) as RestartParams;
      const waitMs = delayMs ?? restartDelayMs ?? 0;
      const before = await preflight(deps);
      deps.restart(waitMs, reason);
      return {
        ok: true, status: "scheduled", preflight: before,
        restart: { ok: true, pid: process.pid, reason, mode: "emit", delayMs: waitMs, cooldownMsApplied: 0, coalesced: false },
      };
    },
  };
}

async function preflight({ sessions, waiting, jobsRunning }: RestartMethodDeps): Promise<Readonly<Record<string, unknown>>> {
  const rows = sessions.active();
  const running = rows.filter(({ status }) => status === "running");
  const tasks = rows.filter(({ spawnedBy }) => spawnedBy !== undefined).length;
  const counts = {
    queueSize: rows.length - running.length, pendingReplies: waiting(), embeddedRuns: running.length, cronRuns: await jobsRunning(),
    backgroundExecSessions: 0, rootRequests: 0, activeTasks: tasks,
  };
  const totalActive = counts.queueSize + counts.embeddedRuns + counts.cronRuns;
  const blockers: Blocker[] = [
    ["queue", counts.queueSize, "waiting message"], ["embedded-run", counts.embeddedRuns, "running turn"],
    ["cron-run", counts.cronRuns, "running job"],
  ].flatMap(([kind, count, what]) => (
    Number(count) === 0 ? [] : [{ kind: String(kind), count: Number(count), message: `${count} ${what}${count === 1 ? "" : "s"}` }]
  ));
  const summary = totalActive === 0 ? "safe to restart now"
    : `a restart interrupts ${blockers.map(({ message }) => message).join(", ")}; they go on after it`;
  return { safe: totalActive === 0, counts: { ...counts, totalActive }, blockers, summary };
}
