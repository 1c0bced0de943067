/** How a turn begins, and what it does next: the parts of it that a replay decides again. */
import { hash } from "node:crypto";
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { NewEvent, Revision, SessionState } from "../../fabric/journal.ts";
import { SUPERVISOR_DEFAULTS, watchTurn, type SupervisorConfig } from "../supervisor.ts";
import { decide, endOrFindOut, takeInputs, type Next } from "./decide.ts";
import { opening } from "./opening.ts";
import { timeLeftMs, tooLate } from "./stop-turn.ts";
import type { TurnAgent } from "./turn-work.ts";

export type End = Extract<Next, { do: "end" }>;

/** An agent may be taken out of the configuration while a message waits for it: its turns then end, and say so. */
export function agentFor(
  state: SessionState, agentOf: (agentId: string) => TurnAgent,
): { readonly agent: TurnAgent; readonly gone?: End } {
  const id = state.agentId === "" ? (state.queue[0]?.message.agentId ?? "") : state.agentId;
  try {
    return { agent: agentOf(id) };
  } catch (error) {
    if (!(error instanceof OpenClawError) || error.code !== "UNKNOWN_AGENT_ID") throw error;
    const agent = { id, name: id, instructions: "", model: "none/none", workspace: "" };
    return { agent, gone: { do: "end", status: "error", text: "", code: error.code as ErrorCode, why: error.message } };
  }
}

export interface Beginning {
  readonly events: readonly NewEvent[];
  readonly runId: string;
  readonly sessionKey: string;
  readonly model: string;
}

/** What a turn's beginning depends on besides the state and the agent. */
export interface BeginningFacts {
  readonly revision: Revision;
  readonly sessionId: () => string;
  /** Names of the credentials of a model's provider; none unless it has several. */
  readonly profilesOf?: ((model: string) => readonly string[]) | undefined;
}

/** The first events of a turn: the session's own first event where it is new, and what the turn answers. */
export function beginning(state: SessionState, agent: TurnAgent, { revision, sessionId, profilesOf }: BeginningFacts): Beginning {
  const inputs = takeInputs(state.queue);
  const insists = inputs.at(-1)?.message.queueMode === "interrupt";
  const lead = insists ? inputs.at(-1) : inputs[0];
  if (lead === undefined) throw new OpenClawError("INTERNAL", { why: "A turn was started without a message." });
  const { message: { sessionKey, runId, model: wanted }, offerId: cause } = lead;
  const model = wanted ?? state.settings.model ?? agent.model;
  const thinking = lead.message.thinking ?? state.settings.thinkingLevel ?? agent.thinking;
  const profile = pickProfile(state, sessionKey, model, profilesOf?.(model) ?? []);
  const started = {
    runId, inputs: inputs.map(({ offerId }) => offerId), model, revision,
    ...(thinking === undefined || thinking === null ? {} : { thinking }), ...(profile === undefined ? {} : { profile }),
  };
  const events = [...opening(state, lead, agent.id, sessionId), { type: "turn.started", body: started, cause } as const];
  return { events, runId, sessionKey, model };
}

/** Pure: what the turn does at `nowMs`. One that goes in circles is told so, and then halted. */
export function nextOf(
  view: SessionState, gone: End | undefined, nowMs: number, supervisor: SupervisorConfig = SUPERVISOR_DEFAULTS,
): Next {
  if (gone !== undefined) return gone;
  const leftMs = timeLeftMs(view, nowMs);
  if (view.turn !== null && leftMs !== undefined && leftMs <= 0) return endOrFindOut(view.turn, tooLate(view.turn));
  const next = decide(view);
  // Not between the calls of one answer: the model has seen none of their results yet.
  if (next.do !== "model") return next;
  const verdict = watchTurn(view, supervisor);
  if (verdict === undefined) return next;
  const { rule, text } = verdict;
  if (verdict.do === "warn") return { do: "warn", rule, text };
  const end = { do: "end", status: "halted", text: view.turn?.text ?? "", code: "TURN_RUNAWAY", why: text } as const;
  return view.turn === null ? end : endOrFindOut(view.turn, end);
}

/**
 * The credential this session uses with the model's provider: the one it has, as long as there is one of that name, for a
 * provider keeps what it has read of a conversation by credential. A session that has none gets one by its key, so that
 * sessions are spread evenly, and taking one away moves only those that had it.
 */
function pickProfile(state: SessionState, sessionKey: string, model: string, profiles: readonly string[]): string | undefined {
  const pinned = state.profiles[model.slice(0, Math.max(model.indexOf("/"), 0))];
  if (pinned !== undefined && profiles.includes(pinned)) return pinned;
  return heaviest(sessionKey, profiles);
}

function heaviest(sessionKey: string, profiles: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly weight: string } | undefined;
  for (const name of profiles) {
    const weight = hash("sha256", `${sessionKey}\0${name}`, "hex");
    if (best === undefined || weight > best.weight) best = { name, weight };
  }
  return best?.name;
}

/** Failures that another credential may not have. */
const OF_THE_CREDENTIAL: ReadonlySet<string> = new Set(["MODEL_AUTH", "MODEL_RATE_LIMITED", "MODEL_NOT_CONFIGURED"]);

/** The session's next credential, where the present one failed and another was not tried in this turn: the step is asked again. */
export function pinNext(state: SessionState, profilesOf: BeginningFacts["profilesOf"], ended: readonly NewEvent[]): readonly NewEvent[] {
  const { turn, key } = state;
  const last = ended.at(-1);
  if (turn === null || turn.profile === null || last?.type !== "step.ended") return [];
  if (last.body.kind !== "model" || !("failed" in last.body) || !OF_THE_CREDENTIAL.has(last.body.failed.code)) return [];
  const { code } = last.body.failed;
  const tried = [...turn.profilesFailed, turn.profile];
  const profile = heaviest(key, (profilesOf?.(turn.model) ?? []).filter((name) => !tried.includes(name)));
  if (profile === undefined) return [];
  const provider = turn.model.slice(0, Math.max(turn.model.indexOf("/"), 0));
  return [{ type: "profile.pinned", body: { provider, profile, failed: turn.profile, code } }];
}
