/**
 * What others owe a session: where an outcome has not come by its deadline, the session is told so.
 *
 * The run is asked to stop first and given a moment to say how it ended. The word that nothing came is offered under the very
 * id the outcome would have: whichever is stored first is the answer, and the other one is dropped, so a session that asked
 * is woken exactly once, whatever became of whom it asked. Where the one that asked was stopped, the run is stopped at once.
 */
import { codeOf } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { AwaitedReply, ExpectedReply, SessionLog } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { DeliverReply } from "./delivery.ts";

export const REPLY_LIMITS = {
  /** Between asking the run to stop and doing without its outcome. */
  graceMs: 10_000,
  retryMs: 2_000,
} as const;

export interface AwaitReplies {
  /** Makes the timers what the fold expects. */
  work(): void;
  close(): void;
}

export interface AwaitRepliesDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reply: DeliverReply;
  /** Asks a run to stop because nobody waits for it any longer. Does not wait for its end. */
  readonly stopRun: (sessionKey: string, runId: string, by?: string) => Promise<void>;
}

export function createAwaitReplies({ state }: SessionLog, { clock, logger, reply, stopRun }: AwaitRepliesDeps): AwaitReplies {
  const timers = new Map<string, { close(): void }>();
  const told = new Set<string>();
  let closed = false;

  const set = (expected: ExpectedReply, inMs: number, run: () => void): void => {
    if (!closed) timers.set(expected.id, clock.after(inMs, run));
  };

  const isExpected = ({ id }: ExpectedReply): boolean => !closed && state.expected.some((still) => still.id === id);

  /** Whoever asked was stopped itself. Asked once by each owner: it is the same wish, and its answer settles it. */
  const stopNow = ({ id, sessionKey, runId, stopped }: AwaitedReply): void => {
    if (stopped === undefined || closed || told.has(id)) return;
    told.add(id);
    stopRun(sessionKey, runId, stopped.by).catch((error: unknown) => logger.warn("run.unstopped", { error }));
  };

  const pastDeadline = (expected: ExpectedReply): void => {
    if (!isExpected(expected)) return;
    stopRun(expected.sessionKey, expected.runId).catch((error: unknown) => logger.warn("run.unstopped", { error }));
    set(expected, REPLY_LIMITS.graceMs, () => doWithout(expected));
  };

  const doWithout = (expected: ExpectedReply): void => {
    if (!isExpected(expected)) return;
    const { id, sessionKey, runId, replyRunId, depth = state.spawnDepth, hops = 0, relays = 0 } = expected;
    const to = { kind: "session", sessionKey: state.key, runId: replyRunId, depth, hops, relays } as const;
    const from = { sessionKey, agentId: sessionKey.split(":")[1] ?? state.agentId, runId };
    const why = "It did not answer before its deadline.";
    reply.deliver(to, { id, from, status: "timeout", text: "", label: "agent", why }, AbortSignal.any([])).catch((error: unknown) => {
      logger.warn("reply.failed", { code: codeOf(error) ?? "INTERNAL", error });
      set(expected, REPLY_LIMITS.retryMs, () => doWithout(expected));
    });
  };

  return {
    work: () => {
      const present = new Set(state.expected.map(({ id }) => id));
      for (const [id, timer] of timers) {
        if (present.has(id)) continue;
        timer.close();
        timers.delete(id);
        told.delete(id);
      }
      for (const expected of state.expected) {
        stopNow(expected);
        if (!timers.has(expected.id)) set(expected, Math.max(0, expected.deadlineMs - clock.now()), () => pastDeadline(expected));
      }
    },
    close: () => {
      closed = true;
      for (const timer of timers.values()) timer.close();
      timers.clear();
    },
  };
}
