/** A session as the fold of its log: everything a decision needs, and nothing that cannot be folded again. */
import { joinLabels, type Effect, type ErrorCode, type Label } from "@openclaw/protocol";
import type { Intent, ToolCall } from "@openclaw/sdk";
import type { JobEnded, StepStarted } from "./event.ts";
import type { OutputKept } from "./output-kept.ts";
import type { ApprovalDecision, Debt, ExpectedReply, MessageOffer, PinOffer, SessionSettings } from "./offer.ts";
import { SeenIds } from "./seen-ids.ts";
import type { PinnedFact, SessionSummary, TranscriptMessage } from "./transcript-message.ts";

export type { PinnedFact, SessionSummary, TranscriptMessage };

export const STATE_LIMITS = {
  /** Ids of accepted messages that are remembered: whichever is more. */
  seenIds: 10_000,
  seenMs: 7 * 86_400_000,
  /** Outcomes of finished runs that a repeated call is answered with. */
  runsKept: 200,
  /** Messages of the present window held in memory; older ones are read from the log. */
  messagesKept: 400,
  messageCharsKept: 400_000,
  /** One entry of the position index stands for at least this many transcript messages; for more where there are many. */
  indexEvery: 64,
  /** Acts of one turn that its report can name. */
  actsKept: 32,
  /** Dropped messages whose first words are shown to the next turn. */
  droppedShown: 20,
  droppedChars: 160,
  indexMarks: 1_024,
  /** Facts a session may have pinned. */
  pinned: 32,
  /** Characters of an owed outcome; the whole text stands in the transcript. */
  owedChars: 16_000,
} as const;

export interface SessionState {
  readonly version: 1;
  /** Everything up to here was folded, in the order of the log. */
  position: number;
  /** Positions of own events folded before the log showed them: offers that lie between are still to come. */
  ahead: Set<number>;
  /** Link of the last event: the end of the chain. */
  link: string;
  events: number;
  /** Events that had left the log for segments when it was last compacted. */
  segmented: number;
  key: string;
  agentId: string;
  sessionId: string;
  createdAtMs: number;
  updatedAtMs: number;
  /** When a turn last began, ended or was reset away: what idle time is counted from. */
  activeAtMs: number;
  deleted: boolean;
  /** Rises with every reset: a new window on the same key. */
  window: number;
  windowPosition: number;
  settings: SessionSettings;
  /** Of a branch: the session it came from, and the last entry of that one's log that went along. */
  branchedFrom: { readonly key: string; readonly sessionId: string; readonly position: number } | null;
  /** Of one that another program kept before: which, and how far its transcript is here. */
  imported: { readonly program: string; readonly source: string; readonly entries: number; readonly done: boolean } | null;
  /** Messages accepted and not yet taken into a turn, oldest first. */
  queue: QueuedMessage[];
  /** Wishes accepted and not yet carried out: patches, resets, deletions. */
  requests: PendingRequest[];
  /** Engine ids of offers folded, with their time. */
  seen: SeenIds;
  runs: Map<string, RunOutcome>;
  turn: TurnState | null;
  /** Tail of the transcript of the present window. */
  messages: TranscriptMessage[];
  /** Transcript messages ever recorded in this window. */
  messageCount: number;
  /** Where to begin reading for older messages: the start of a turn at least every `indexEvery` messages. */
  index: IndexMark[];
  /** Intents a person allowed for the rest of the session, by `kind:hash`. */
  allowed: Set<string>;
  usage: { inputTokens: number; outputTokens: number; costMicros?: number };
  lastRunId: string | null;
  /** By provider: the credential this session uses there. */
  profiles: Readonly<Record<string, string>>;
  /** Messages dropped under `summarize` that no turn has been told of yet. */
  dropped: DroppedMessages | null;
  /** What stands for the messages up to `upToSeq` of the present window. */
  summary: SessionSummary | null;
  /** Oldest first. */
  pinned: PinnedFact[];
  /** Whole outputs of tools that can still be read, oldest first. */
  outputs: KeptOutput[];
  /** Outcomes owed to others and not yet brought to them, oldest first. */
  owed: readonly OwedOutcome[];
  /** Debts of ended runs whose sub-agents have not all answered. */
  deferred: readonly Debt[];
  /** Outcomes that other sessions owe to this one. */
  expected: readonly AwaitedReply[];
  /** The least trusted label of anything in the present window. */
  leastLabel: Label;
  spawnedBy: string | null;
  spawnDepth: number;
}

export interface AwaitedReply extends ExpectedReply {
  /** The run that asked for it. */
  readonly askedBy?: string;
  /** Its run is to be stopped: its answer is only written down, or ends the turn that takes it. */
  readonly stopped?: { readonly by: string; readonly then: "note" | "end" };
}

