/** What each method does once its parameters are sound. Refusals are Telegram's own words. */
import { type FieldFacts, type Given, isRecord, SCHEMA } from "./check-call.ts";
import { EntityError, parseHtml, type ParsedText } from "./parse-html.ts";
import { entitiesIn, type FakeChat, type World } from "./world.ts";

export class Refusal extends Error {
  readonly status: number;
  readonly parameters: { readonly retry_after?: number; readonly migrate_to_chat_id?: number };

  constructor(status: number, description: string, parameters: Refusal["parameters"] = {}) {
    super(description);
    this.status = status;
    this.parameters = parameters;
  }
}

/** Of a file that a bot may fetch. */
export const FILE_BYTES_MAX = 20 * 1_024 * 1_024;
/** Of a text as it is sent, formatting included. */
const SOURCE_BYTES_MAX = 32_768;

type Method = (world: World, given: Given) => unknown;

/** All but `getUpdates`, which waits. */
export const METHODS: Readonly<Record<string, Method>> = {
  getMe: ({ bot }) => ({
    ...bot, can_join_groups: true, can_read_all_group_messages: true, supports_inline_queries: false, can_connect_to_business: false,
    has_main_web_app: false, has_topics_enabled: false, allows_users_to_create_topics: false, can_manage_bots: false,
    supports_join_request_queries: false,
  }),
  getWebhookInfo: ({ webhook, updates }) => ({ url: webhook, has_custom_certificate: false, pending_update_count: updates.length }),
  setWebhook: (world, given) => {
    world.webhook = String(given["url"]);
    world.tell();
    return true;
  },
  deleteWebhook: (world, given) => {
    world.webhook = "";
    if (given["drop_pending_updates"] === true) world.updates.length = 0;
    world.tell();
    return true;
  },
  setMyCommands: (world, given) => {
    world.commands = given["commands"];
    world.tell();
    return true;
  },
  sendChatAction: (world, given) => {
    const chat = chatOf(world, given);
    if (chat.type === "channel") throw new Refusal(400, "Bad Request: CHAT_WRITE_FORBIDDEN");
    world.typingAt(chat.id, threadOf(chat, given));
    return true;
  },
  sendMessage: (world, given) => {
    const chat = chatOf(world, given);
    const threadId = threadOf(chat, given);
    const { text, entities } = textOf("sendMessage", given);
    const replyTo = replyOf(world, chat, given);
    return world.post(chat, {
      text, entities, source: String(given["text"]), silent: given["disable_notification"] === true,
      preview: !(isRecord(given["link_preview_options"]) && given["link_preview_options"]["is_disabled"] === true),
      ...(threadId === undefined ? {} : { threadId }), ...(replyTo === undefined ? {} : { replyTo }),
    });
  },
  editMessageText: (world, given) => {
    const chat = chatOf(world, given);
    const stored = world.find(chat.id, Number(given["message_id"]));
    if (stored === undefined) throw new Refusal(400, "Bad Request: message to edit not found");
    if (stored.seen.from !== "bot") throw new Refusal(400, "Bad Request: message can't be edited");
    const { text, entities } = textOf("editMessageText", given);
    if (text === stored.seen.text && JSON.stringify(entities) === JSON.stringify(stored.seen.entities)) {
      throw new Refusal(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same " +
        "as a current content and reply markup of the message");
    }
    return world.change(stored, text, entities, String(given["text"]));
  },
  getFile: (world, given) => {
    const id = String(given["file_id"]);
    const kept = world.files.get(id);
    if (kept === undefined) throw new Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable");
    const size = kept.file.sizeBytes ?? kept.bytes.length;
    if (size > FILE_BYTES_MAX) throw new Refusal(400, "Bad Request: file is too big");
    return { file_id: id, file_unique_id: `unique-of-${id}`, file_size: size, file_path: kept.path };
  },
};

function chatOf(world: World, given: Given): FakeChat {
  const chat = world.chats.get(Number(given["chat_id"]));
  if (chat === undefined) throw new Refusal(400, "Bad Request: chat not found");
  return chat;
}

function threadOf(chat: FakeChat, given: Given): number | undefined {
  const threadId = given["message_thread_id"];
  if (typeof threadId !== "number") return undefined;
  if (chat.is_forum !== true) throw new Refusal(400, "Bad Request: message thread not found");
  return threadId;
}

function replyOf(world: World, chat: FakeChat, given: Given): number | undefined {
  const wanted = given["reply_parameters"];
  if (!isRecord(wanted) || typeof wanted["message_id"] !== "number") return undefined;
  if (world.find(chat.id, wanted["message_id"]) !== undefined) return wanted["message_id"];
  if (wanted["allow_sending_without_reply"] === true) return undefined;
  throw new Refusal(400, "Bad Request: message to be replied not found");
}

/** The text that people see: formatting is read, the ends are trimmed, and only then is it counted. */
function textOf(method: string, given: Given): ParsedText {
  const source = String(given["text"]);
  const facts: FieldFacts | undefined = SCHEMA.methods[method]?.parameters["text"];
  if (Buffer.byteLength(source) > SOURCE_BYTES_MAX) throw new Refusal(400, "Bad Request: text is too long");
  const mode = given["parse_mode"];
  let parsed: ParsedText = { text: source, entities: [] };
  if (typeof mode === "string" && mode.toLowerCase() === "html") {
    try {
      parsed = parseHtml(source);
    } catch (error) {
      if (error instanceof EntityError) throw new Refusal(400, `Bad Request: can't parse entities: ${error.message}`);
      throw error;
    }
  } else if (mode !== undefined && mode !== "") throw new Refusal(400, "Bad Request: unsupported parse_mode");
  const trimmed = trim(parsed);
  if (trimmed.text === "" || (facts?.charsMin ?? 0) > trimmed.text.length) throw new Refusal(400, "Bad Request: message text is empty");
  if (trimmed.text.length > (facts?.charsMax ?? 0)) throw new Refusal(400, "Bad Request: message is too long");
  const found = entitiesIn(trimmed.text).filter(({ offset }) =>
    !trimmed.entities.some((each) => ["code", "pre", "text_link"].includes(each.type)
      && each.offset <= offset && offset < each.offset + each.length));
  return { text: trimmed.text, entities: [...trimmed.entities, ...found].toSorted((one, other) => one.offset - other.offset) };
}

/** Space before the first sign or the first formatting, and all at the end, is not kept. */
function trim({ text, entities }: ParsedText): ParsedText {
  const blank = text.length - text.trimStart().length;
  const from = Math.min(blank, entities[0]?.offset ?? blank);
  const kept = text.slice(from).trimEnd();
  if (kept.trim() === "") return { text: "", entities: [] };
  return { text: kept, entities: entities.flatMap((each) => {
    const offset = each.offset - from;
    const length = Math.min(each.length, kept.length - offset);
    return length <= 0 ? [] : [{ ...each, offset, length }];
  }) };
}
