/** What cuts a turn short, and what is told of it. */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { leadOf, type SessionState, type TurnJob, type TurnState } from "../../fabric/journal.ts";
import { abortOf, TURN_LIMITS, type Next } from "./decide.ts";
import type { RuntimeDeps, TurnSession } from "./turn-work.ts";

type End = Extract<Next, { do: "end" }>;

export interface StepWatch {
  /** Aborts with TURN_STOPPED when the turn has to end now; with the owner's reason when the owner lets go. */
  readonly signal: AbortSignal;
  /** It was, or has to be, cut short, whatever the step brought: the fold decides what comes next. */
  stopped(): boolean;
  close(): void;
}

/** A signal for one step: it also aborts when the fold says so, and when the turn's time is over. */
export function watchStep(session: TurnSession, deps: RuntimeDeps, leftMs: number | undefined, signal: AbortSignal): StepWatch {
  const controller = new AbortController();
  /** It stays so: the message that interrupted may have been taken back by the time the step has ended. */
  const told = { is: false };
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = leftMs === undefined ? undefined : deps.clock.after(leftMs, () => {
    if (session.log.state.turn?.open?.kind === "wait") return; // the step has come to a person, whose time it is not
    told.is = true;
    controller.abort(new OpenClawError("TURN_STOPPED", { why: "Its time is over." }));
  });
  const watch = async (): Promise<void> => {
    for (;;) {
      const why = abortOf(session.log.state);
      if (why !== undefined) {
        told.is = true;
        return controller.abort(new OpenClawError("TURN_STOPPED", { why }));
      }
      await session.changed(controller.signal);
    }
  };
  watch().catch((error: unknown) => {
    if (!controller.signal.aborted && !hasCode(error, "CLOSED")) controller.abort(error);
  });
  return {
    signal: controller.signal,
    stopped: () => told.is || abortOf(session.log.state) !== undefined,
    close: () => {
      signal.removeEventListener("abort", onAbort);
      timer?.close();
      controller.abort(CLOSED);
    },
  };
}

const CLOSED = new OpenClawError("CLOSED");

/** Of a turn's own time; undefined while a person is asked, for that time is not the turn's. None for one that kills its owners. */
export function timeLeftMs({ turn }: SessionState, nowMs: number): number | undefined {
  if (turn === null || turn.answered || turn.open?.kind === "wait") return undefined;
  if (turn.cuts >= TURN_LIMITS.cuts) return 0;
  return limitOf(turn) - (nowMs - turn.startedAtMs - turn.waitedMs);
}

export function tooLate(turn: TurnState): End {
  if (turn.cuts >= TURN_LIMITS.cuts) {
    const why = `The gateway died ${turn.cuts} times in a row while it was at work, before a step of it had an end.`;
    return { do: "end", status: "halted", text: turn.text, code: "TURN_CRASHED", why };
  }
  const why = `It ran for more than ${Math.round(limitOf(turn) / 1_000)} s.`;
  return { do: "end", status: "halted", text: turn.text, code: "TURN_TIMEOUT", why };
}

function limitOf(turn: TurnState): number {
  return leadOf(turn)?.message.timeoutMs ?? TURN_LIMITS.timeoutMs;
}

const OUTCOMES = {
  done: "was done", failed: "failed", stopped: "was ended while it ran", unknown: "may or may not have happened: its outcome is unknown",
  "handed-over": "was handed over and goes on by itself",
} as const;
const ACTS_TOLD = 8;

/**
 * What a turn that is cut short had done by then, and what becomes of what it had set going; empty where it had done nothing
 * outside.
 */
export function reportOf(turn: TurnState, stoppedRuns: number): string {
  const { acts, calls, jobs } = turn;
  const told = acts.slice(-ACTS_TOLD).map(({ summary, outcome }) => `"${summary.slice(0, 200)}" ${OUTCOMES[outcome]}`);
  const more = acts.length - told.length;
  const done = told.length === 0 ? [] : [`By then: ${more > 0 ? `${more} earlier actions; ` : ""}${told.join("; ")}.`];
  const undone = calls.length === 0 ? [] : [`Not begun: ${calls.slice(0, ACTS_TOLD).map(({ name }) => name).join(", ")}.`];
  const others = stoppedRuns === 0 ? [] : [`Told to stop: ${stoppedRuns === 1 ? "1 sub-agent" : `${stoppedRuns} sub-agents`}.`];
  return [...done, ...jobs.slice(-ACTS_TOLD).map(sayJob), ...others, ...undone].join(" ");
}

function sayJob({ jobId, nodeId, summary, detached, end }: TurnJob): string {
  const said = `The background program "${summary.slice(0, 200)}"`;
  if (end === "ended") return `${said} was ended.`;
  if (end === "finished") return `${said} had ended by itself.`;
  const why = detached ? "goes on, as it was asked to" : "could not be ended, and may run on";
  return `${said} ${why}; to end it: openclaw nodes invoke --node ${nodeId} --command job.kill --params '{"jobId":"${jobId}"}'.`;
}
