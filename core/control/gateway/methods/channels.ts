/** Channels as clients see them. This gateway has no messenger behind it yet, and says so. */
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

export interface ChannelMethodDeps {
  readonly now: () => number;
  readonly eventLoop: () => unknown;
}

const NONE = "Channel is required (no configured channels detected)";

export function channelMethods({ now, eventLoop }: ChannelMethodDeps): MethodHandlers {
  return {
    "channels.status": () => ({
      ts: now(), channelOrder: [], channelLabels: {}, channelDetailLabels: {}, channelSystemImages: {}, channelMeta: [],
      eventLoop: eventLoop(), channels: {}, channelAccounts: {}, channelDefaultAccountId: {}, statusIssues: [],
    }),
    send: (params) => {
      const { channel } = params as { readonly channel?: string };
      if (channel === undefined) throw refusal("PARAMS_INVALID", NONE, { reason: "no-channel" });
      throw refusal("PARAMS_INVALID", `Unknown channel: ${channel}`, { reason: "unknown-channel", channel });
    },
  };
}
