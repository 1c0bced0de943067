/** Channels as clients see them. This gateway has no messenger behind it yet, and says so. */
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

export interface ChannelMethodDeps {
  readonly now: () => number;
  readonly eventLoop: () => unknown;
}

const NONE = "Channel is required (no configured channels detected)";

export function channelMethods({ now, eventLoop }: ChannelMethodDeps): MethodHandlers {
  const unknown = (params: unknown): never => {
    const { channel } = params as { readonly channel: string };
    throw refusal("CHANNEL_UNKNOWN", `Unknown channel: ${channel}`, { reason: "unknown-channel", channel });
  };
  return {
    "channels.status": () => ({
      ts: now(), channelOrder: [], channelLabels: {}, channelDetailLabels: {}, channelSystemImages: {}, channelMeta: [],
      eventLoop: eventLoop(), channels: {}, channelAccounts: {}, channelDefaultAccountId: {}, statusIssues: [],
    }),
    "channels.start": unknown, "channels.stop": unknown, "channels.logout": unknown,
    "channels.pairing.list": () => ({ requests: [], approved: [] }),
    "channels.pairing.approve": unknown, "channels.pairing.dismiss": unknown, "channels.pairing.revoke": unknown,
    "channels.unsure.list": () => ({ deliveries: [] }),
    "channels.unsure.answer": (params) => {
      throw refusal("NOT_FOUND", "There is no such delivery.", { id: (params as { readonly id: string }).id });
    },
    send: (params) => {
      const { channel } = params as { readonly channel?: string };
      if (channel === undefined) throw refusal("PARAMS_INVALID", NONE, { reason: "no-channel" });
      throw refusal("PARAMS_INVALID", `Unknown channel: ${channel}`, { reason: "unknown-channel", channel });
    },
  };
}
