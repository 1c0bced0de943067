/** A message as Telegram gives it, read into the port's words. Whatever does not look as it should is left out; nothing throws. */
import type { ChannelFile, ChannelMessage } from "@openclaw/sdk";
import { recordOf } from "./bot-api.ts";

export interface BotName {
  readonly id: number;
  readonly username: string;
}

type Fields = Readonly<Record<string, unknown>>;

const NAME_CHARS_MAX = 256;
const TEXT_CHARS_MAX = 65_536;

/** Undefined for what is no message of somebody else: news of the conversation itself, our own words, things without a number. */
export function readMessage(message: unknown, me: BotName, fileBytesMax: number): ChannelMessage | undefined {
  const raw = recordOf(message);
  const chat = recordOf(raw["chat"]);
  const [id, chatId, date] = [raw["message_id"], chat["id"], raw["date"]].map(wholeNumber);
  if (id === undefined || id <= 0 || chatId === undefined) return undefined;
  const { type } = chat;
  const kind = typeof type === "string" && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  const sender = senderOf(raw, chat);
  if (kind === undefined || sender === undefined || sender.id === String(me.id)) return undefined;
  const files = filesOf(raw, fileBytesMax);
  const text = textOf(raw, me);
  if (text === "" && files.length === 0) return undefined;
  const answered = recordOf(raw["reply_to_message"]);
  const replyToId = wholeNumber(answered["message_id"]);
  // Each message of a topic seems to answer the one that opened it.
  const answers = replyToId !== undefined && answered["forum_topic_created"] === undefined;
  const threadId = raw["is_topic_message"] === true ? wholeNumber(raw["message_thread_id"]) : undefined;
  const title = shortText(chat["title"]);
  const passedOn = passedOnOf(raw);
  return {
    id: `${chatId}:${id}`,
    at: { to: String(chatId), ...(threadId === undefined ? {} : { threadId: String(threadId) }) },
    peer: { kind, id: String(chatId), ...(title === undefined ? {} : { title }) },
    sender, text, files, ...(passedOn === undefined ? {} : { passedOn }),
    mentionsMe: kind === "direct" || (answers && recordOf(answered["from"])["id"] === me.id) || isNamed(raw, me),
    ...(answers ? { replyToId: String(replyToId) } : {}),
    sentAtMs: Math.max(0, date ?? 0) * 1_000,
  };
}

const KINDS: Readonly<Record<string, ChannelMessage["peer"]["kind"]>> = {
  private: "direct", group: "group", supergroup: "group", channel: "channel",
};

/** Who writes for a group or a channel is that group or channel: the person Telegram names beside it is made up. */
function senderOf(raw: Fields, chat: Fields): ChannelMessage["sender"] | undefined {
  const [from, behalf] = [recordOf(raw["from"]), recordOf(raw["sender_chat"])];
  const chosen = wholeNumber(behalf["id"]) !== undefined ? behalf : wholeNumber(from["id"]) !== undefined ? from
    : chat["type"] === "channel" ? chat : undefined;
  if (chosen === undefined) return undefined;
  const names = [chosen["first_name"], chosen["last_name"]].filter((part) => typeof part === "string");
  const name = shortText(chosen["title"] ?? names.join(" "));
  const username = shortText(chosen["username"]);
  return {
    id: String(chosen["id"]), isBot: chosen["is_bot"] === true,
    ...(name === undefined ? {} : { name }), ...(username === undefined ? {} : { username }),
  };
}

/** Forwarded, written by another bot in the sender's name, or a contact, whose name is what somebody calls themselves. */
function passedOnOf(raw: Fields): ChannelMessage["passedOn"] {
  const places = ["forward_origin", "forward_from", "forward_from_chat", "forward_sender_name", "forward_date", "via_bot", "contact"];
  if (!places.some((place) => raw[place] !== undefined)) return undefined;
  const origin = recordOf(raw["forward_origin"]);
  const who = ["sender_user", "sender_chat", "chat"].map((place) => recordOf(origin[place]));
  const bot = recordOf(raw["via_bot"])["username"];
  const names = [origin["sender_user_name"], ...who.flatMap((one) => [one["title"], one["first_name"]]), bot];
  const from = names.map(shortText).find((name) => name !== undefined);
  return from === undefined ? {} : { from };
}

