/**
 * A webhook's body, turned into a message or an event. Whoever sent it has proved that they may.
 *
 * Answered only after the message is durable. What comes twice is the same call: by the sender's key, or by the body within a
 * while. Its words are from outside unless the owner said otherwise.
 */
import { createHash } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { HOME_TENANT, type Principal } from "../../fabric/identity.ts";
import type { Inbound, Intake } from "../channels.ts";
import type { Heartbeats } from "./heartbeats.ts";
import type { Sessions } from "../sessions.ts";
import { findMapping, renderTemplate, type Mapping } from "./hook-mappings.ts";
import type { HooksConfig } from "./config.ts";

export interface HookCall {
  /** The last part of the address: `wake`, `agent`, or a mapping's name. */
  readonly name: string;
  readonly body: Uint8Array;
  /** Of the header Idempotency-Key. */
  readonly idempotencyKey?: string;
  /** How often a program like this one passed something on by itself on the way here, as its sender says. */
  readonly relays?: number;
}

export interface Hooks {
  /**
   * Resolves with the answer's body, once what came is durable; null where there was nothing to do. Throws HOOK_UNKNOWN,
   * HOOK_BODY_INVALID, HOOK_RATE_LIMITED, MESSAGE_LOOP, the
   * intake's refusals.
   */
  receive(call: HookCall): Promise<Readonly<Record<string, unknown>> | null>;
}

export interface HooksDeps {
  readonly clock: Clock;
  readonly config: () => HooksConfig;
  readonly intake: Pick<Intake, "receiveInbound">;
  readonly heartbeats: Pick<Heartbeats, "wake">;
  /** For a caller that waits for its run. */
  readonly wait: Sessions["wait"];
  /** How often something may be passed on before it is refused. */
  readonly relaysMax: () => number;
}

type Fields = Readonly<Record<string, unknown>>;

const RECENT_MAX = 10_000;
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const WAKE_FIELDS = ["text", "mode", "agentId", "sessionKey"];
const AGENT_FIELDS = [
  "message", "name", "agentId", "sessionKey", "sessionMode", "wakeMode", "deliver", "model", "thinking", "timeoutSeconds",
  "idempotencyKey", "channel", "to", "accountId", "waitForCompletion",
];
/** Calls that wait for their run at once, and how long one does. */
const WAITING_MAX = 16;
const WAIT_MS = 300_000;

/** As below, for whoever loads this file with the first webhook: most gateways never see one. */
export async function createHooksLate(deps: HooksDeps): Promise<Hooks> {
  return createHooks(deps);
}

