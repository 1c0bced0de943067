/** What sessions offer to everything above them, and what they need. */
import type { LogEntry, Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Principal } from "../../fabric/identity.ts";
import type {
  AttachmentHead, ChainReport, DumpedEntry, Journal, KeptAttachment, OfferBodies, OpenAttachment, RunOutcome, SessionAddress,
  SessionSettings,
} from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { LiveEvent, OutputPage, OutputWish, RuntimeDeps } from "../../cognition/runtime.ts";
import type { DamagedEntry, Placement, SlotWork, TouchedSession } from "../placement.ts";
import type { ActOnSessions, ActOnSessionsDeps } from "./act-on-sessions.ts";
import type { SessionsConfig } from "./config.ts";
import type { ChannelDeliverer } from "./delivery.ts";
import type { KeptCommand } from "./inject-note.ts";
import type { KeptContext } from "./keep-context.ts";
import type { RowsFrom } from "./merge-rows.ts";
import type { Past } from "./replay-log.ts";
import type { Aborted } from "./request-change.ts";
import type { SearchIndex } from "./search-index.ts";
import type { SearchQuery, SearchResult } from "./search-sessions.ts";
import type { RunStatus, SentMessage } from "./send-message.ts";
import type { SessionCount, SessionIndex, SessionKinds } from "./session-index.ts";
import type { SessionRow } from "./session-row.ts";
import type { History } from "./transcript.ts";

