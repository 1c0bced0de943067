/**
 * Long polling. What Telegram gave is confirmed by the next poll alone, so it is asked again only once all of it is stored; whatever ends
 * before that brings the same messages again.
 */
import type { ChannelContext } from "@openclaw/sdk";
import { type BotApi, recordOf, type TelegramConfig } from "./bot-api.ts";
import { type BotName, readMessage } from "./read-message.ts";

export const POLL_SECONDS = 50;
const UPDATES_MAX = 100;
/** Beyond what a poll waits for: as long as an answer may take. */
const SLACK_MS = 15_000;
/** After a week without any, Telegram numbers updates anew, perhaps lower: nothing is confirmed by an older number. */
const NUMBER_HOLDS_MS = 6 * 86_400_000;
const KINDS = ["message", "channel_post"];

interface Place {
  /** The first update that is not confirmed. */
  readonly offset: number;
  readonly atMs: number;
}

/** Until `signal` aborts; throws what ends it, and has told it before. */
export async function listenTo(ctx: ChannelContext, api: BotApi, fileBytesMax: number, signal: AbortSignal): Promise<void> {
  const me = await introduce(ctx, api, signal);
  if (me === undefined) return;
  const { pollSeconds = POLL_SECONDS } = ctx.config as TelegramConfig;
  let place = parsePlace(ctx.cursor);
  let limit = UPDATES_MAX;
  let wasMoved = false;
  // The first question waits for nothing: whether messages can come at all is known at once.
  let seconds = 0;
  while (!signal.aborted) {
    const holds = place !== undefined && ctx.now() - place.atMs < NUMBER_HOLDS_MS;
    const answer = await api.call("getUpdates", {
      limit, timeout: seconds, allowed_updates: KINDS, ...(holds ? { offset: place?.offset } : {}),
    }, signal, seconds * 1_000 + SLACK_MS);
    if (signal.aborted) return;
    if (!answer.ok && answer.isTooLong === true && limit > 1) {
      limit = Math.ceil(limit / 4);
      continue;
    }
    if (!answer.ok && answer.retryAfterMs !== undefined) {
      ctx.report({ state: "down", why: answer.why });
      await ctx.wait(answer.retryAfterMs, signal).catch(() => {});
      continue;
    }
    if (!answer.ok && answer.status === 409 && /webhook/i.test(answer.why) && !wasMoved) {
      await moveWebhook(ctx, api, signal);
      wasMoved = true;
      continue;
    }
    if (!answer.ok) {
      const why = answer.status !== 409 ? answer.why : /webhook/i.test(answer.why)
        ? "Another program sets a webhook for this bot again and again: take the token away from it, or make a new one with @BotFather."
        : "Another program reads this bot's messages: stop it, or make a new token with @BotFather.";
      fail(ctx, why, answer.status);
    }
    ctx.report({ state: "up", as: `@${me.username}` });
    limit = UPDATES_MAX;
    seconds = pollSeconds;
    const updates = Array.isArray(answer.result) ? answer.result.map(recordOf) : [];
    const next = nextAfter(updates);
    if (next === undefined) {
      if (updates.length > 0) fail(ctx, "Telegram's answer could not be read.", 0);
      continue;
    }
    const messages = updates.flatMap(({ message, channel_post: post }) => readMessage(message ?? post, me, fileBytesMax) ?? []);
    if (messages.length > 0) await ctx.receive(messages);
    place = { offset: next, atMs: ctx.now() };
    await ctx.saveCursor(formatPlace(place));
  }
}

/** Who this bot is. Undefined where the wait for it was given up. */
async function introduce(ctx: ChannelContext, api: BotApi, signal: AbortSignal): Promise<BotName | undefined> {
  const answer = await api.call("getMe", {}, signal);
  if (signal.aborted) return undefined;
  if (!answer.ok) fail(ctx, answer.why, answer.status);
  const { id, username } = recordOf(answer.result);
  if (typeof id !== "number" || typeof username !== "string") fail(ctx, "Telegram's answer could not be read.", 0);
  return { id, username: username.slice(0, 64) };
}

/** Telegram pushes to an address instead of answering polls; as long as it does, no message comes here. */
async function moveWebhook(ctx: ChannelContext, api: BotApi, signal: AbortSignal): Promise<void> {
  const told = await api.call("getWebhookInfo", {}, signal);
  const { url } = recordOf(told.ok ? told.result : undefined);
  const host = typeof url === "string" && URL.canParse(url) ? new URL(url).host.slice(0, 255) : "another address";
  ctx.report({ state: "down", why: `Telegram pushes this bot's messages to ${host}: that webhook is taken away, so that they come here.` });
  const answer = await api.call("deleteWebhook", {}, signal);
  if (!answer.ok) fail(ctx, answer.why, answer.status);
}

/** Tells why, and ends. A token that is not known is nothing that time mends. */
function fail(ctx: ChannelContext, why: string, status: number): never {
  const isFinal = status === 401 || status === 404;
  const told = isFinal ? `${why} This token is not known there: take the bot's token from @BotFather and set it again.` : why;
  ctx.report({ state: "down", why: told, ...(isFinal ? { final: true } : {}) });
  throw new Error(told);
}

function nextAfter(updates: readonly Readonly<Record<string, unknown>>[]): number | undefined {
  const numbers = updates.map(({ update_id: id }) => id).filter((id) => Number.isSafeInteger(id)) as number[];
  return numbers.length === 0 ? undefined : Math.max(...numbers) + 1;
}

function formatPlace({ offset, atMs }: Place): string {
  return `${offset} ${atMs}`;
}

function parsePlace(cursor: string | undefined): Place | undefined {
  const [, offset, atMs] = /^(\d{1,15}) (\d{1,15})$/.exec(cursor ?? "") ?? [];
  return offset === undefined ? undefined : { offset: Number(offset), atMs: Number(atMs) };
}
