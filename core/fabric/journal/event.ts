/**
 * Everything that can stand in a session's log. An offer is what anyone may put there; an event is what the owner
 * decided or saw. Headers are in the clear and hold nothing a person wrote; bodies are sealed.
 */
import type { Effect, ErrorCode, Label } from "@openclaw/protocol";
import type { Intent, Landing, ToolCall, Usage } from "@openclaw/sdk";
import type { ApprovalDecision, Debt, ExpectedReply, OfferBodies, SessionSettings } from "./offer.ts";
import type { OutputKept } from "./output-kept.ts";
import type { Attachment, PinnedFact, SessionSummary, SummaryRecorded, Transcript, TranscriptMessage } from "./transcript-message.ts";

export type { SummaryRecorded };

/** What the owner of a session appends, under its claim. */
export interface EventBodies {
  "session.opened": SessionOpened;
  /** The first event of a session that is another one's branch; the transcript follows. */
  "session.branched": SessionBranched;
  "transcript.copied": { readonly messages: readonly TranscriptMessage[] };
  /** The first event of a session that another program kept; its transcript follows. */
  "session.imported": SessionImported;
  "import.advanced": ImportAdvanced;
  "session.patched": { readonly requestId: string; readonly patch: SessionSettings };
  "session.reset": { readonly requestId: string; readonly reason: string };
  "session.deleted": { readonly requestId: string };
  "turn.started": TurnStarted;
  /** Another owner goes on with the turn. */
  /** `cut`: the owner before died with it, or lost it. */
  "turn.resumed": { readonly runId: string; readonly cut?: true };
  /** Waiting messages became part of the running turn, in order, before its next model step. */
  "input.joined": { readonly runId: string; readonly inputs: readonly string[] };
  /** Waiting messages that no turn will answer: each run ends as an error. */
  "message.dropped": MessageDropped;
  /** Waiting messages that only enter the transcript. */
  "message.noted": { readonly inputs: readonly string[] };
  /** The session now uses another credential of this provider. */
  "profile.pinned": {
    readonly provider: string; readonly profile: string;
    /** The one that is left, and why. */
    readonly failed: string; readonly code: ErrorCode;
  };
  /** What a recording says that came with a message of the window. */
  "file.transcribed": { readonly fileId: string; readonly transcript: Transcript };
  "step.started": StepStarted;
  "step.ended": StepEnded;
  "turn.ended": TurnEnded;
  "job.ended": JobEnded;
  "reply.delivered": ReplyDelivered;
  /** The supervisor's word to the model, before it halts the turn. */
  "turn.warned": { readonly runId: string; readonly rule: string; readonly text: string };
  "note.recorded": { readonly text: string; readonly stepId?: string };
  "summary.recorded": SummaryRecorded;
  "fact.pinned": { readonly requestId: string; readonly id: string; readonly text: string };
  "fact.unpinned": { readonly requestId: string; readonly id: string };
}

export interface MessageDropped {
  /** Engine ids of the offers. */
  readonly inputs: readonly string[];
  /** `oldest` and `summarize`: too many waited. `withdrawn`: somebody took them back. */
  readonly policy: "oldest" | "summarize" | "withdrawn";
  /** The withdrawal this settles, and whose it was. */
  readonly requestId?: string;
  readonly by?: string;
}

export interface SessionOpened {
  readonly key: string;
  readonly agentId: string;
  readonly sessionId: string;
  /** The session whose agent made it, and how many agents stand between it and a person. */
  readonly spawnedBy?: string;
  readonly spawnDepth?: number;
}

export interface SessionBranched {
  readonly key: string;
  readonly agentId: string;
  readonly sessionId: string;
  /** Where it parts from the other session: the last entry of its log that goes along. */
  readonly from: { readonly key: string; readonly sessionId: string; readonly position: number };
  readonly settings: SessionSettings;
  /** Number of the first message that was copied, and how many were. */
  readonly firstSeq: number;
  readonly messages: number;
  readonly summary: SessionSummary | null;
  readonly pinned: readonly PinnedFact[];
}

