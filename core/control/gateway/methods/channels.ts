/** Channels as clients see them. This gateway has no messenger behind it yet, and says so. */
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

export interface ChannelMethodDeps {
  readonly now: () => number;
  readonly eventLoop: () => unknown;
  readonly setup: ChannelSetup;
}

/** Changes of the configuration and of the store of secrets; the gateway takes them like any other. They throw what a write throws. */
export interface ChannelSetup {
  /** `secret` stands in the store when it resolves. Without one the account is only switched on. */
  connect(wish: ChannelPlace & { readonly secret?: string; readonly dmPolicy?: string }): Promise<void>;
  /** False where the configuration did not have it. */
  forget(place: ChannelPlace): Promise<boolean>;
}

interface ChannelPlace {
  readonly channel: string;
  readonly accountId: string;
  /** Under the channel, or under its account: where the reference to the secret stands. */
  readonly secretKey: string;
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
    "channels.connect": unknown, "channels.start": unknown, "channels.stop": unknown, "channels.logout": unknown,
    "channels.pairing.list": () => ({ requests: [], approved: [] }),
    "channels.pairing.approve": unknown, "channels.pairing.dismiss": unknown, "channels.pairing.remove": unknown,
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
