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

/** Completes short keys. Throws SESSION_KEY_INVALID. */
export function parseSessionKey(text: string, defaultAgentId: string): SessionKey {
  const key = text.trim().toLowerCase();
  if (key === "" || key.length > KEY_CHARS_MAX || /[\s\p{Cc}]/u.test(key)) throw invalid(text);
  const [head, agentId, ...rest] = key.split(":");
  if (head !== "agent") {
    if (key.startsWith(":") || key.endsWith(":") || key.includes("::")) throw invalid(text);
    return describe(`agent:${defaultAgentId}:${key}`, defaultAgentId, key);
  }
  if (agentId === undefined || !/^[a-z0-9][a-z0-9_-]{0,63}$/.test(agentId) || rest.length === 0 || rest.some((part) => part === "")) throw invalid(text);
  return describe(key, agentId, rest.join(":"));
}

export function formatMainKey(agentId: string): string {
  return `agent:${agentId}:${MAIN}`;
}

function describe(key: string, agentId: string, rest: string): SessionKey {
  const parts = rest.split(":");
  const kind = rest === "global" ? "global" : rest === "unknown" ? "unknown" : parts.some((part) => part === "group" || part === "channel" || part === "room") ? "group" : "direct";
  return { key, agentId, rest, kind, isMain: rest === MAIN };
}

function invalid(text: string): OpenClawError {
  return new OpenClawError("SESSION_KEY_INVALID", { why: `${JSON.stringify(text.slice(0, 80))} does not fit the grammar.` });
}