export interface SessionImported {
  readonly key: string;
  readonly agentId: string;
  readonly sessionId: string;
  /** Where it came from, such as `openclaw 2026.9.6`. */
  readonly program: string;
  readonly settings: SessionSettings;
  readonly createdAtMs: number;
  readonly spawnedBy?: string;
  readonly spawnDepth?: number;
}

/** How far an import has come: whoever goes on with it begins there. */
export interface ImportAdvanced {
  /** The transcript that is being read, and how many of its entries were looked at. */
  readonly source: string;
  readonly entries: number;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  readonly updatedAtMs?: number;
  /** All of it is here. */
  readonly done?: true;
}

/** An owed outcome needs no more work: it was brought, or given up. */
export interface ReplyDelivered {
  /** Of the debt. */
  readonly id: string;
  readonly attempts: number;
  /** Present where it was given up. */
  readonly failed?: { readonly code: ErrorCode; readonly why: string };
}

export interface TurnStarted {
  readonly runId: string;
  /** Engine ids of the offers this turn answers. */
  readonly inputs: readonly string[];
  readonly model: string;
  readonly thinking?: string;
  /** Which credential of the model's provider the session uses, where there are several. */
  readonly profile?: string;
  readonly revision: Revision;
}

/** What decisions depend on besides the log: on the same revision, the same log gives the same decisions. */
export interface Revision {
  readonly program: string;
  readonly config: string;
  readonly prompt: string;
  readonly skills: string;
  readonly memory: string;
}

export type StepStarted =
  | {
      readonly stepId: string;
      readonly kind: "model";
      readonly model: string;
      /** SHA-256, base64url, of what the model was shown: by it a replay knows the prompt again. Absent when it was not asked. */
      readonly prompt?: string;
      /** The same of the tools' faces. */
      readonly tools?: string;
      /** The room the prompt was made for. */
      readonly contextTokens?: number;
      /** The encoding its messages were counted with, where they were not estimated. */
      readonly tokenizer?: string;
    }
  | {
      readonly stepId: string;
      readonly kind: "tool";
      readonly call: ToolCall;
      readonly intent: Intent;
      /** Of the intent: what the crash table looks up. */
      readonly effect: Effect;
      /** Of the messages its turn answers, the most. */
      readonly relays?: number;
      /** Which the node's journal knows it by. */
      readonly invocationId: string;
      readonly nodeId: string | null;
      readonly decision: GateRecord;
    }
  | {
      readonly stepId: string;
      readonly kind: "wait";
      readonly call: ToolCall;
      readonly intent: Intent;
      readonly nodeId: string | null;
      readonly approvalId: string;
      readonly intentHash: string;
      /** What "always" would cover. */
      readonly rememberHash: string;
      readonly remember: "session" | "exact";
      readonly relays?: number;
      readonly decision: GateRecord;
      readonly expiresAtMs: number;
    };

export interface GateRecord {
  readonly answer: "allow" | "ask" | "refuse";
  readonly rule: string;
  readonly reason: string;
  /** Whose words the arguments were. */
  readonly label: Label;
  /** What the gate went by besides the session: with it the same decision can be made again. */
  readonly under?: {
    readonly landing: Landing;
    readonly localNodeConfined: boolean;
    readonly yesLocal: boolean;
    /** Where a program would run. */
    readonly place?: { readonly allowedDirs: readonly string[]; readonly cwd?: string };
  };
}

/** What asking took, in millionths of the currency. */
export interface AskedFacts {
  /** The model that answered, or the last that was asked. */
  readonly model?: string;
  readonly costMicros?: number;
  readonly attempts?: readonly AttemptFacts[];
}

export interface AttemptFacts {
  readonly model: string;
  readonly profile?: string;
  /** Why it brought no answer. */
  readonly code?: ErrorCode;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicros: number;
  /** Whether the provider counted, or the reserve stands for want of that. */
  readonly basis: "usage" | "reserve" | "nothing";
}

