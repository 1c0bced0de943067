/**
 * An outcome on its way to the address it is owed to.
 *
 * A deliverer is asked again after a crash, with the same id: bringing one outcome twice must change nothing. What it throws
 * says what happens next: a condition that passes is waited for, one that stays is given up and recorded.
 */
import type { ErrorCode, Label } from "@openclaw/protocol";
import type { OwedOutcome, ReplyAddress, SessionState } from "../../fabric/journal.ts";

export type SessionReplyAddress = Extract<ReplyAddress, { kind: "session" }>;
export type ChannelAddress = Extract<ReplyAddress, { kind: "channel" }>;

/** An outcome on its way. */
export interface Delivery {
  /** The same at every attempt. */
  readonly id: string;
  readonly from: { readonly sessionKey: string; readonly agentId: string; readonly runId: string; readonly title?: string };
  readonly status: ReplyStatus;
  readonly text: string;
  /** The least trusted of everything it was made from. */
  readonly label: Label;
  readonly code?: ErrorCode;
  readonly why?: string;
  /** Of several outcomes that one end of a turn gave, all the same, what they have in common within the session. */
  readonly sharedEnd?: number;
}

export type ReplyStatus = "ok" | "error" | "timeout" | "aborted" | "halted";

/** Brings outcomes out through one channel. */
export interface ChannelDeliverer {
  /** Resolves once the channel has it. A repeated `delivery.id` changes nothing. Throws coded errors. */
  deliver(to: ChannelAddress, delivery: Delivery, signal: AbortSignal): Promise<void>;
}

export interface DeliverReply {
  /** Throws CHANNEL_UNKNOWN where nobody could bring it: asked before a message with that address is accepted. */
  check(to: ReplyAddress): void;
  deliver(to: ReplyAddress, delivery: Delivery, signal: AbortSignal): Promise<void>;
}

export function deliveryOf({ key, agentId, settings }: SessionState, owed: OwedOutcome): Delivery {
  const { id, runId, text, label, code, why, shared, position } = owed;
  const title = typeof settings.label === "string" ? { title: settings.label } : {};
  return {
    id, from: { sessionKey: key, agentId, runId, ...title }, status: statusOf(owed), text, label,
    ...(code === undefined ? {} : { code }), ...(why === undefined ? {} : { why }), ...(shared === true ? { sharedEnd: position } : {}),
  };
}

export function statusOf({ status, code }: Pick<OwedOutcome, "status" | "code">): ReplyStatus {
  return code === "TURN_TIMEOUT" ? "timeout" : status;
}

/** What the agent reads that asked. */
export function formatReply({ from, status, text, code, why }: Delivery): string {
  const who = from.title === undefined ? from.sessionKey : `${JSON.stringify(from.title)} (${from.sessionKey})`;
  const head = `[Answer of ${who}: ${status}${code === undefined ? "" : ` ${code}`}]`;
  return [head, ...(status === "ok" || why === undefined ? [] : [why]), ...(text === "" ? [] : [text])].join("\n\n");
}
