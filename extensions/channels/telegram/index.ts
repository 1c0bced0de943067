import type { Channel, ChannelEnd, ChannelTarget } from "@openclaw/sdk";
import { type Called, createBotApi, recordOf, type TelegramConfig } from "./bot-api.ts";
import { listenTo, POLL_SECONDS } from "./listen.ts";
import { renderMarkdown } from "./render.ts";

/** Of one message, once its formatting is read. */
const TEXT_MAX = 4_096;
/** Telegram hands out no larger file. */
const FILE_BYTES_MAX = 20_971_520;

/** Telegram, through the Bot API: asks for messages by long polling, so no address of this machine need be known to anybody. */
export default {
  id: "telegram",
  label: "Telegram",
  config: {
    type: "object", additionalProperties: false,
    properties: {
      apiRoot: {
        type: "string", pattern: "^https?://[^/@?#\\s]+(/[^?#\\s]*)?$", maxLength: 2_048,
        description: "Address of a Bot API server of your own; without it, Telegram's.",
      },
      pollSeconds: {
        type: "integer", minimum: 1, maximum: POLL_SECONDS, default: POLL_SECONDS,
        description: "How long one question for new messages may wait for an answer.",
      },
      linkPreview: { type: "boolean", default: false, description: "Telegram shows what the first link of a message leads to." },
    },
  },
  credentialVariable: "TELEGRAM_BOT_TOKEN",
  // A group takes 20 messages and changes a minute: one change every three seconds is within that.
  limits: {
    textMax: TEXT_MAX, sendsPerSecond: 30, conversationPerSecond: 1, editEveryMs: 3_000, typingMs: 5_000, fileBytesMax: FILE_BYTES_MAX,
  },
  render: (markdown) => renderMarkdown(markdown, TEXT_MAX),
  open: (ctx) => {
    const api = createBotApi(ctx);
    const { linkPreview = false } = ctx.config as TelegramConfig;
    const text = (html: string): object =>
      ({ text: html, parse_mode: "HTML", ...(linkPreview ? {} : { link_preview_options: { is_disabled: true } }) });
    return {
      listen: (signal) => listenTo(ctx, api, FILE_BYTES_MAX, signal),
      send: async (at, html, { replyToId, silent = false }, signal) => {
        const place = placeOf(at);
        if (place === undefined) return NO_PLACE;
        // A message that came is known by its conversation and its number, one that was sent by its number alone.
        const answered = replyToId?.split(":").at(-1);
        const message = {
          ...text(html), ...(silent ? { disable_notification: true } : {}),
          ...(answered !== undefined && isNumber(answered)
            ? { reply_parameters: { message_id: Number(answered), allow_sending_without_reply: true } } : {}),
        };
        const first = await api.call("sendMessage", { ...place, ...message }, signal);
        // A group that became a larger one goes on under another number: nothing was sent to the old one.
        const moved = !first.ok && first.movedTo !== undefined;
        return endOf(moved ? await api.call("sendMessage", { ...place, chat_id: first.movedTo, ...message }, signal) : first);
      },
      edit: async (at, messageId, html, signal) => {
        const place = placeOf(at);
        if (place === undefined || !isNumber(messageId)) return NO_PLACE;
        const edited = await api.call("editMessageText", { chat_id: place.chat_id, message_id: Number(messageId), ...text(html) }, signal);
        if (!edited.ok && /message is not modified/i.test(edited.why)) return { ok: true, messageId };
        return edited.ok ? { ok: true, messageId } : endOf(edited);
      },
      typing: async (at, signal) => {
        const place = placeOf(at);
        if (place !== undefined) await api.call("sendChatAction", { ...place, action: "typing" }, signal);
      },
      fetch: async (file, signal) => {
        const found = await api.call("getFile", { file_id: file.id }, signal);
        if (!found.ok) return { ok: false, why: found.why };
        const { file_path: path } = recordOf(found.result);
        return typeof path === "string" ? api.download(path, FILE_BYTES_MAX, signal)
          : { ok: false, why: "Telegram named no address for this file." };
      },
      [Symbol.asyncDispose]: async () => {},
    };
  },
} satisfies Channel;

const NO_PLACE: ChannelEnd = { ok: false, outcome: "refused", why: "This is no conversation of Telegram's." };

const isNumber = (text: string): boolean => /^-?\d{1,15}$/.test(text);

/** A number, or the public name of a channel. */
function placeOf({ to, threadId }: ChannelTarget): { readonly chat_id: number | string; readonly message_thread_id?: number } | undefined {
  if (!isNumber(to) && !/^@\w{4,32}$/.test(to)) return undefined;
  if (threadId !== undefined && !isNumber(threadId)) return undefined;
  return { chat_id: isNumber(to) ? Number(to) : to, ...(threadId === undefined ? {} : { message_thread_id: Number(threadId) }) };
}

function endOf(called: Called): ChannelEnd {
  if (!called.ok) {
    const { outcome, why, retryAfterMs } = called;
    return { ok: false, outcome, why, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  const { message_id: id } = recordOf(called.result);
  return Number.isSafeInteger(id) ? { ok: true, messageId: String(id) }
    : { ok: false, outcome: "unsure", why: "Telegram took the message, and did not say its number." };
}