export type StepEnded =
  | ({
      readonly stepId: string;
      readonly kind: "model";
      readonly text: string;
      readonly calls: readonly ToolCall[];
      readonly usage: Usage;
      readonly finish: string;
    } & AskedFacts)
  | ({
      readonly stepId: string;
      readonly kind: "model";
      readonly failed: { readonly code: ErrorCode; readonly why: string };
    } & AskedFacts)
  | {
      readonly stepId: string;
      readonly kind: "tool";
      readonly call: ToolCall;
      readonly text: string;
      readonly isError: boolean;
      readonly code?: ErrorCode;
      readonly label: Label;
      readonly nodeId?: string;
      readonly durationMs?: number;
      readonly exitCode?: number | null;
      /** The end came after the turn had been told to stop. */
      readonly stopped?: true;
      /** Where the whole of a shortened output is kept. */
      readonly output?: OutputKept;
      /** Files it brought. */
      readonly files?: readonly Attachment[];
      readonly relays?: number;
      /** Of a call that was refused: it has no start that would hold it. */
      readonly decision?: GateRecord;
      /** A message that will come of this call. */
      readonly expects?: ExpectedReply;
    }
  | {
      readonly stepId: string;
      readonly kind: "wait";
      readonly approvalId: string;
      readonly decision: ApprovalDecision;
      readonly by: string;
    };

/** What became of a background program that a stopped turn had started. */
export interface JobEnded {
  readonly runId: string;
  readonly jobId: string;
  /** `left`: it could not be ended, and may run on. */
  readonly outcome: "ended" | "finished" | "left";
  readonly why?: string;
}

export interface TurnEnded {
  readonly runId: string;
  readonly status: "ok" | "error" | "aborted" | "halted";
  readonly text: string;
  readonly code?: ErrorCode;
  readonly why?: string;
  /** Of a turn that was cut short: what had happened by then, for the transcript. */
  readonly report?: string;
  /** The outcomes this end owes. */
  readonly owes?: readonly Debt[];
  /** Debts that are paid at a later end: sub-agents of this run have not answered yet. */
  readonly defers?: readonly Debt[];
  /** Engine ids of answers nobody waits for any longer: whoever owes one is stopped, and what it says is only written down. */
  readonly abandons?: readonly string[];
}

export type OfferType = keyof OfferBodies;
export type EventType = keyof EventBodies;

/** One offer or event, opened. */
export type Recorded =
  | { [T in OfferType]: { readonly kind: "offer"; readonly type: T; readonly body: OfferBodies[T] } & RecordedFacts }[OfferType]
  | { [T in EventType]: { readonly kind: "event"; readonly type: T; readonly body: EventBodies[T] } & RecordedFacts }[EventType];

export interface RecordedFacts {
  readonly position: number;
  /** The engine's id: of an offer, what it de-duplicates by. */
  readonly id: string;
  readonly header: EntryHeader;
}

/** An event not yet appended. */
export type NewEvent = {
  [T in EventType]: { readonly type: T; readonly body: EventBodies[T]; readonly label?: Label; readonly cause?: string };
}[EventType];

/** In the clear, so that recovery and the chain need no key. Nothing in it was written by a person. */
export interface EntryHeader {
  /** Version of the body's shape. Readers take older ones; writers write this one. */
  readonly v: 1;
  readonly type: OfferType | EventType;
  readonly tenant: string;
  readonly session: string;
  readonly principal: string;
  readonly label: Label;
  /** Id of the entry that led to this one. */
  readonly cause: string | null;
  readonly timeMs: number;
  /** SHA-256 of the sealed body, base64url: what remains when the key is destroyed. */
  readonly commitment: string;
  /** Link of the event before this one in the session; absent in offers, empty in the first event. */
  readonly prev?: string;
  /** Ids of the offers an event settles, so that recovery knows what is open without a key. */
  readonly inputs?: readonly string[];
  /** Ids of what an event leaves to be done, each settled by a later entry that names it in `inputs`. */
  readonly opens?: readonly string[];
}
