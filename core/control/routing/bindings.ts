/**
 * Which agent answers whom, and in which session: the owner's bindings, the most specific first, and the forms of session keys.
 *
 *   agent:<id>:main                                    direct messages with dmScope main, which is the usual one for the owner
 *   agent:<id>:direct:<peer>                           per-peer
 *   agent:<id>:<channel>:direct:<peer>                 per-channel-peer, which is the usual one for everybody else
 *   agent:<id>:<channel>:<account>:direct:<peer>       per-account-channel-peer
 *   agent:<id>:<channel>:group|channel|room:<id>       groups, each its own, whatever the dmScope
 *   … :thread:<tid>   … :topic:<tid>                   a thread of it; a topic of a Telegram group
 */
import type { Binding, DM_SCOPES, GROUP_SCOPES } from "./config.ts";

/** Where a message of a channel comes from. */
export interface Sender {
  readonly channel: string;
  readonly accountId?: string;
  readonly peer?: { readonly kind: "direct" | "group" | "channel" | "room"; readonly id: string };
  readonly guildId?: string;
  readonly teamId?: string;
  readonly threadId?: string;
  /** Not the owner: unless the owner says so, what they write does not enter the owner's session. */
  readonly guest?: boolean;
}

export interface KeyScopes {
  readonly dmScope?: (typeof DM_SCOPES)[number];
  readonly groupScope?: (typeof GROUP_SCOPES)[number];
  /** A person under one name, and the ids they have: `telegram:123`, or without the channel. */
  readonly identityLinks?: Readonly<Record<string, readonly string[]>>;
}

/** The usual account of a channel. */
const DEFAULT_ACCOUNT = "default";

/** The binding that holds; of equals the first in the file. */
export function matchBinding(sender: Sender, bindings: readonly Binding[]): Binding | undefined {
  let best: { readonly binding: Binding; readonly weight: number } | undefined;
  for (const binding of bindings) {
    const weight = weigh(sender, binding.match);
    if (weight !== undefined && (best === undefined || weight > best.weight)) best = { binding, weight };
  }
  return best?.binding;
}

/** More says more; undefined where it does not fit. */
function weigh(sender: Sender, match: Binding["match"]): number | undefined {
  if (!isSame(match.channel, sender.channel)) return undefined;
  const account = sender.accountId ?? DEFAULT_ACCOUNT;
  if (match.accountId !== "*" && !isSame(match.accountId ?? DEFAULT_ACCOUNT, account)) return undefined;
  const { peer } = match;
  if (peer !== undefined) {
    const kind = sender.peer?.kind === "room" ? "channel" : sender.peer?.kind;
    if (kind !== peer.kind || !isSame(peer.id, sender.peer?.id)) return undefined;
  }
  if (match.guildId !== undefined && !isSame(match.guildId, sender.guildId)) return undefined;
  if (match.teamId !== undefined && !isSame(match.teamId, sender.teamId)) return undefined;
  return (peer === undefined ? 0 : 16) + (match.guildId === undefined ? 0 : 8) + (match.teamId === undefined ? 0 : 4)
    + (match.accountId === "*" ? 1 : 2);
}

/** The session key of a sender's messages with an agent. */
export function keyOfSender(agentId: string, sender: Sender, scopes: KeyScopes): string {
  const { peer, threadId } = sender;
  const base = `agent:${agentId}`;
  const channel = plain(sender.channel);
  if (peer === undefined) return `${base}:main`;
  if (peer.kind === "direct") {
    const { dmScope = sender.guest === true ? "per-channel-peer" : "main" } = scopes;
    if (dmScope === "main") return `${base}:main`;
    const who = linkedName(sender.channel, peer.id, scopes.identityLinks);
    const key = {
      "per-peer": `${base}:direct:${who}`,
      "per-channel-peer": `${base}:${channel}:direct:${who}`,
      "per-account-channel-peer": `${base}:${channel}:${plain(sender.accountId ?? DEFAULT_ACCOUNT)}:direct:${who}`,
    }[dmScope];
    return threadId === undefined ? key : `${key}:thread:${plain(threadId)}`;
  }
  if (scopes.groupScope === "main") return `${base}:main`;
  const key = `${base}:${channel}:${peer.kind}:${plain(peer.id)}`;
  if (threadId === undefined) return key;
  return `${key}:${channel === "telegram" && peer.kind === "group" ? "topic" : "thread"}:${plain(threadId)}`;
}

function linkedName(channel: string, id: string, links: KeyScopes["identityLinks"] = {}): string {
  const forms = [id, `${channel}:${id}`].map((form) => form.toLowerCase());
  const linked = Object.entries(links).find(([, ids]) => ids.some((each) => forms.includes(each.trim().toLowerCase())));
  return plain(linked?.[0] ?? id);
}

/** As a part of a key: nothing that parts or hides. */
function plain(text: string): string {
  const part = text.trim().toLowerCase().replace(/[\s:\p{Cc}\p{Cf}\p{Cs}]+/gu, "-");
  return part === "" ? "unknown" : part;
}

function isSame(one: string, other: string | undefined): boolean {
  return other !== undefined && one.trim().toLowerCase() === other.trim().toLowerCase();
}
