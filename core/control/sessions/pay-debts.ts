/**
 * What a session owes others: each outcome is brought to its address, and the log says when that is done.
 *
 * Outcomes for one address go in order; one address that cannot be reached delays no other. What a crash leaves owed is found
 * from headers and brought by the next owner under the same id. Trying ends: a condition that stays is given up at once, a messenger
 * that is away after a day, any other after a bounded number of attempts or a day, and the log says so.
 */
import { ERRORS, OpenClawError, codeOf, hasCode, type ErrorCode } from "@openclaw/protocol";
import type { Claim } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { OwedOutcome, ReplyAddress, ReplyDelivered, SessionLog } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import { deliveryOf, type DeliverReply, type Delivery } from "./delivery.ts";

export const DELIVERY_LIMITS = {
  attempts: 10,
  retryFirstMs: 500,
  retryLastMs: 60_000,
  /** An outcome older than this is brought to no channel any more. */
  ageMs: 86_400_000,
} as const;

/** Conditions of the store that pass, or that somebody ends by freeing a disk: no attempt is counted. */
const PASSING = ["ENGINE_UNAVAILABLE", "BACKPRESSURE", "FILE_LOCKED", "DISK_FULL", "FENCED"] as const;

export interface PayDebts {
  /** Begins bringing whatever is owed. Does not wait for it. */
  work(claim: Claim): void;
  /**
   * Before a deletion: brings what is owed, and an error to whoever still waits for an answer. Throws what passes, so that the
   * deletion is tried again; who cannot be reached otherwise is left.
   */
  settle(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stopped(): Promise<void>;
}

export interface PayDebtsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reply: DeliverReply;
  /** Ends all work; what is owed stays owed. */
  readonly stop: AbortSignal;
  /** The fold moved. */
  readonly onPaid: () => void;
}

export function createPayDebts(log: SessionLog, { clock, logger, reply, stop, onPaid }: PayDebtsDeps): PayDebts {
  const { state } = log;
  const taken = new Set<string>();
  const lanes = new Map<string, Promise<void>>();

  const tryOnce = async (owed: OwedOutcome): Promise<void> => {
    if (owed.to.kind === "channel" && state.settings.sendPolicy === "deny") {
      throw new OpenClawError("SEND_FORBIDDEN", { why: "The session's send policy is deny." });
    }
    await reply.deliver(owed.to, deliveryOf(state, owed), stop);
  };

  const record = async (claim: Claim, body: ReplyDelivered): Promise<void> => {
    const { failed, attempts } = body;
    if (failed !== undefined) logger.warn("reply.given-up", { code: failed.code, attempts });
    await log.append(claim, `agent:${state.agentId}`, [{ type: "reply.delivered", body, cause: body.id }]);
    onPaid();
  };

  const pay = async (claim: Claim, owed: OwedOutcome): Promise<void> => {
    const { id } = owed;
    let retryMs: number = DELIVERY_LIMITS.retryFirstMs;
    for (let attempts = 1; !stop.aborted && !claim.lost.aborted && state.owed.some((still) => still.id === id); ) {
      try {
        await tryOnce(owed);
        return await record(claim, { id, attempts });
      } catch (error) {
        if (stop.aborted || claim.lost.aborted || hasCode(error, "CLOSED")) return;
        if (!PASSING.some((code) => hasCode(error, code))) {
          if (isFinal(error, owed, attempts, clock.now())) {
            const given = await record(claim, { id, attempts, failed: failureOf(error) }).then(() => true, () => false);
            if (given) return;
          } else attempts += 1;
        }
        await clock.wait(retryMs, stop).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, DELIVERY_LIMITS.retryLastMs);
      }
    }
  };

  return {
    work: (claim) => {
      for (const owed of state.owed) {
        if (taken.has(owed.id)) continue;
        taken.add(owed.id);
        const lane = laneOf(owed.to);
        const done = (lanes.get(lane) ?? Promise.resolve()).then(() => pay(claim, owed)).finally(() => {
          taken.delete(owed.id);
          if (lanes.get(lane) === done) lanes.delete(lane);
        });
        done.catch((error: unknown) => logger.error("reply.failed", { code: codeOf(error) ?? "INTERNAL", error }));
        lanes.set(lane, done);
      }
    },
    settle: async () => {
      const { key, agentId, owed, deferred, queue } = state;
      const unanswered = [
        ...deferred, ...queue.flatMap(({ offerId: id, message: { replyTo: to, runId } }) => (to === undefined ? [] : [{ id, to, runId }])),
      ];
      const gone = { status: "error", text: "", label: "agent", code: "KEY_DESTROYED", why: "The session was deleted." } as const;
      const deliveries: (readonly [ReplyAddress, Delivery])[] = [
        ...owed.map((debt) => [debt.to, deliveryOf(state, debt)] as const),
        ...unanswered.map(({ id, runId, to }) => [to, { id, from: { sessionKey: key, agentId, runId }, ...gone }] as const),
      ];
      for (const [to, delivery] of deliveries) {
        await reply.deliver(to, delivery, stop).catch((error: unknown) => {
          // Another slot changed hands: for the deletion that is a store that did not answer.
          if (PASSING.some((code) => hasCode(error, code))) throw new OpenClawError("ENGINE_UNAVAILABLE", { cause: error });
          logger.warn("reply.given-up", { code: codeOf(error) ?? "INTERNAL", attempts: 1 });
        });
      }
    },
    stopped: async () => {
      await Promise.allSettled(lanes.values());
    },
  };
}

function isFinal(error: unknown, { to, sinceMs }: OwedOutcome, attempts: number, nowMs: number): boolean {
  const code = codeOf(error) ?? "INTERNAL";
  const isOld = to.kind === "channel" && nowMs - sinceMs > DELIVERY_LIMITS.ageMs;
  // A messenger may be away for hours; nothing was tried there.
  if (code === "CHANNEL_DOWN") return isOld;
  return isOld || ERRORS[code].retry !== "later" || attempts >= DELIVERY_LIMITS.attempts;
}

function failureOf(error: unknown): { readonly code: ErrorCode; readonly why: string } {
  return { code: codeOf(error) ?? "INTERNAL", why: error instanceof OpenClawError ? error.message : "It could not be delivered." };
}

function laneOf(to: ReplyAddress): string {
  if (to.kind === "session") return `session ${to.sessionKey}`;
  return to.kind === "channel" ? `channel ${to.channel} ${to.accountId ?? ""} ${to.to} ${to.threadId ?? ""}` : "caller";
}
