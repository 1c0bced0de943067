/** May this person write here, and whose words are theirs? Pure: only ids count, for a name can be taken by anybody. */
import type { Label } from "@openclaw/protocol";
import type { ChannelMessage } from "@openclaw/sdk";
import type { ChannelSection, GroupSection } from "./config.ts";

export interface Approved { readonly owner: boolean }

export interface AdmitFacts {
  readonly channel: string;
  readonly section: ChannelSection;
  /** `commands.ownerAllowFrom`. */
  readonly owners: readonly (string | number)[];
  /** Whoever was let in by a code. */
  readonly approved: (senderId: string) => Approved | undefined;
}

export type Admission =
  | {
      readonly kind: "admitted"; readonly label: Label;
      /** Whether it has to speak to the account to be answered, unless the session says otherwise. */
      readonly activation: "mention" | "always";
    }
  | { readonly kind: "stranger" }
  | { readonly kind: "ignored"; readonly why: string };

type Who = Pick<ChannelMessage, "peer" | "sender">;

export function admitSender({ peer, sender }: Who, facts: AdmitFacts): Admission {
  if (sender.isBot) return { kind: "ignored", why: "it is a bot" };
  return peer.kind === "direct" ? admitDirect(sender.id, facts) : admitInGroup(peer.id, sender.id, facts);
}

function admitDirect(senderId: string, facts: AdmitFacts): Admission {
  const { channel, section } = facts;
  const { dmPolicy: policy = "pairing", allowFrom = [] } = section;
  if (policy === "disabled") return { kind: "ignored", why: "direct messages are switched off" };
  const label = labelOf(senderId, facts);
  const may: Admission = { kind: "admitted", label: label ?? "outside", activation: "always" };
  if (label !== undefined || policy === "open" || isListed(allowFrom, channel, "*")) return may;
  return policy === "pairing" ? { kind: "stranger" } : { kind: "ignored", why: "they are not in allowFrom" };
}

function admitInGroup(groupId: string, senderId: string, facts: AdmitFacts): Admission {
  const { channel, section } = facts;
  const { groupPolicy = "allowlist" } = section;
  if (groupPolicy === "disabled") return { kind: "ignored", why: "groups are switched off" };
  const group = groupOf(groupId, section);
  if (group === undefined && groupPolicy === "allowlist") return { kind: "ignored", why: "the group is not listed under groups" };
  if (group?.enabled === false) return { kind: "ignored", why: "the group is switched off" };
  const label = labelOf(senderId, facts);
  const list = group?.allowFrom ?? section.groupAllowFrom;
  if (list !== undefined && label !== "owner" && !isListed(list, channel, senderId) && !isListed(list, channel, "*")) {
    return { kind: "ignored", why: "they may not speak to it in this group" };
  }
  return { kind: "admitted", label: label ?? "outside", activation: group?.requireMention === false ? "always" : "mention" };
}

/** Of the group itself; what it does not say, the entry for all groups says. */
function groupOf(id: string, { groups = {} }: ChannelSection): GroupSection | undefined {
  const own = Object.hasOwn(groups, id) ? groups[id] : undefined;
  const all = groups["*"];
  return own === undefined && all === undefined ? undefined : { ...all, ...own };
}

/** Undefined: nobody has said who this is. */
function labelOf(senderId: string, { channel, section, owners, approved }: AdmitFacts): "owner" | "member" | undefined {
  // Under a list of the configuration only the configuration lets people in.
  const known = section.dmPolicy === "allowlist" ? undefined : approved(senderId);
  if (known?.owner === true || isListed(owners, channel, senderId)) return "owner";
  return known !== undefined || isListed(section.allowFrom ?? [], channel, senderId) ? "member" : undefined;
}

/** As the id, or with the messenger before it: `telegram:42`, `tg:42`. */
export function isListed(list: readonly (string | number)[], channel: string, id: string): boolean {
  return list.some((entry) => {
    const text = String(entry).trim();
    if (text === id) return true;
    const [prefix = "", ...rest] = text.split(":");
    return rest.join(":") === id && (prefix.toLowerCase() === channel || PREFIXES[prefix.toLowerCase()] === channel);
  });
}

const PREFIXES: Readonly<Record<string, string>> = { tg: "telegram" };
