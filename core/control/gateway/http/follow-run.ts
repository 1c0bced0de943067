/**
 * One message to an agent, its words as they come, and how it ended.
 *
 * The message enters like every other and is durable before anything is answered. What is heard while it runs is only ever
 * live; the end is read from the session's log, and words that were missed are made good from there. Who stops listening stops
 * nothing: the turn goes on, unless the caller asked otherwise.
 */
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import type { LiveEvent } from "../../../cognition/runtime.ts";
import { OWNER } from "../../../fabric/identity.ts";
import type { RunOutcome } from "../../../fabric/journal.ts";
import type { Inbound } from "../../channels.ts";
import type { HistoryItem } from "../../sessions.ts";
import type { HttpDoor } from "./http-door.ts";
import { HTTP_LIMITS } from "./http-limits.ts";
import type { LiveFeed } from "./live-feed.ts";

export interface RunTokens {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

export type RunEnd =
  | { readonly kind: "ok"; readonly text: string; readonly finish: "stop" | "length" | "refusal"; readonly tokens: RunTokens }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly why: string; readonly tokens: RunTokens };

export interface FollowedRun {
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId: string;
  /** Rejects with the signal's reason when it aborts. */
  readonly ended: Promise<RunEnd>;
}

export interface FollowWish {
  readonly inbound: Inbound;
  /** Words of the agent, in order: of every step, with an empty line between steps. */
  readonly onText: (delta: string) => void;
  /** Ends the run when the caller goes away. */
  readonly stopOnClose: boolean;
}

export interface FollowDeps {
  readonly door: Pick<HttpDoor, "intake" | "sessions">;
  readonly feed: LiveFeed;
}

/** Resolves once the message is durable. Throws the intake's refusals. */
export async function followRun({ door, feed }: FollowDeps, wish: FollowWish, signal: AbortSignal): Promise<FollowedRun> {
  const { idempotencyKey } = wish.inbound;
  const words = createWords(wish.onText);
  const ears: Closer[] = [];
  const hear = (runId: string): void => void ears.push(feed.ofRun(runId, (event) => {
    words.hear(event);
    const { data, stream } = event;
    // Its message steers a turn that runs already: the answer is that turn's.
    if (stream === "lifecycle" && data["phase"] === "joined" && typeof data["joinedRunId"] === "string") hear(data["joinedRunId"]);
  }));
  const stopHearing = (): void => {
    for (const ear of ears.splice(0)) ear.close();
  };
  // Listening begins before the message is stored, so that nothing of a quick answer is missed.
  hear(idempotencyKey);
  try {
    const { runId, sessionKey, agentId } = await door.intake.receiveInbound(wish.inbound);
    const stop = (): void => void door.sessions.abort(sessionKey, runId, OWNER).catch(() => undefined);
    if (wish.stopOnClose) signal.addEventListener("abort", stop, { once: true });
    const ended = door.sessions.wait(runId, HTTP_LIMITS.runWaitMs, signal)
      .then((outcome) => endOf(door, sessionKey, runId, outcome))
      .then((end) => {
        if (end.kind === "ok") words.complete(end.text);
        return end;
      })
      .finally(() => {
        stopHearing();
        signal.removeEventListener("abort", stop);
      });
    ended.catch(() => undefined);
    return { runId, sessionKey, agentId, ended };
  } catch (error) {
    stopHearing();
    throw error;
  }
}

interface Words {
  hear(event: LiveEvent): void;
  /** The last step's whole text, as it was recorded: what was not heard of it is said now. */
  complete(text: string): void;
}

function createWords(onText: (delta: string) => void): Words {
  let step = "";
  let said = false;
  let isNewStep = false;
  let over = false;
  const say = (text: string): void => {
    if (text === "") return;
    if (isNewStep && said) onText("\n\n");
    isNewStep = false;
    said = true;
    step += text;
    onText(text);
  };
  const begin = (): void => {
    if (step !== "") isNewStep = true;
    step = "";
  };
  return {
    hear: ({ stream, data }) => {
      if (over) return;
      if (stream === "assistant") say(String(data["delta"] ?? ""));
      else if (stream === "tool" && data["phase"] === "start") begin();
    },
    complete: (text) => {
      if (over) return;
      if (!text.startsWith(step)) begin();
      say(text.slice(step.length));
      over = true;
    },
  };
}

const READ_AMONG = 200;

async function endOf(
  { sessions }: Pick<HttpDoor, "sessions">, sessionKey: string, runId: string, outcome: RunOutcome | undefined,
): Promise<RunEnd> {
  const nothing = { input: 0, output: 0, cached: 0 };
  if (outcome === undefined) return { kind: "failed", code: "REQUEST_TIMEOUT", why: "The run is not known any more.", tokens: nothing };
  const run = outcome.answeredBy ?? runId;
  const { messages } = await sessions.history(sessionKey, READ_AMONG, 0);
  const said = messages.filter(({ role, __openclaw }) => role === "assistant" && __openclaw.runId === run);
  const tokens = said.reduce(addTokens, nothing);
  const { status, code, why } = outcome;
  if (status === "ok") {
    const last = said.at(-1);
    const finish = last?.["stopReason"];
    return { kind: "ok", text: textOf(last), finish: finish === "length" || finish === "refusal" ? finish : "stop", tokens };
  }
  const known = code ?? (status === "aborted" ? "TURN_STOPPED" : "INTERNAL");
  return { kind: "failed", code: known, why: why ?? new OpenClawError(known).message, tokens };
}

function addTokens(sum: RunTokens, item: HistoryItem): RunTokens {
  const { input = 0, output = 0, cacheRead = 0 } = (item["usage"] ?? {}) as Readonly<Record<string, number>>;
  return { input: sum.input + input, output: sum.output + output, cached: sum.cached + cacheRead };
}

function textOf(item: HistoryItem | undefined): string {
  return (item?.content ?? []).map((part) => (part["type"] === "text" ? String(part["text"] ?? "") : "")).join("");
}
