/**
 * Session keys: lowercase, colon-joined. `main` and other short names belong to the default agent.
 *
 *   agent:<id>:main                         all direct messages, unless configured otherwise
 *   agent:<id>:<channel>:group:<gid>        a group, isolated by channel and group; also channel, room, direct
 *   agent:<id>:dashboard:<uuid>             a session made in the browser
 *   agent:<id>:subagent|acp|explicit:<…>    made by agents and programs
 */
import { OpenClawError } from "@openclaw/protocol";

export interface SessionKey {
  /** The whole key: what everything is stored under. */
  readonly key: string;
  readonly agentId: string;
  /** What follows `agent:<id>:`. */
  readonly rest: string;
  readonly kind: "direct" | "group" | "global" | "unknown";
  readonly isMain: boolean;
}

const KEY_CHARS_MAX = 512;
const MAIN = "main";
/** What moves a cursor, turns the direction of a line or is half a character: a key is shown in lists and logs. */
const NOWHERE = /[\s\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const AGENT_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const GROUPS: ReadonlySet<string> = new Set(["group", "channel", "room"]);
const MADE_BY_PROGRAMS: ReadonlySet<string> = new Set(["dashboard", "subagent", "acp", "explicit", "cron", "hook"]);

/** Completes short keys. Throws SESSION_KEY_INVALID. */
export function parseSessionKey(text: string, defaultAgentId: string): SessionKey {
  const key = text.trim().toLowerCase();
  if (key === "" || key.length > KEY_CHARS_MAX || NOWHERE.test(key)) throw invalid(text);
  const [head = "", agentId = "", ...rest] = key.split(":");
  if (head !== "agent") {
    if (key.split(":").includes("")) throw invalid(text);
    return describe(`agent:${defaultAgentId}:${key}`, defaultAgentId, key);
  }
  if (!AGENT_ID.test(agentId) || rest.length === 0 || rest.includes("")) throw invalid(text);
  return describe(key, agentId, rest.join(":"));
}

export function formatMainKey(agentId: string): string {
  return `agent:${agentId}:${MAIN}`;
}

function describe(key: string, agentId: string, rest: string): SessionKey {
  return { key, agentId, rest, kind: kindOf(rest), isMain: rest === MAIN };
}

function kindOf(rest: string): SessionKey["kind"] {
  if (rest === "global" || rest === "unknown") return rest;
  const parts = rest.split(":");
  // What programs made is theirs, and a person may be called "group": the first word that says a kind stands after a channel.
  if (MADE_BY_PROGRAMS.has(parts[0] ?? "")) return "direct";
  const at = parts.findIndex((part) => part === "direct" || GROUPS.has(part));
  return at > 0 && at < parts.length - 1 && GROUPS.has(parts[at] ?? "") ? "group" : "direct";
}

/** The messenger its messages come through, where the key says so: of a group, or of one person on one messenger. */
export function channelOf({ rest }: Pick<SessionKey, "rest">): string | undefined {
  const parts = rest.split(":");
  const [first = ""] = parts;
  if (MADE_BY_PROGRAMS.has(first)) return undefined;
  const at = parts.findIndex((part) => part === "direct" || GROUPS.has(part));
  return at > 0 && at < parts.length - 1 ? first : undefined;
}

function invalid(text: string): OpenClawError {
  return new OpenClawError("SESSION_KEY_INVALID", { why: `${JSON.stringify(text.slice(0, 80))} does not fit the grammar.` });
}