/** Words, the words below a file, or what stands for a thing that has no words. A command loses the name it was said to. */
function textOf(raw: Fields, { username }: BotName): string {
  const words = [raw["text"], raw["caption"]].find((each) => typeof each === "string");
  if (typeof words !== "string") return thingOf(raw);
  const text = words.slice(0, TEXT_CHARS_MAX).toWellFormed();
  const command = /^\/\w{1,64}@(\w{1,64})(?!\w)/.exec(text);
  if (command?.[1]?.toLowerCase() !== username.toLowerCase()) return text;
  return command[0].slice(0, command[0].indexOf("@")) + text.slice(command[0].length);
}

function thingOf(raw: Fields): string {
  const [sticker, place, contact] = ["sticker", "location", "contact"].map((name) => recordOf(raw[name]));
  const emoji = shortText(sticker?.["emoji"]);
  if (emoji !== undefined) return emoji;
  const { latitude, longitude } = place ?? {};
  if (typeof latitude === "number" && typeof longitude === "number") return `[location ${latitude}, ${longitude}]`;
  const known = ["first_name", "last_name", "phone_number"].map((name) => shortText(contact?.[name])).filter((each) => each !== undefined);
  return known.length === 0 ? "" : `[contact ${known.join(" ")}]`;
}

function isNamed(raw: Fields, me: BotName): boolean {
  const text = [raw["text"], raw["caption"]].find((each) => typeof each === "string");
  const entities: unknown = raw["entities"] ?? raw["caption_entities"];
  if (typeof text !== "string" || !Array.isArray(entities)) return false;
  const name = `@${me.username}`.toLowerCase();
  return entities.slice(0, 1_000).map(recordOf).some(({ type, offset, length, user }) => {
    if (type === "text_mention") return recordOf(user)["id"] === me.id;
    if (typeof offset !== "number" || typeof length !== "number") return false;
    const words = text.slice(offset, offset + length).toLowerCase();
    return type === "mention" ? words === name : type === "bot_command" && words.endsWith(name);
  });
}

/** Where a file stands, its name and its type if Telegram names none. An animation is named twice: as itself and as a document. */
const FILES: readonly (readonly [field: string, name: string, mimeType: string])[] = [
  ["document", "", ""], ["voice", "voice.oga", "audio/ogg"], ["audio", "audio", "audio/mpeg"], ["video", "video.mp4", "video/mp4"],
  ["video_note", "video.mp4", "video/mp4"],
];

function filesOf(raw: Fields, fileBytesMax: number): readonly ChannelFile[] {
  const photo = Array.isArray(raw["photo"]) ? largest(raw["photo"].map(recordOf), fileBytesMax) : undefined;
  const files = photo === undefined ? [] : [fileOf(photo, "photo.jpg", "image/jpeg")];
  for (const [field, name, mimeType] of FILES) if (raw[field] !== undefined) files.push(fileOf(recordOf(raw[field]), name, mimeType));
  return files.filter((file) => file !== undefined);
}

/** The largest size that may be fetched; where none may, the smallest. Telegram lists them by size. */
function largest(sizes: readonly Fields[], bytesMax: number): Fields | undefined {
  return sizes.findLast(({ file_size: size }) => typeof size !== "number" || size <= bytesMax) ?? sizes[0];
}

function fileOf(raw: Fields, ownName: string, ownType: string): ChannelFile | undefined {
  const id = raw["file_id"];
  if (typeof id !== "string" || id === "" || id.length > 512) return undefined;
  const name = shortText(raw["file_name"]) ?? ownName;
  const mimeType = shortText(raw["mime_type"]) ?? ownType;
  const sizeBytes = wholeNumber(raw["file_size"]);
  return {
    id, ...(name === "" ? {} : { name }), ...(mimeType === "" ? {} : { mimeType }),
    ...(sizeBytes === undefined || sizeBytes < 0 ? {} : { sizeBytes }),
  };
}

function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? value as number : undefined;
}

function shortText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, NAME_CHARS_MAX).toWellFormed() : undefined;
}
