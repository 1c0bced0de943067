/** Channels as clients see them: what there is and how it stands, who may write, and a message sent with no agent in between. */
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { DEFAULT_ACCOUNT, type AccountStatus, type Channels } from "../../channels.ts";
import type { MethodContext, MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";
import { presentChannels, waitUntilSaid } from "./present-channels.ts";

export interface ChannelMethodDeps {
  readonly now: () => number;
  readonly eventLoop: () => unknown;
  readonly setup: ChannelSetup;
  readonly channels: () => Promise<Channels>;
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

interface Named { readonly channel: string; readonly accountId?: string }
interface OfCode extends Named { readonly code: string; readonly owner?: boolean; readonly bootstrapCommandOwner?: boolean }
interface StatusParams { readonly probe?: boolean; readonly timeoutMs?: number; readonly channel?: string }

interface SendParams {
  readonly to: string;
  readonly idempotencyKey: string;
  readonly message?: string;
  readonly mediaUrl?: string;
  readonly mediaUrls?: readonly string[];
  readonly channel?: string;
  readonly accountId?: string;
  readonly threadId?: string | number;
  readonly replyToId?: string;
  readonly silent?: boolean;
}

const NONE = "Channel is required (no configured channels detected)";
const SECRET_KEY = "botToken";
const SEND_WAIT_MS = 20_000;
const HELD_SHOWN_MAX = 100;

export function channelMethods({ now, eventLoop, setup, channels: whole }: ChannelMethodDeps): MethodHandlers {
  /** Throws CHANNEL_UNKNOWN where none of its accounts is configured. */
  const meant = (channels: Channels, { channel, accountId }: Partial<Named>): readonly AccountStatus[] => {
    const found = channels.status().filter((one) => (channel === undefined || one.channel === channel)
      && (accountId === undefined || one.accountId === accountId));
    if (found.length === 0 && channel !== undefined) throw unknownChannel(channel);
    return found;
  };
  /** Whichever of the accounts meant has that code. */
  const withCode = async <T>(params: OfCode, act: (channels: Channels, status: AccountStatus) => Promise<T>): Promise<T> => {
    const channels = await whole();
    for (const status of meant(channels, params)) {
      try {
        return await act(channels, status);
      } catch (error) {
        if (!hasCode(error, "PAIRING_CODE_UNKNOWN")) throw error;
      }
    }
    throw new OpenClawError("PAIRING_CODE_UNKNOWN");
  };
  const acted = ({ channel, accountId, phase }: AccountStatus): object => ({ ok: true, channel, accountId, state: phase });

  const status = async ({ probe = false, timeoutMs = 10_000, channel }: StatusParams, { signal }: MethodContext): Promise<object> => {
    const channels = await whole();
    if (probe) await waitUntilSaid(channels, timeoutMs, signal);
    return { ts: now(), eventLoop: eventLoop(), ...await presentChannels(channels, channel) };
  };
  const connect = async (
    { channel, accountId = DEFAULT_ACCOUNT, secret, dmPolicy }: Named & { readonly secret?: string; readonly dmPolicy?: string },
  ): Promise<object> => {
    const channels = await whole();
    if (!(await channels.available()).some(({ id }) => id === channel)) throw unknownChannel(channel);
    await setup.connect({
      channel, accountId, secretKey: SECRET_KEY, ...(secret === undefined ? {} : { secret }),
      ...(dmPolicy === undefined ? {} : { dmPolicy }),
    });
    return { ok: true, channel, accountId };
  };
  const logout = async ({ channel, accountId: account }: Named): Promise<object> => {
    const channels = await whole();
    const stopped = await channels.stop(channel, account);
    const { accountId } = stopped;
    const cleared = await setup.forget({ channel, accountId, secretKey: SECRET_KEY });
    await channels.pairing.forget(`${channel}.${accountId}`);
    return { ...acted(stopped), cleared, loggedOut: true };
  };
  const send = async (params: SendParams, { signal }: MethodContext): Promise<object> => {
    const { channel, accountId, to, threadId, message = "", mediaUrl, mediaUrls = [], idempotencyKey, replyToId, silent } = params;
    const channels = await whole();
    const known = channels.status().map((one) => one.channel);
    if (channel === undefined && known.length === 0) throw refusal("PARAMS_INVALID", NONE, { reason: "no-channel" });
    if (channel !== undefined && !known.includes(channel)) {
      throw refusal("PARAMS_INVALID", `Unknown channel: ${channel}`, { reason: "unknown-channel", channel });
    }
    if (mediaUrl !== undefined || mediaUrls.length > 0) {
      throw refusal("PARAMS_INVALID", "Files are not sent through channels; send a link in the message.", { reason: "no-media" });
    }
    if (message.trim() === "") throw refusal("PARAMS_INVALID", "The message is empty.", { reason: "empty" });
    const patience = AbortSignal.any([signal, AbortSignal.timeout(SEND_WAIT_MS)]);
    const sent = await channels.send({
      at: { to, ...(threadId === undefined ? {} : { threadId: String(threadId) }) }, text: message, idempotencyKey,
      ...(channel === undefined ? {} : { channel }), ...(accountId === undefined ? {} : { accountId }),
      ...(replyToId === undefined ? {} : { replyToId }), ...(silent === undefined ? {} : { silent }),
    }, patience);
    return { runId: idempotencyKey, to, ...sent };
  };

  return {
    "channels.status": (params, ctx) => status(params as StatusParams, ctx),
    "channels.connect": (params) => connect(params as Named),
    "channels.start": async (params) => {
      const { channel, accountId } = params as Named;
      return acted(await (await whole()).start(channel, accountId));
    },
    "channels.stop": async (params) => {
      const { channel, accountId } = params as Named;
      const note = `Until it is started, or the gateway is. To keep it closed: openclaw config set channels.${channel}.enabled false`;
      return { ...acted(await (await whole()).stop(channel, accountId)), note };
    },
    "channels.logout": (params) => logout(params as Named),
    "channels.pairing.list": async (params) => {
      const channels = await whole();
      const accounts = meant(channels, params as Partial<Named>);
      return { requests: accounts.flatMap((one) => channels.waiting(one)), approved: accounts.flatMap((one) => channels.letIn(one)) };
    },
    "channels.pairing.approve": (params, { client }) => withCode(params as OfCode, async (channels, one) => {
      const { code, owner = false, bootstrapCommandOwner = false } = params as OfCode;
      const account = `${one.channel}.${one.accountId}`;
      const sender = await channels.pairing.approve(account, code, owner || bootstrapCommandOwner, client.principal.id);
      const { senderId, name, username, owner: isOwner } = sender;
      return {
        ok: true, channel: one.channel, accountId: one.accountId, senderId, owner: isOwner, ...(name === undefined ? {} : { name }),
        ...(username === undefined ? {} : { username }),
      };
    }),
    "channels.pairing.dismiss": (params) => withCode(params as OfCode, async (channels, { channel, accountId }) => (
      { ok: true, senderId: await channels.pairing.dismiss(`${channel}.${accountId}`, (params as OfCode).code) }
    )),
    "channels.pairing.remove": async (params) => {
      const { senderId, ...named } = params as Named & { readonly senderId: string };
      const channels = await whole();
      const removed = await Promise.all(meant(channels, named).map(({ channel, accountId }) =>
        channels.pairing.remove(`${channel}.${accountId}`, senderId)));
      return { ok: true, removed: removed.includes(true) };
    },
    "channels.unsure.list": async (params) => {
      const { channel, accountId } = params as Partial<Named>;
      const held = (await whole()).outbox.held().filter((one) => (channel === undefined || one.channel === channel)
        && (accountId === undefined || one.accountId === accountId));
      const deliveries = held.slice(0, HELD_SHOWN_MAX).map(({ id, at: { to, threadId }, text = "", atMs, ...one }) => (
        { id, channel: one.channel, accountId: one.accountId, to, ...(threadId === undefined ? {} : { threadId }), text, atMs }
      ));
      return { deliveries, more: held.length > deliveries.length };
    },
    "channels.unsure.answer": async (params) => {
      const { id, answer } = params as { readonly id: string; readonly answer: "resend" | "discard" };
      await (await whole()).outbox.settle(id, answer);
      return { ok: true, id, answer };
    },
    send: (params, ctx) => send(params as SendParams, ctx),
  };
}

function unknownChannel(channel: string): unknown {
  return refusal("CHANNEL_UNKNOWN", `Unknown channel: ${channel}`, { reason: "unknown-channel", channel });
}
