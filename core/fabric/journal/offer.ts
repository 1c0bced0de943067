/** What anyone may put into a session's log: messages, answers, wishes. Bodies are sealed. */
import type { Attachment } from "./transcript-message.ts";

/** What a person or a part of the system wants of a session. */
export interface OfferBodies {
  "message.offered": MessageOffer;
  "approval.answered": { readonly approvalId: string; readonly decision: ApprovalDecision; readonly by: string };
  "abort.requested": AbortOffer;
  "patch.requested": { readonly requestId: string; readonly patch: SessionSettings };
  "reset.requested": { readonly requestId: string; readonly reason: "new" | "reset" };
  "deletion.requested": { readonly requestId: string };
  /** Takes waiting messages back: the one of that run, or all that were offered before this. */
  "withdrawal.requested": { readonly requestId: string; readonly runId: string | null; readonly by: string };
  "pin.requested": PinOffer;
}

export interface AbortOffer {
  readonly runId: string | null;
  readonly by: string;
  /** Engine ids of answers of other sessions: their runs are to be stopped, and what they say is only written down. */
  readonly abandons?: readonly string[];
  /** The same, where somebody is owed the outcome: the turn that takes such an answer ends as stopped. */
  readonly ends?: readonly string[];
}

/** A fact that shall stay before the model's eyes; without a text, that one shall go. */
export interface PinOffer {
  readonly requestId: string;
  readonly id: string;
  readonly text: string | null;
}

/**
 * What a message does when a turn is under way: waits for a turn of its own, joins the running one before its next model
 * step, is gathered with its neighbours into one turn, or ends the running turn.
 */
export type QueueMode = "followup" | "steer" | "collect" | "interrupt";

export type ApprovalDecision = "allow-once" | "allow-always" | "deny" | "expired";

export interface MessageOffer {
  readonly sessionKey: string;
  readonly agentId: string;
  /** The client's idempotency key: a message of the same run id is the same message. */
  readonly runId: string;
  readonly text: string;
  readonly attachments?: readonly Attachment[];
  /** Where a reply belongs: `web`, `cli`, a channel. */
  readonly channel: string;
  readonly model?: string;
  readonly extraSystemPrompt?: string;
  readonly timeoutMs?: number;
  /** `followup` unless given; decided when the message was accepted. */
  readonly queueMode?: QueueMode;
  /** How much the model is to think about this message. */
  readonly thinking?: string;
  /** Said in a group to somebody else: part of the transcript, and no turn answers it. */
  readonly historyOnly?: true;
  /** Who or what brought it; a person unless said. */
  readonly origin?: MessageOrigin;
  /** To whom the outcome of the run that answers this message is owed. */
  readonly replyTo?: ReplyAddress;
  /** How often the program itself passed something on, on the way from a person to this message; not at all unless said. */
  readonly relays?: number;
}

export type MessageOrigin =
  /** The session from which a person made this one, where there is one. */
  | { readonly kind: "person"; readonly sessionKey?: string }
  | { readonly kind: "schedule"; readonly jobId: string; readonly dueMs: number }
  | { readonly kind: "hook"; readonly name: string }
  | ({ readonly kind: "agent" } & FromSession)
  | ({ readonly kind: "reply" } & FromSession);

interface FromSession {
  readonly sessionKey: string;
  /** Of that session's run. */
  readonly runId?: string;
  /** How many agents stand between the message and a person. */
  readonly depth?: number;
  /** How many messages of agents, with their replies, led to this one since a person last spoke. */
  readonly hops?: number;
}

/** Where an outcome goes. */
export type ReplyAddress =
  /** A message with this run id in that session. */
  | {
      readonly kind: "session"; readonly sessionKey: string; readonly runId: string;
      readonly depth?: number; readonly hops?: number; readonly relays?: number;
    }
  /** Whoever asked waits for the run itself: nothing is brought anywhere. */
  | { readonly kind: "caller" }
  | {
      readonly kind: "channel";
      readonly channel: string;
      readonly to: string;
      readonly accountId?: string;
      readonly threadId?: string;
      readonly replyToId?: string;
    };

/** An outcome owed to an address. */
export interface Debt {
  /** The engine id of the message it answers: the same at every attempt, and says nothing of what it was made from. */
  readonly id: string;
  readonly runId: string;
  readonly to: ReplyAddress;
}

/** An outcome that another session owes to this one. */
export interface ExpectedReply {
  /** Engine id of the message that will bring it. */
  readonly id: string;
  /** Run id of that message. */
  readonly replyRunId: string;
  readonly sessionKey: string;
  readonly runId: string;
  /** When this session is told that nothing came. */
  readonly deadlineMs: number;
  /** As the message that brings it will say. */
  readonly depth?: number;
  readonly hops?: number;
  readonly relays?: number;
  /** Its run goes on though whoever asked is stopped. */
  readonly detached?: true;
}

/** Settings of one session; null takes a setting back to the agent's. */
export interface SessionSettings {
  readonly label?: string | null;
  readonly model?: string | null;
  readonly thinkingLevel?: string | null;
  readonly verboseLevel?: string | null;
  readonly sendPolicy?: string | null;
  readonly queueMode?: string | null;
  readonly groupActivation?: string | null;
  readonly archived?: boolean | null;
  readonly pinned?: boolean | null;
  /** Marked as not read, by a person. */
  readonly unread?: boolean | null;
  /** A name that a program gave: shown where a person gave none. */
  readonly autoLabel?: string | null;
  readonly icon?: string | null;
  readonly color?: string | null;
  readonly category?: string | null;
}