export interface Sessions extends AsyncDisposable {
  /** Admits and offers. Resolves once durable: `started`, or what became of the same run before. Throws admission's refusals. */
  send(message: SentMessage): Promise<RunStatus>;
  /** The newest `limit` messages before the newest `offset` ones. Empty for a session that does not exist. */
  history(key: string, limit: number, offset: number): Promise<History>;
  /** A file that came with one of its messages. Throws NOT_FOUND where it is not, or no longer. */
  file(key: string, id: string): Promise<KeptAttachment>;
  /** As `file`, its bytes read as they are asked for. */
  openFile(key: string, id: string): Promise<OpenAttachment>;
  /** A page of an output that was too long for its message. Throws NOT_FOUND where it is not kept, or no longer. */
  output(key: string, wish: OutputWish, charsMax: number): Promise<OutputPage>;
  /** Keeps a file for a message that will name it; see SessionAttachments.receive. Throws what `content` and `headOf` throw. */
  receiveFile(key: string, content: AsyncIterable<Uint8Array>, headOf: () => AttachmentHead): Promise<string>;
  /** Newest first, read a page at a time: whoever has seen enough stops. */
  rows(): AsyncIterable<SessionRow>;
  /** The same from a place with at most `skip` sessions of these kinds before it: a page far down costs what the first does. */
  rowsFrom(skip: number, kinds: SessionKinds): Promise<RowsFrom>;
  /** How many sessions there are. */
  count(): Promise<SessionCount>;
  /** Those with a turn or a message that waits for one, newest first; from memory. */
  active(): readonly SessionRow[];
  describe(key: string): Promise<SessionRow | null>;
  /** The same at once, of a session that is in memory; null for any other. */
  peek(key: string): SessionRow | null;
  /** Makes a session nobody has spoken in yet; durable when it resolves. One that is there already stays as it is. */
  open(key: string, agentId: string, principal: Principal): Promise<SessionRow | null>;
  /** An assistant's note that no model said, added between turns: its message's id. Throws NOT_FOUND, CONFLICT while a turn runs. */
  inject(key: string, text: string, principal: Principal): Promise<string>;
  /** A command and its answer, for people alone: kept once under its key, the session opened where there is none. */
  keepCommand(key: string, agentId: string, command: KeptCommand, principal: Principal): Promise<void>;
  /** What was answered to the command of that key; undefined where none is kept. */
  commandKept(key: string, runId: string): Promise<string | undefined>;
  /** Each resolves when the change is part of the log. */
  patch(key: string, patch: SessionSettings, principal: Principal): Promise<SessionRow>;
  reset(key: string, reason: "new" | "reset", principal: Principal): Promise<SessionRow | null>;
  /** What was, decided again; and a new session from it. */
  readonly past: Past;
  /** Pinned facts, and condensing now. */
  readonly context: KeptContext;
  delete(key: string, principal: Principal): Promise<boolean>;
  /** Messages that hold all the words of a query. Throws SEARCH_OFF. */
  search(query: SearchQuery, signal: AbortSignal): Promise<SearchResult>;
  /** The log in the open, oldest first: entries after a position. Works for damaged sessions. Throws KEY_DESTROYED. */
  dump(key: string, after: number, limit: number): Promise<readonly DumpedEntry[]>;
  /** Walks the chain of commitments; needs no key, so it works for deleted and damaged sessions. */
  verify(key: string): Promise<ChainReport & { readonly known: boolean }>;
  /** Stops the running turn (of that run, if given). Resolves when its end is recorded. */
  abort(key: string, runId: string | null, principal: Principal, clearQueued?: boolean): Promise<Aborted>;
  /** Answers a waiting approval. Durable when it resolves. */
  answer(key: string, answer: OfferBodies["approval.answered"], principal: Principal): Promise<void>;
  /** Carries out what an agent's tool wants of other sessions. */
  readonly act: ActOnSessions;
  /** Records something that was learned late: information for whoever reads the log, and no more. */
  note(key: string, text: string, stepId: string): Promise<void>;
  /** Waits for a run's end: undefined at the deadline, or when the run is not known. */
  wait(runId: string, timeoutMs: number, signal: AbortSignal): Promise<RunOutcome | undefined>;
  /** For placement: a session of an owned slot has something to do. */
  onWork(work: SlotWork): Promise<void>;
  /** For placement: an own event of the log, in its place. */
  onOwnEvent(entry: LogEntry): void;
  /** For placement: sessions whose rows an earlier owner may not have written. Looked at beside everything else. */
  onTouched(slot: number, touched: readonly TouchedSession[]): void;
  /** For placement: the rows of everything that was shown so far are written. */
  derived(): Promise<void>;
  /** For placement: an entry of a session cannot be read. The session is closed. */
  onDamaged(damage: DamagedEntry): void;
  onLost(slot: number): void;
  /** The key of the session at an address; empty for one that is gone, or closed because it is damaged. */
  keyOf(address: SessionAddress): Promise<string>;
  readonly live: number;
}

export interface SessionsDeps {
  readonly journal: Journal;
  readonly records: Records;
  readonly placement: () => Placement;
  readonly index: SessionIndex;
  /** Which messages hold which words. Closed with the sessions. */
  readonly words: SearchIndex;
  /** Resolves when what an earlier gateway left open has been taken up. Never rejects. */
  readonly recovered: () => Promise<void>;
  readonly runtime: RuntimeDeps;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly config: () => SessionsConfig;
  readonly modelOf: (agentId: string) => string;
  readonly delegation: Pick<ActOnSessionsDeps, "agents" | "limits" | "visibility" | "allowAgents">;
  /** What brings outcomes out, by the channel's name. */
  readonly channels?: ReadonlyMap<string, ChannelDeliverer>;
  /** What happens in a turn, to whoever watches. */
  publish(address: SessionAddress, event: LiveEvent): void;
  /** Many sessions were put to sleep and nothing is under way: the moment to give memory back. */
  readonly onRest?: () => void;
  /** Bytes of files that one session may keep; beyond them its oldest go. */
  readonly filesBytesMax?: () => number;
  /** A session's row changed. */
  onChanged(row: SessionRow): void;
  /** A session's tombstone is durable: whatever else is kept under its key has to go. */
  onDeleted(sessionKey: string): Promise<void>;
}
