/** What the fake knows: its bot, conversations and what was said in them, files, and updates nobody has confirmed. */
import { checkObject, type Given } from "./check-call.ts";
import type { FakeEntity } from "./parse-html.ts";

export interface FakePerson {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly last_name?: string;
  readonly username?: string;
}

export interface FakeChat {
  readonly id: number;
  readonly type: "private" | "group" | "supergroup" | "channel";
  readonly title?: string;
  readonly username?: string;
  readonly first_name?: string;
  readonly is_forum?: true;
}

export interface FakeFile {
  readonly kind: "photo" | "document" | "voice" | "audio" | "video" | "animation" | "video_note";
  /** The whole of it; of a photo the largest size, smaller ones are made up. */
  readonly bytes: Uint8Array;
  readonly name?: string;
  readonly mimeType?: string;
  /** Told instead of the bytes' true number. */
  readonly sizeBytes?: number;
}

export interface FakeWords {
  /** The conversation; a number is the private one with `from`. */
  readonly chat?: FakeChat;
  readonly from?: FakePerson | null;
  readonly text?: string;
  readonly file?: FakeFile;
  /** A message of the same conversation that this one answers. */
  readonly replyTo?: number;
  readonly threadId?: number;
  /** Seconds since the epoch. */
  readonly date?: number;
  /** More fields of the message, as Telegram has them: whatever else can come. */
  readonly rest?: Given;
}

/** A message as people see it now. */
export interface SeenMessage {
  readonly id: number;
  readonly chatId: number;
  readonly threadId?: number;
  readonly from: "bot" | "person";
  readonly text: string;
  readonly entities: readonly FakeEntity[];
  readonly replyTo?: number;
  readonly silent: boolean;
  readonly preview: boolean;
  /** How often it was changed. */
  readonly edits: number;
  /** As it was sent, formatting and all. */
  readonly source: string;
}

interface Stored {
  seen: SeenMessage;
  readonly raw: Given;
}

export const ALICE: FakePerson = { id: 1_001, is_bot: false, first_name: "Alice", last_name: "Example", username: "alice" };
export const BOB: FakePerson = { id: 1_002, is_bot: false, first_name: "Bob" };
export const GROUP: FakeChat = { id: -1_001_000_000_001, type: "supergroup", title: "Kitchen" };
export const FORUM: FakeChat = { id: -1_001_000_000_002, type: "supergroup", title: "Works", is_forum: true };
export const CHANNEL: FakeChat = { id: -1_001_000_000_003, type: "channel", title: "News" };

export class World {
  readonly bot: FakePerson & { readonly username: string };
  readonly chats = new Map<number, FakeChat>();
  readonly files = new Map<string, { readonly path: string; readonly file: FakeFile; readonly bytes: Uint8Array }>();
  readonly updates: Given[] = [];
  commands: unknown = [];
  webhook = "";
  /** Kinds of updates that are made, as the last poll named them. */
  allowed: readonly string[] | undefined;
  nextUpdate = 700_000_001;
  readonly #messages = new Map<number, Stored[]>();
  readonly #typing = new Map<string, number>();
  readonly #changed = new Set<() => void>();
  readonly now: () => number;

  constructor(bot: FakePerson & { readonly username: string }, now: () => number) {
    this.bot = bot;
    this.now = now;
  }

  /** Called after everything that changes what somebody could see. */
  onChange(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => void this.#changed.delete(listener);
  }

