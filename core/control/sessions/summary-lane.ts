/**
 * Summaries beside a session's turns: made in the background after a turn has ended, recorded between two turns by whoever
 * has the lane, so that none delays a reply and no turn's prompt changes under it.
 */
import { codeOf } from "@openclaw/protocol";
import type { Claim } from "@openclaw/sdk";
import type { NewEvent, SessionLog } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { summariseSession, type RuntimeDeps } from "../../cognition/runtime.ts";

export interface SummaryLane {
  /** Begins one if one is due and none is being made; `onReady` is called when it waits to be recorded. */
  consider(onReady: () => void): void;
  /** Makes one now. Resolves with how far it will reach once it waits to be recorded; undefined when there is nothing to cover. */
  make(signal: AbortSignal): Promise<number | undefined>;
  isReady(): boolean;
  /** Records the one that waits. Call it only between two turns. False when there was none, or the session was reset since. */
  record(claim: Claim): Promise<boolean>;
}

type SummaryEvent = Extract<NewEvent, { type: "summary.recorded" }>;

/** `stopped` ends what is being made: the next owner makes it again. */
export function createSummaryLane(log: SessionLog, runtime: RuntimeDeps, logger: Pick<Logger, "warn">, stopped: AbortSignal): SummaryLane {
  const { state } = log;
  let making: Promise<SummaryEvent | undefined> | undefined;
  let ready: SummaryEvent | undefined;

  const begin = (options: { readonly force?: boolean }, signal: AbortSignal): Promise<SummaryEvent | undefined> => {
    const made = summariseSession(log, runtime, options, signal).then((event) => {
      ready = event ?? ready;
      return event;
    }).finally(() => {
      making = undefined;
    });
    making = made;
    return made;
  };

  return {
    consider: (onReady) => {
      if (making !== undefined || ready !== undefined || stopped.aborted) return;
      begin({}, stopped).then((event) => {
        if (event !== undefined && !stopped.aborted) onReady();
      }, (error: unknown) => {
        // The conversation goes on without it: what does not fit is left out of the prompt, and the next turn tries again.
        if (!stopped.aborted) logger.warn("summary.failed", { code: codeOf(error) ?? "INTERNAL" });
      });
    },
    make: async (signal) => {
      await making?.catch(() => undefined);
      const event = ready ?? (await begin({ force: true }, AbortSignal.any([stopped, signal])));
      return event?.body.upToSeq;
    },
    isReady: () => ready !== undefined,
    record: async (claim) => {
      const event = ready;
      if (event === undefined) return false;
      const useful = event.body.window === state.window && !state.deleted;
      // Tried once: where the log refuses it, it is made again after the next turn.
      ready = undefined;
      if (useful) await log.append(claim, `agent:${state.agentId}`, [event]);
      return useful;
    },
  };
}
