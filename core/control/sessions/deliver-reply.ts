/** Brings outcomes to their addresses: another session as a message, a channel through whatever sends there. */
import { OpenClawError } from "@openclaw/protocol";
import type { MessageOffer, SessionAddress } from "../../fabric/journal.ts";
import {
  formatReply, type ChannelAddress, type ChannelDeliverer, type DeliverReply, type Delivery, type SessionReplyAddress,
} from "./delivery.ts";
import type { MakeOffer } from "./make-offer.ts";
import { parseSessionKey } from "./session-key.ts";

export interface DeliverReplyDeps {
  readonly addressOf: (sessionKey: string) => SessionAddress;
  readonly offer: MakeOffer;
  /** By the channel's name. */
  readonly channels: ReadonlyMap<string, ChannelDeliverer>;
}

export function createDeliverReply({ addressOf, offer, channels }: DeliverReplyDeps): DeliverReply {
  const channelOf = ({ channel }: ChannelAddress): ChannelDeliverer => {
    const found = channels.get(channel);
    if (found !== undefined) return found;
    throw new OpenClawError("CHANNEL_UNKNOWN", { why: `Channels: ${[...channels.keys()].join(", ") || "none"}.` });
  };

  /** It passes no admission: what is owed finds its place, and how many may be owed is bounded where they are asked for. */
  const toSession = async (to: SessionReplyAddress, delivery: Delivery): Promise<void> => {
    const { sessionKey, runId, depth = 0, hops = 0, relays = 0 } = to;
    const { key, agentId } = parseSessionKey(sessionKey, delivery.from.agentId);
    const address = addressOf(key);
    const { from, label } = delivery;
    const body: MessageOffer = {
      sessionKey: key, agentId, runId, text: formatReply(delivery), channel: "session",
      origin: { kind: "reply", sessionKey: from.sessionKey, runId: from.runId, depth, hops },
      ...(relays === 0 ? {} : { relays }),
    };
    const principal = { tenant: address.tenant, id: `agent:${from.agentId}`, kind: "agent", label } as const;
    await offer(address, { type: "message.offered", id: runId, body, principal, label });
  };

  return {
    check: (to) => {
      if (to.kind === "channel") channelOf(to);
    },
    deliver: async (to, delivery, signal) => {
      if (to.kind === "session") await toSession(to, delivery);
      else if (to.kind === "channel") await channelOf(to).deliver(to, delivery, signal);
    },
  };
}