  tell(): void {
    for (const listener of [...this.#changed]) listener();
  }

  messages(chatId: number): readonly SeenMessage[] {
    return (this.#messages.get(chatId) ?? []).map(({ seen }) => seen);
  }

  find(chatId: number, messageId: number): Stored | undefined {
    return this.#messages.get(chatId)?.find(({ seen }) => seen.id === messageId);
  }

  /** A message of a person, or of a channel. Returns the message's id. */
  say(words: FakeWords): number {
    const from = words.from === null ? undefined : words.from ?? ALICE;
    const chat = words.chat ?? privateChat(from ?? ALICE);
    this.chats.set(chat.id, chat);
    const replied = words.replyTo === undefined ? undefined : this.find(chat.id, words.replyTo)?.raw;
    const text = words.text ?? "";
    const entities = entitiesIn(text);
    const id = this.#nextId(chat.id);
    const inFile = words.file !== undefined;
    const raw: Given = {
      message_id: id, chat, date: words.date ?? Math.floor(this.now() / 1_000), ...(from === undefined ? {} : { from }),
      ...(words.threadId === undefined ? {} : { message_thread_id: words.threadId, is_topic_message: true }),
      ...(replied === undefined ? {} : { reply_to_message: withoutReply(replied) }),
      ...(text === "" ? {} : inFile ? { caption: text } : { text }),
      ...(entities.length === 0 ? {} : inFile ? { caption_entities: entities } : { entities }),
      ...(words.file === undefined ? {} : this.#keep(words.file)), ...words.rest,
    };
    const wrong = words.rest === undefined ? checkObject("Message", raw) : undefined;
    if (wrong !== undefined) throw new Error(`nobody could say this on Telegram: ${wrong}`);
    this.#store(chat.id, raw, {
      id, chatId: chat.id, from: "person", text, entities, silent: false, preview: false, edits: 0, source: text,
      ...(words.threadId === undefined ? {} : { threadId: words.threadId }),
      ...(words.replyTo === undefined ? {} : { replyTo: words.replyTo }),
    });
    this.push(chat.type === "channel" ? { channel_post: raw } : { message: raw });
    return id;
  }

  /** A person changes what they said. */
  rewrite(chatId: number, messageId: number, text: string): void {
    const stored = this.find(chatId, messageId);
    if (stored === undefined) throw new Error(`there is no message ${messageId} in ${chatId}`);
    stored.seen = { ...stored.seen, text, source: text, edits: stored.seen.edits + 1 };
    this.push({ edited_message: { ...stored.raw, text, edit_date: Math.floor(this.now() / 1_000) } });
  }

  /** Any update at all, well-formed or not. */
  push(update: Given): number {
    const [kind = ""] = Object.keys(update);
    const unwanted = ["chat_member", "message_reaction", "message_reaction_count"];
    const wanted = this.allowed === undefined || this.allowed.length === 0 ? !unwanted.includes(kind) : this.allowed.includes(kind);
    const id = this.nextUpdate;
    if (wanted) {
      this.nextUpdate += 1;
      this.updates.push({ update_id: id, ...update });
    }
    this.tell();
    return id;
  }

  /** A message of the bot; returned as Telegram returns it. */
  post(chat: FakeChat, seen: Omit<SeenMessage, "id" | "chatId" | "from" | "edits">): Given {
    const id = this.#nextId(chat.id);
    const replied = seen.replyTo === undefined ? undefined : this.find(chat.id, seen.replyTo)?.raw;
    const raw: Given = {
      message_id: id, ...(chat.type === "channel" ? { sender_chat: chat } : { from: this.bot }), chat, date: Math.floor(this.now() / 1_000),
      ...(seen.threadId === undefined ? {} : { message_thread_id: seen.threadId, is_topic_message: true }),
      ...(replied === undefined ? {} : { reply_to_message: withoutReply(replied) }), text: seen.text,
      ...(seen.entities.length === 0 ? {} : { entities: seen.entities }),
    };
    this.#typing.delete(placeOf(chat.id, seen.threadId));
    this.#store(chat.id, raw, { ...seen, id, chatId: chat.id, from: "bot", edits: 0 });
    this.tell();
    return raw;
  }

  change(stored: Stored, text: string, entities: readonly FakeEntity[], source: string): Given {
    stored.seen = { ...stored.seen, text, entities, source, edits: stored.seen.edits + 1 };
    this.tell();
    const { entities: _, ...raw } = stored.raw;
    return { ...raw, text, ...(entities.length === 0 ? {} : { entities }), edit_date: Math.floor(this.now() / 1_000) };
  }

  /** Shown for five seconds, or until the bot says something. */
  typingAt(chatId: number, threadId: number | undefined): void {
    this.#typing.set(placeOf(chatId, threadId), this.now() + 5_000);
    this.tell();
  }

  isTyping(chatId: number, threadId?: number): boolean {
    return (this.#typing.get(placeOf(chatId, threadId)) ?? 0) > this.now();
  }

  #nextId(chatId: number): number {
    return (this.#messages.get(chatId)?.at(-1)?.seen.id ?? 0) + 1;
  }

  #store(chatId: number, raw: Given, seen: SeenMessage): void {
    const stored = this.#messages.get(chatId) ?? [];
    stored.push({ seen, raw });
    this.#messages.set(chatId, stored);
  }

  #keep(file: FakeFile): Given {
    const number = this.files.size + 1;
    const facts = (suffix: string, bytes: Uint8Array, size: number): Given => {
      const id = `file-${number}${suffix}`;
      this.files.set(id, { path: `${file.kind}s/${id}${extensionOf(file)}`, file, bytes });
      return { file_id: id, file_unique_id: `unique-${number}${suffix}`, file_size: size };
    };
    const size = file.sizeBytes ?? file.bytes.length;
    if (file.kind === "photo") {
      const small = file.bytes.slice(0, Math.ceil(file.bytes.length / 4));
      return { photo: [
        { ...facts("s", small, small.length), width: 90, height: 60 }, { ...facts("", file.bytes, size), width: 1_280, height: 853 },
      ] };
    }
    const known: Given = {
      ...(file.name === undefined ? {} : { file_name: file.name }), ...(file.mimeType === undefined ? {} : { mime_type: file.mimeType }),
    };
    const base = facts("", file.bytes, size);
    if (file.kind === "document") return { document: { ...base, ...known } };
    if (file.kind === "video_note") return { video_note: { ...base, length: 240, duration: 2 } };
    if (file.kind === "voice" || file.kind === "audio") return { [file.kind]: { ...base, duration: 2, ...known } };
    const moving = { ...base, width: 320, height: 240, duration: 2, ...known };
    return file.kind === "animation" ? { animation: moving, document: { ...base, ...known } } : { video: moving };
  }
}

export function privateChat(person: FakePerson): FakeChat {
  const { id, first_name, username } = person;
  return { id, type: "private", first_name, ...(username === undefined ? {} : { username }) };
}

/** What Telegram finds in plain words by itself. */
export function entitiesIn(text: string): readonly FakeEntity[] {
  const found: FakeEntity[] = [];
  const find = (type: string, pattern: RegExp): void => {
    for (const match of text.matchAll(pattern)) {
      const [, before = "", words = ""] = match;
      found.push({ type, offset: match.index + before.length, length: words.length });
    }
  };
  find("mention", /(^|[^\w@])(@\w{3,32})/g);
  find("bot_command", /(^|[^\w/])(\/\w{1,64}(?:@\w{3,32})?)(?![\w/])/g);
  find("url", /(^|\s)(https?:\/\/[^\s]+)/g);
  return found.toSorted((one, other) => one.offset - other.offset);
}

function withoutReply(raw: Given): Given {
  const { reply_to_message: _, ...rest } = raw;
  return rest;
}

const placeOf = (chatId: number, threadId: number | undefined): string => `${chatId} ${threadId ?? ""}`;

function extensionOf({ kind, name }: FakeFile): string {
  const own = /\.\w{1,8}$/.exec(name ?? "")?.[0];
  return own ?? { photo: ".jpg", document: "", voice: ".oga", audio: ".mp3", video: ".mp4", animation: ".mp4", video_note: ".mp4" }[kind];
}