export function createHooks(deps: HooksDeps): Hooks {
  const { clock, config } = deps;
  /** Bodies that came lately, and the call each of them was. */
  const recent = new Map<string, { readonly id: string; readonly atMs: number }>();

  const idOf = (name: string, body: Uint8Array, key: string | undefined): string => {
    if (key !== undefined) return `hook:${name}:${digestOf(`key ${key}`)}`;
    const digest = digestOf(body);
    const nowMs = clock.now();
    const { dedupeWindowMs } = config();
    const known = recent.get(`${name} ${digest}`);
    if (known !== undefined && Math.abs(nowMs - known.atMs) < dedupeWindowMs) return known.id;
    // The window is part of the id, so that a repeat is known over a restart too.
    const id = `hook:${name}:${digest}:${dedupeWindowMs === 0 ? nowMs : Math.floor(nowMs / dedupeWindowMs)}`;
    recent.delete(`${name} ${digest}`);
    recent.set(`${name} ${digest}`, { id, atMs: nowMs });
    const oldest = recent.keys().next().value;
    if (recent.size > RECENT_MAX && oldest !== undefined) recent.delete(oldest);
    return id;
  };

  const refuseSessionKey = (fields: Fields): void => {
    if (fields["sessionKey"] === undefined || config().allowRequestSessionKey) return;
    throw new OpenClawError("HOOK_BODY_INVALID", { why: "A sender may not name the session.", next: "Set hooks.allowRequestSessionKey." });
  };

  const wake = async (id: string, fields: Fields, relays?: number): Promise<Fields> => {
    const mode = oneOf(fields, "mode", ["now", "next-heartbeat"] as const) ?? "now";
    const agentId = textOf(fields, "agentId");
    const sessionKey = textOf(fields, "sessionKey");
    const eventOutcome = await deps.heartbeats.wake({
      mode, id, label: config().label, text: needed(fields, "text"),
      ...(agentId === undefined ? {} : { agentId }), ...(sessionKey === undefined ? {} : { sessionKey }),
      ...(relays === undefined ? {} : { relays }),
    });
    return { ok: true, mode, eventOutcome };
  };

  let waiting = 0;

  /** How a run ended, and no more: a sender of webhooks does not read what an agent says. */
  const waitFor = async (runId: string, timeoutMs: number): Promise<Fields> => {
    waiting += 1;
    try {
      const outcome = await deps.wait(runId, timeoutMs, new AbortController().signal);
      if (outcome === undefined) return { status: "timeout" };
      return { status: outcome.status === "ok" ? "ok" : "error", ...(outcome.code === undefined ? {} : { error: outcome.code }) };
    } finally {
      waiting -= 1;
    }
  };

  const message = async (name: string, id: string, inbound: Pick<Inbound, "text" | "sessionKey"> & Partial<Inbound>): Promise<Fields> => {
    const principal: Principal = { tenant: HOME_TENANT, id: `service:hook-${name}`, kind: "service", label: config().label };
    const origin = { kind: "hook", name } as const;
    const { runId } = await deps.intake.receiveInbound({ ...inbound, idempotencyKey: id, principal, channel: "hook", origin });
    return { ok: true, runId };
  };

  const agent = async (id: string, fields: Fields, relays?: number): Promise<Fields> => {
    const text = needed(fields, "message");
    const name = textOf(fields, "name") ?? "Hook";
    const isPersistent = oneOf(fields, "sessionMode", ["isolated", "persistent"] as const) === "persistent";
    const [agentId, model, thinking] = [textOf(fields, "agentId"), textOf(fields, "model"), textOf(fields, "thinking")];
    const seconds = fields["timeoutSeconds"];
    if (seconds !== undefined && !(Number.isInteger(seconds) && Number(seconds) > 0 && Number(seconds) <= 86_400)) {
      throw invalid("timeoutSeconds is a whole number of seconds, at most a day.");
    }
    const waits = fields["waitForCompletion"] === true;
    if (waits && waiting >= WAITING_MAX) throw new OpenClawError("HOOK_RATE_LIMITED", { why: "Too many callers wait for their run." });
    const accepted = await message("agent", id, {
      text, ...replyOf(fields), ...(relays === undefined ? {} : { relays }),
      sessionKey: textOf(fields, "sessionKey") ?? `hook:${isPersistent ? slugOf(name) : uuidOf(id)}`,
      ...(agentId === undefined ? {} : { agentId }), ...(model === undefined ? {} : { model }),
      ...(thinking === undefined ? {} : { thinking }), ...(seconds === undefined ? {} : { timeoutMs: Number(seconds) * 1_000 }),
    });
    if (!waits) return accepted;
    return { ...accepted, ...(await waitFor(id, Math.min(WAIT_MS, seconds === undefined ? WAIT_MS : Number(seconds) * 1_000))) };
  };

  const mapped = async (name: string, id: string, mapping: Mapping, body: Fields, relays?: number): Promise<Fields | null> => {
    const { action, text, template, agentId, mode, model, thinking, timeoutSeconds: seconds } = mapping;
    const whole = (): string => `${text ?? `The webhook ${name} says:`}\n\n${JSON.stringify(body, null, 1)}`;
    const words = template === undefined ? whole() : renderTemplate(template, body);
    if (words.trim() === "") return null;
    const far = relays === undefined ? {} : { relays };
    const to = agentId === undefined ? {} : { agentId };
    const sessionKey = sessionOf(mapping, body);
    if (action === "wake") {
      return await wake(id, { text: words, mode: mode ?? "now", ...to, ...(sessionKey === undefined ? {} : { sessionKey }) }, relays);
    }
    return await message(name, id, {
      text: words, sessionKey: sessionKey ?? `hook:${uuidOf(id)}`, ...to, ...far, ...replyOf(mapping),
      ...(model === undefined ? {} : { model }), ...(thinking === undefined ? {} : { thinking }),
      ...(seconds === undefined ? {} : { timeoutMs: seconds * 1_000 }),
    });
  };

  /** What a sender writes chooses a session only where senders may choose one. */
  const sessionOf = ({ sessionKey }: Mapping, body: Fields): string | undefined => {
    if (sessionKey === undefined || !sessionKey.includes("{{")) return sessionKey;
    if (!config().allowRequestSessionKey) return undefined;
    return renderTemplate(sessionKey, body).trim().replace(/\s+/g, "-").slice(0, 256) || undefined;
  };

  return {
    receive: async ({ name, body, idempotencyKey, relays }) => {
      if (relays !== undefined && relays > deps.relaysMax()) {
        const why = `It was passed on ${relays} times since a person spoke; ${deps.relaysMax()} are allowed.`;
        throw new OpenClawError("MESSAGE_LOOP", { why, detail: { relays, max: deps.relaysMax() } });
      }
      const mapping = findMapping(config(), name);
      const isKnown = name === "wake" || name === "agent" || mapping !== undefined;
      if (!isKnown || !NAME.test(name)) throw new OpenClawError("HOOK_UNKNOWN");
      const fields = parseBody(body);
      const key = idempotencyKey ?? (mapping === undefined ? textOf(fields, "idempotencyKey") : undefined);
      const id = idOf(name, body, key);
      if (mapping !== undefined) return await mapped(name, id, mapping, fields, relays);
      refuseUnknown(fields, name === "wake" ? [...WAKE_FIELDS, "idempotencyKey"] : AGENT_FIELDS);
      refuseSessionKey(fields);
      return name === "wake" ? await wake(id, fields, relays) : await agent(id, fields, relays);
    },
  };
}