export interface OwedOutcome extends Debt {
  /** Of the entry that owes it. */
  readonly position: number;
  readonly sinceMs: number;
  readonly status: RunOutcome["status"];
  /** Bounded; the end is left out where it is too long. */
  readonly text: string;
  /** Never better than an agent's words. */
  readonly label: Label;
  readonly code?: ErrorCode;
  readonly why?: string;
  /** Other outcomes of the same entry are the same. */
  readonly shared?: true;
}

export interface DroppedMessages {
  readonly count: number;
  /** First words of the newest of them. */
  readonly lines: readonly string[];
  readonly label: Label;
}

export interface KeptOutput extends Omit<OutputKept, "dropped"> {
  readonly label: Label;
}

/** A turn from which the transcript can be folded without what came before. */
export interface IndexMark {
  /** The turn's first event comes right after this position. */
  readonly after: number;
  /** Every offer that this turn or a later one answers comes after this one. */
  readonly offersAfter: number;
  /** Transcript messages recorded before the turn. */
  readonly count: number;
}

export interface QueuedMessage {
  readonly offerId: string;
  readonly position: number;
  readonly principal: string;
  readonly label: Label;
  readonly timeMs: number;
  readonly message: MessageOffer;
  /** In whose name the turn that takes it ends at once. */
  readonly stoppedBy?: string;
}

export interface PendingRequest {
  readonly offerId: string;
  readonly type: "patch.requested" | "reset.requested" | "deletion.requested" | "withdrawal.requested" | "pin.requested";
  readonly requestId: string;
  readonly patch?: SessionSettings;
  readonly reason?: string;
  /** Of a withdrawal. */
  readonly withdraws?: { readonly runId: string | null; readonly by: string; readonly before: number };
  readonly pin?: Pick<PinOffer, "id" | "text"> & { readonly label: Label };
}

export interface RunOutcome {
  readonly status: "ok" | "error" | "aborted" | "halted";
  readonly endedAtMs: number;
  readonly code?: ErrorCode;
  readonly why?: string;
  /** The run whose turn answered it, where that is another one. */
  readonly answeredBy?: string;
}

export interface TurnState {
  readonly runId: string;
  readonly startedAtMs: number;
  readonly model: string;
  readonly thinking: string | null;
  readonly principal: string;
  /** In the order they came; those that joined later come last. */
  inputs: readonly QueuedMessage[];
  /** The credential in use; null where the provider has only one. */
  profile: string | null;
  profilesFailed: readonly string[];
  /** Owners that went on with it after another had begun it. */
  resumes: number;
  /** Owners in a row that died with it before a step of it had an end. */
  cuts: number;
  /** Intents that were started in this turn and have an end, oldest first. */
  acts: readonly Act[];
  /** Background programs it started on nodes. */
  jobs: readonly TurnJob[];
  /** Engine ids of the answers it asked other sessions for, without those that go on by themselves. */
  asked: readonly string[];
  /** What its model calls took so far: settled tokens, and millionths of the currency. */
  tokens: number;
  costMicros: number;
  /** What the supervisor said, and after how many calls of tools. */
  warned: { readonly rule: string; readonly text: string; readonly toolSteps: number } | null;
  /** Model steps taken so far. */
  modelSteps: number;
  /** Tool calls that have a result, refused ones too. */
  toolSteps: number;
  /** Started and not ended. */
  open: StepStarted | null;
  openSinceMs: number;
  /** Time spent on people's answers: it is not the turn's. */
  waitedMs: number;
  /** Answer of the approval the open wait is for, once it was offered. */
  answer: { readonly decision: "allow-once" | "allow-always" | "deny" | "expired"; readonly by: string } | null;
  /** Calls of the last model answer that have no result yet, in order. */
  calls: ToolCall[];
  /** Text of the last model answer. */
  text: string;
  /** The approval just given, for the call at the head of `calls`. */
  granted: GrantedCall | null;
  failed: { readonly code: ErrorCode; readonly why: string } | null;
  abort: string | null;
  /** Finished: nothing is left to do but to end the turn. */
  answered: boolean;
}

/** What became of one intent. */
export interface Act {
  readonly summary: string;
  readonly effect: Effect;
  readonly outcome: "done" | "failed" | "stopped" | "unknown" | "handed-over";
}

export interface TurnJob {
  readonly jobId: string;
  readonly nodeId: string;
  readonly summary: string;
  /** It was asked to outlive the turn, whatever ends that. */
  readonly detached: boolean;
  /** Since the turn was stopped. */
  readonly end?: JobEnded["outcome"];
}

export interface GrantedCall {
  readonly callId: string;
  readonly decision: ApprovalDecision;
  readonly by: string;
  /** Exactly as it was asked for. */
  readonly intent: Intent;
  /** Whose words its arguments are; an approval does not change that. */
  readonly label: Label;
}

