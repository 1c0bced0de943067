/** What no model said, added to the transcript: notes for people and the next prompt, and commands with their answers for people alone. */
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Principal } from "../../fabric/identity.ts";
import { isAside, type SessionAddress, type TranscriptMessage } from "../../fabric/journal.ts";
import type { Placement } from "../placement.ts";
import type { LiveSession } from "./live-session.ts";
import type { LiveSessions } from "./live-sessions.ts";

export interface InjectNoteDeps {
  readonly live: LiveSessions;
  readonly placement: () => Placement;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly onMoved: (session: LiveSession) => void;
}

/** Resolves with the message's id once it is durable. Throws NOT_FOUND, KEY_DESTROYED, or CONFLICT while a turn runs. */
export async function injectNote(deps: InjectNoteDeps, address: SessionAddress, text: string, principal: Principal): Promise<string> {
  const { clock, ids, live } = deps;
  const { claim, recovered } = await deps.placement().ownSlot(address.slot);
  await recovered;
  const session = await live.holdExisting(address);
  if (session === null || session.log.state.key === "") {
    throw new OpenClawError("NOT_FOUND", { why: "There is no such session.", next: "Send it a message first." });
  }
  const { state } = session.log;
  const runId = `note-${ids.sortable(clock.now())}`;
  await session.log.append(claim, principal.id, () => {
    // Between a tool's call and its result nothing else may be said.
    if (state.turn !== null) return [];
    const usage = { inputTokens: 0, outputTokens: 0 };
    const content = { role: "assistant", text, calls: [], model: "note/note", finish: "stop", usage } as const;
    const message = { position: 0, seq: state.messageCount + 1, timeMs: clock.now(), runId, label: principal.label, content };
    return [{ type: "transcript.copied", label: principal.label, body: { messages: [message] } }];
  });
  const added = state.messages.findLast((message) => message.runId === runId);
  if (added === undefined) throw new OpenClawError("CONFLICT", { why: "A turn is running.", next: "Try again when it has ended." });
  session.tellMessages();
  deps.onMoved(session);
  return `${added.position}-${added.seq}`;
}

export interface KeptCommand {
  /** The client's key: the same command is kept once. */
  readonly runId: string;
  readonly said: string;
  readonly answer: string;
}

const NO_USAGE = { inputTokens: 0, outputTokens: 0 };

/** Durable when it resolves, also while a turn runs. Throws KEY_DESTROYED, or NOT_FOUND for a session that is not open. */
export async function keepCommand(
  deps: InjectNoteDeps, address: SessionAddress, { runId, said, answer }: KeptCommand, { id, label }: Principal,
): Promise<void> {
  const { claim, recovered } = await deps.placement().ownSlot(address.slot);
  await recovered;
  const session = await deps.live.holdExisting(address);
  if (session === null) throw new OpenClawError("NOT_FOUND", { why: "There is no such session.", next: "Send it a message first." });
  const { state } = session.log;
  await session.log.append(claim, id, () => {
    if (answerKept(state.messages, runId) !== undefined) return [];
    const facts = { position: 0, timeMs: deps.clock.now(), runId };
    const messages: readonly TranscriptMessage[] = [
      { ...facts, seq: state.messageCount + 1, label, content: { role: "user", text: said, aside: true } },
      {
        ...facts, seq: state.messageCount + 2, label: "agent",
        content: { role: "assistant", text: answer, calls: [], model: "gateway/command", finish: "stop", usage: NO_USAGE, aside: true },
      },
    ];
    return [{ type: "transcript.copied", label, body: { messages } }];
  });
  session.tellMessages();
  deps.onMoved(session);
}

/** What was answered to that command; undefined where none of that key is kept. */
export function answerKept(messages: readonly TranscriptMessage[], runId: string): string | undefined {
  return messages.findLast((message) => message.runId === runId && message.content.role === "assistant" && isAside(message))?.content.text;
}
