/**
 * A branch: a new session whose log begins with where it came from and the transcript up to there.
 *
 * It has a key of its own, so that deleting either leaves the other. Settings, summary and pinned facts go along, each text
 * with its label; what was allowed in the other session does not, and is asked again.
 */
import { joinLabels, OpenClawError, type Label } from "@openclaw/protocol";
import {
  emptyState, foldEntry, type Journal, type NewEvent, type Recorded, type SessionAddress, type SessionState, type TranscriptMessage,
} from "../../fabric/journal.ts";
import { upToStep } from "../../cognition/runtime.ts";
import type { Ids } from "../../base/ids.ts";
import type { Placement } from "../placement.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";
import { readAll, type BranchPoint } from "./replay-log.ts";
import { parseSessionKey } from "./session-key.ts";

export interface ForkDeps {
  readonly journal: Journal;
  readonly live: LiveSessions;
  readonly placement: () => Placement;
  readonly ids: Ids;
  readonly onMoved: (session: LiveSession) => void;
}

export interface ForkWish {
  readonly from: SessionAddress;
  readonly to: SessionAddress;
  readonly toKey: string;
  /** The last step that goes along, by number or id, or the place in the log where the branch begins; all unless given. */
  readonly at?: BranchPoint;
  readonly principal: string;
}

/** All of a branch is one append, and each part of it fits one frame of the engine. */
const FORK_LIMITS = { chunkBytes: 262_144, chunkMessages: 128, bytes: 8_388_608 } as const;

/**
 * Resolves with the new session once all of it is durable; asked again for the same branch, with what is there. Throws
 * NOT_FOUND, KEY_DESTROYED for a deleted session, CONFLICT when the new key is taken, PARAMS_INVALID for another agent's key.
 */
export async function forkSession(deps: ForkDeps, wish: ForkWish, signal: AbortSignal): Promise<LiveSession> {
  const { journal, live, ids } = deps;
  const { from, to, toKey, at, principal } = wish;
  if (from.token === to.token) throw new OpenClawError("CONFLICT", { why: "A session is no branch of itself." });
  if (!(await journal.exists(from))) {
    throw new OpenClawError("NOT_FOUND", { why: "There is no session to branch from.", next: "Run: openclaw sessions list" });
  }
  const all = readAll(await journal.load(from), signal);
  const past = await readPast(typeof at === "object" ? upToPlace(all, at.before) : upToStep(all, at));
  if (past.state.key === "") throw new OpenClawError("NOT_FOUND", { why: "Nothing was said in that session yet." });
  const { agentId } = past.state;
  if (parseSessionKey(toKey, agentId).agentId !== agentId) {
    // Who may read a session is told by the agent in its key.
    const next = "Choose a key of that agent with --as.";
    throw new OpenClawError("PARAMS_INVALID", { why: `A branch stays with its agent, ${agentId}.`, next });
  }
  const { claim, recovered } = await deps.placement().ownSlot(to.slot);
  await recovered;
  const session = await live.hold(to);
  const { state } = session.log;
  const isNew = (): boolean => state.key === "" && state.queue.length === 0;
  await session.log.append(claim, principal, () => (isNew() ? eventsOf(past, toKey, ids.uuid()) : []));
  const { branchedFrom } = state;
  if (branchedFrom?.sessionId !== past.state.sessionId || branchedFrom.position !== past.position) {
    throw new OpenClawError("CONFLICT", { why: `There is a session ${toKey} already.`, next: "Choose another key with --as." });
  }
  deps.onMoved(session);
  return session;
}

async function* upToPlace(entries: AsyncIterable<Recorded>, before: number): AsyncGenerator<Recorded> {
  for await (const entry of entries) {
    if (entry.position >= before) return;
    yield entry;
  }
}

interface Past {
  readonly state: SessionState;
  /** Of the window, oldest first; the newest that fit. */
  readonly messages: readonly TranscriptMessage[];
  readonly position: number;
}

async function readPast(entries: AsyncIterable<Recorded>): Promise<Past> {
  const state = emptyState();
  let messages: TranscriptMessage[] = [];
  let bytes = 0;
  let position = 0;
  for await (const entry of entries) {
    const { messageCount, window } = state;
    foldEntry(state, entry, "");
    position = entry.position;
    if (state.window !== window) [messages, bytes] = [[], 0];
    else if (state.messageCount > messageCount) {
      const added = state.messages.slice(messageCount - state.messageCount);
      messages.push(...added);
      for (const message of added) bytes += bytesOf(message);
    }
    while (bytes > FORK_LIMITS.bytes && messages.length > 1) bytes -= bytesOf(messages.shift() as TranscriptMessage);
  }
  return { state, messages, position };
}

function eventsOf({ state, messages, position }: Past, key: string, sessionId: string): readonly NewEvent[] {
  const { agentId, settings, summary, pinned } = state;
  const from = { key: state.key, sessionId: state.sessionId, position };
  const firstSeq = messages[0]?.seq ?? state.messageCount + 1;
  const texts = [...messages, ...(summary === null ? [] : [summary]), ...pinned];
  const label = labelOf(texts.map((text) => text.label));
  const branched = { key, agentId, sessionId, from, settings, firstSeq, messages: messages.length, summary, pinned };
  return [
    { type: "session.branched", label, body: branched },
    ...chunksOf(messages).map((chunk): NewEvent => (
      { type: "transcript.copied", label: labelOf(chunk.map((message) => message.label)), body: { messages: chunk } }
    )),
  ];
}

function chunksOf(messages: readonly TranscriptMessage[]): readonly (readonly TranscriptMessage[])[] {
  const chunks: TranscriptMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const own = bytesOf(message);
    const last = chunks.at(-1);
    if (last === undefined || bytes + own > FORK_LIMITS.chunkBytes || last.length >= FORK_LIMITS.chunkMessages) {
      chunks.push([message]);
      bytes = own;
    } else {
      last.push(message);
      bytes += own;
    }
  }
  return chunks;
}

function bytesOf(message: TranscriptMessage): number {
  return Buffer.byteLength(JSON.stringify(message));
}

function labelOf(labels: readonly Label[]): Label {
  return labels.reduce<Label>((least, label) => joinLabels(least, label), "owner");
}