export function emptyState(): SessionState {
  return {
    version: 1, position: 0, ahead: new Set(), link: "", events: 0, segmented: 0,
    key: "", agentId: "", sessionId: "", createdAtMs: 0, updatedAtMs: 0, activeAtMs: 0, deleted: false,
    window: 0, windowPosition: 0, settings: {},
    queue: [], requests: [], seen: new SeenIds(), runs: new Map(), turn: null, messages: [], messageCount: 0, index: [],
    allowed: new Set(), usage: { inputTokens: 0, outputTokens: 0 }, lastRunId: null, profiles: {}, dropped: null,
    summary: null, pinned: [], outputs: [],
    owed: [], deferred: [], expected: [], leastLabel: "owner", spawnedBy: null, spawnDepth: 0, branchedFrom: null, imported: null,
  };
}

/** Nothing is waiting, nothing is under way, nothing is owed either way. */
export function isIdle(state: SessionState): boolean {
  return !hasTurnWork(state) && state.owed.length === 0 && state.expected.length === 0;
}

/** There is a turn to run or a wish to carry out. */
export function hasTurnWork(state: SessionState): boolean {
  return state.turn !== null || state.queue.length > 0 || state.requests.length > 0;
}

export function formatState(state: SessionState): unknown {
  return { ...state, ahead: [...state.ahead], seen: formatSeen(state.seen), runs: [...state.runs], allowed: [...state.allowed] };
}

/** Tens of thousands of ids are most of a busy session's snapshot: one text is read many times faster than as many lists. */
interface StoredSeen {
  /** Parted by blanks, which no id holds. */
  readonly ids: string;
  /** Of each the milliseconds since the one before. */
  readonly times: readonly number[];
}

function formatSeen(seen: SeenIds): StoredSeen {
  let before = 0;
  const times = [...seen.times()].map((timeMs) => {
    const since = timeMs - before;
    before = timeMs;
    return since;
  });
  return { ids: [...seen.ids()].join(" "), times };
}

/** Snapshots of the first release hold a list of pairs. */
function parseSeen(stored: StoredState["seen"]): SeenIds {
  if (!("ids" in stored)) return SeenIds.restore(stored.map(([id]) => id).join(" "), stored.map(([, timeMs]) => timeMs));
  let timeMs = 0;
  return SeenIds.restore(stored.ids, stored.times.map((since) => (timeMs += since)));
}

/** What `formatState` gives: sets and maps as lists. */
type StoredState = Omit<SessionState, "ahead" | "seen" | "runs" | "allowed"> & {
  readonly ahead: readonly number[];
  readonly seen: readonly (readonly [string, number])[] | StoredSeen;
  readonly runs: readonly (readonly [string, RunOutcome])[];
  readonly allowed: readonly string[];
};

/** The state a snapshot holds; undefined when it is of a version this program does not read, so the log is folded anew. */
export function parseState(value: unknown): SessionState | undefined {
  if (typeof value !== "object" || value === null || !("version" in value) || value.version !== 1) return undefined;
  const { ahead, seen, runs, allowed, ...stored } = value as StoredState;
  const leastLabel = stored.messages.reduce<Label>((least, { label }) => leastOf(least, label), "owner");
  return {
    ...emptyState(), ...{ leastLabel }, ...stored, turn: completeTurn(stored.turn),
    ahead: new Set(ahead), seen: parseSeen(seen), runs: new Map(runs), allowed: new Set(allowed),
  };
}

/** A model's own words make nothing less trusted than what they were made from. */
export function leastOf(least: Label, label: Label): Label {
  return label === "agent" ? least : joinLabels(least, label);
}

/** A turn as an earlier program wrote it may lack what came to be recorded later. */
function completeTurn(turn: TurnState | null): TurnState | null {
  return turn === null ? null : { ...LATER_FIELDS, ...turn };
}

const LATER_FIELDS = {
  thinking: null, profile: null, profilesFailed: [], resumes: 0, cuts: 0, acts: [], tokens: 0, costMicros: 0, warned: null,
  jobs: [], asked: [],
} as const;

/** How far what the turn does is from a person, counted in what the program passed on by itself; nothing where it is not at all. */
export function relaysOf({ turn }: SessionState): { readonly relays?: number } {
  let most = 0;
  for (const { message: { relays = 0 } } of turn?.inputs ?? []) if (relays > most) most = relays;
  return most === 0 ? NOT_RELAYED : { relays: most };
}

const NOT_RELAYED = {} as const;

/** The message whose wishes a turn follows: the one its run is named by. */
export function leadOf({ inputs, runId }: TurnState): QueuedMessage | undefined {
  return inputs.find(({ message }) => message.runId === runId) ?? inputs[0];
}

/** Is it for people alone? */
export function isAside({ content }: TranscriptMessage): boolean {
  return content.role !== "tool" && content.aside === true;
}
