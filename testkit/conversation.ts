/** Talking with an agent over a watched connection, and reading what its turn left behind. */
import { randomUUID } from "node:crypto";
import type { EventFrame } from "@openclaw/protocol";
import type { Watched } from "./real-gateway.ts";

/** A message of `chat.history`. */
export interface HistoryMessage {
  readonly role: "user" | "assistant" | "toolResult";
  readonly content: readonly { readonly type: string; readonly text?: string; readonly name?: string; readonly arguments?: unknown }[];
  readonly isError?: boolean;
  readonly nodeId?: string;
  readonly toolName?: string;
  readonly __openclaw: { readonly runId: string; readonly label: string };
}

export interface Turn {
  readonly runId: string;
  /** As `agent.wait` names it: `ok`, `error`, `timeout`. */
  readonly status: string;
  /** Why it failed, when it did. */
  readonly error: string | undefined;
  /** The final answer; empty when there was none. */
  readonly reply: string;
  /** What this turn added to the transcript, oldest first. */
  readonly messages: readonly HistoryMessage[];
}

export interface SayOptions {
  readonly session?: string;
  /** The idempotency key, which is the run's id. */
  readonly key?: string;
  readonly timeoutMs?: number;
}

const TURN_MS = 30_000;
const GRACE_MS = 5_000;

/** Sends a message; resolves with the run's id as soon as the gateway has accepted it. */
export async function send(watched: Watched, message: string, { session = "main", key = randomUUID() }: SayOptions = {}): Promise<string> {
  const answer = await watched.client.request("chat.send", { sessionKey: session, message, idempotencyKey: key });
  return (answer as { readonly runId: string }).runId;
}

/** Sends a message and waits for the end of its turn. */
export async function say(watched: Watched, message: string, options: SayOptions = {}): Promise<Turn> {
  return settled(watched, await send(watched, message, options), options);
}

/** Waits for a turn's end, on whatever connection. */
export async function settled(watched: Watched, runId: string, { session = "main", timeoutMs = TURN_MS }: SayOptions = {}): Promise<Turn> {
  const waited = await watched.client.request("agent.wait", { runId, timeoutMs }, { timeoutMs: timeoutMs + GRACE_MS });
  const { status, error } = waited as { readonly status: string; readonly error?: string };
  const messages = (await history(watched, session)).filter((message) => message.__openclaw.runId === runId);
  return { runId, status, error, reply: textOf(messages.findLast(({ role }) => role === "assistant")), messages };
}

export async function history(watched: Watched, session = "main"): Promise<readonly HistoryMessage[]> {
  const page = await watched.client.request("chat.history", { sessionKey: session, limit: 1_000 });
  return (page as { readonly messages: readonly HistoryMessage[] }).messages;
}

export function textOf(message: HistoryMessage | undefined): string {
  return (message?.content ?? []).map(({ text }) => text ?? "").join("");
}

/** The results of a turn's tools, as the agent read them. */
export function toolResults({ messages }: Turn): readonly string[] {
  return messages.filter(({ role }) => role === "toolResult").map(textOf);
}

/** The first approval a turn of this connection asks for, after those already named. */
export async function approvalOf(watched: Watched, except: readonly string[] = [], signal?: AbortSignal): Promise<string> {
  const id = (event: EventFrame): string => {
    const { id: asked } = (event.payload ?? {}) as { readonly id?: string };
    return event.event === "exec.approval.requested" && asked !== undefined && !except.includes(asked) ? asked : "";
  };
  return id(await watched.until((event) => id(event) !== "", signal));
}

/** As `say`; a person allows, once each, whatever the turn asks for. */
export async function sayAllowing(watched: Watched, message: string, options: SayOptions = {}): Promise<Turn> {
  const known = watched.events.flatMap(
    ({ event, payload }) => (event === "exec.approval.requested" ? [(payload as { readonly id: string }).id] : []),
  );
  const runId = await send(watched, message, options);
  const over = new AbortController();
  const allowing = (async (): Promise<void> => {
    for (;;) {
      const id = await approvalOf(watched, known, over.signal);
      known.push(id);
      await watched.client.request("exec.approval.resolve", { id, decision: "allow-once" });
    }
  })().catch(() => undefined); // the turn is over, or its outcome tells what went wrong
  const turn = await settled(watched, runId, options);
  over.abort(new Error("the turn is over"));
  await allowing;
  return turn;
}

/** What `agent` events of one stream carried, in order. */
export function streamed(watched: Watched, stream: string, runId: string): readonly Readonly<Record<string, unknown>>[] {
  return watched.events.flatMap(({ event, payload }) => {
    const live = payload as { readonly stream?: string; readonly runId?: string; readonly data?: Readonly<Record<string, unknown>> };
    return event === "agent" && live.stream === stream && live.runId === runId && live.data !== undefined ? [live.data] : [];
  });
}

/** For `Watched.until`: a piece of a command's live output that holds the text. Its arguments do not count. */
export function isOutput(text: string): (event: EventFrame) => boolean {
  return ({ event, payload }) => {
    const { stream, data } = (payload ?? {}) as { readonly stream?: string; readonly data?: { readonly phase?: string } };
    return event === "agent" && stream === "tool" && data?.phase === "update" && JSON.stringify(data).includes(text);
  };
}