function parseBody(body: Uint8Array): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw invalid("It is not JSON.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw invalid("It is not a JSON object.");
  return parsed as Fields;
}

/** Where the outcome is brought: only where a channel and somebody there are named. `last` is the channel spoken on last. */
function replyOf(fields: Pick<Mapping, "deliver" | "channel" | "to"> | Fields): Pick<Inbound, "replyTo"> {
  const { deliver, channel, to, accountId } = fields as Fields;
  if (deliver === false || ((channel === undefined || channel === "last") && to === undefined)) return {};
  if (typeof channel !== "string" || typeof to !== "string") throw invalid("channel and to are named together, as texts.");
  return { replyTo: { kind: "channel", channel, to, ...(typeof accountId === "string" ? { accountId } : {}) } };
}

function refuseUnknown(fields: Fields, known: readonly string[]): void {
  const extra = Object.keys(fields).find((name) => !known.includes(name));
  if (extra !== undefined) throw invalid(`${JSON.stringify(extra.slice(0, 64))} is not offered here. It takes: ${known.join(", ")}.`);
}

function needed(fields: Fields, name: string): string {
  const text = textOf(fields, name);
  if (text === undefined || text.trim() === "") throw invalid(`${name} is missing.`);
  return text;
}

function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === "string") return value;
  throw invalid(`${name} is not a text.`);
}

function oneOf<const T extends readonly string[]>(fields: Fields, name: string, allowed: T): T[number] | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const found = allowed.find((choice) => choice === value);
  if (found === undefined) throw invalid(`${name} is one of ${allowed.join(", ")}.`);
  return found;
}

function invalid(why: string): OpenClawError {
  return new OpenClawError("HOOK_BODY_INVALID", { why });
}

function digestOf(value: string | Uint8Array): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 32);
}

/** The same call always has the same session. */
function uuidOf(id: string): string {
  const hex = createHash("sha256").update(`session ${id}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64) || "hook";
}
