/**
 * A fake of Telegram's Bot API: a real HTTP server on loopback that checks calls by the vendor's schema, keeps what was said as people
 * would see it, and fails on demand. It is no recording and no emulator: only what `fake-telegram/schema.json` names is there, every
 * message of a group reaches the bot, and an update waits until it is confirmed.
 *
 * Runs alone too: `node testkit/fake-telegram.ts` prints its address and its token as the first line.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { checkCall, checkObject, type Given, isRecord, SCHEMA } from "./fake-telegram/check-call.ts";
import { METHODS, Refusal } from "./fake-telegram/methods.ts";
import { type FakeChat, type FakeWords, privateChat, type SeenMessage, World } from "./fake-telegram/world.ts";
import { readBody } from "./read-body.ts";

export { ENTITIES_MAX, parseHtml, type FakeEntity } from "./fake-telegram/parse-html.ts";
export { ALICE, BOB, CHANNEL, FORUM, GROUP, type FakeChat, type FakeFile, type FakePerson, type FakeWords, type SeenMessage }
  from "./fake-telegram/world.ts";

/** What becomes of one call instead of an answer. `takesEffect`: what was asked for happens all the same. */
export type FakeFault =
  | { readonly kind: "too-many"; readonly retryAfterSeconds: number }
  | {
      readonly kind: "answer"; readonly status: number; readonly description?: string; readonly takesEffect?: true;
      /** The group goes on under this number. */
      readonly movedTo?: number;
    }
  | { readonly kind: "cut"; readonly takesEffect?: true }
  /** Held until the call is given up, or `release` is settled, and answered then. */
  | { readonly kind: "hold"; readonly release: Promise<unknown> };

export interface FakeCall {
  readonly method: string;
  readonly given: Given;
  /** Milliseconds of `performance.now()`. */
  readonly atMs: number;
  /** 0 where the connection was cut. */
  readonly status: number;
}

export interface FakeTelegram extends AsyncDisposable {
  /** For `apiRoot`: without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly username: string;
  readonly botId: number;
  /** A person says something. Returns the message's id. */
  say(words: FakeWords): number;
  /** A person changes what they said. */
  rewrite(chatId: number, messageId: number, text: string): void;
  /** Any update, well-formed or not. */
  push(update: Given): number;
  /** Conversations are known once somebody wrote in them; this makes one known before. */
  know(chat: FakeChat): void;
  /** What people would see there now, in order. */
  messages(chatId: number): readonly SeenMessage[];
  isTyping(chatId: number, threadId?: number): boolean;
  readonly commands: unknown;
  setWebhook(url: string): void;
  /** The next calls of that method, one after the other. */
  fail(method: string, ...faults: readonly FakeFault[]): void;
  /** Answered calls, in the order of their ends. */
  readonly calls: readonly FakeCall[];
  /** Updates that were not confirmed. */
  readonly unconfirmed: number;
  /** Polls that wait now. */
  readonly polling: number;
  /** Waits for what can be read here: asked again at each change, however long it takes. */
  until<T>(look: () => T | undefined | false, signal?: AbortSignal): Promise<T>;
}

export interface FakeTelegramOptions {
  readonly token?: string;
  readonly username?: string;
  readonly port?: number;
  readonly now?: () => number;
}

const BODY_BYTES_MAX = 1_048_576;
const POLL_SECONDS_MAX = 50;

export async function openFakeTelegram(options: FakeTelegramOptions = {}): Promise<FakeTelegram> {
  const token = options.token ?? "700001:AAFakeTokenOfNoBotAtAll_0123456789abcd";
  const botId = Number(token.split(":")[0]);
  const username = options.username ?? "claw_test_bot";
  const world = new World({ id: botId, is_bot: true, first_name: "Claw", username }, options.now ?? Date.now);
  world.chats.set(1_001, privateChat({ id: 1_001, is_bot: false, first_name: "Alice", last_name: "Example", username: "alice" }));
  const faults = new Map<string, FakeFault[]>();
  const calls: FakeCall[] = [];
  let poll: { readonly stop: (refusal: Refusal) => void } | undefined;

  const getUpdates = (given: Given, gone: AbortSignal): Promise<unknown> => new Promise((resolve, reject) => {
    poll?.stop(new Refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"));
    if (world.webhook !== "") {
      return reject(new Refusal(409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"));
    }
    const { offset = 0, limit = 100, timeout = 0, allowed_updates: allowed } = given as {
      readonly offset?: number; readonly limit?: number; readonly timeout?: number; readonly allowed_updates?: readonly string[];
    };
    if (allowed !== undefined) world.allowed = allowed;
    if (offset < 0) world.updates.splice(0, Math.max(0, world.updates.length + offset));
    else while (Number(world.updates[0]?.["update_id"]) < offset) world.updates.shift();
    const end = (): void => {
      clearTimeout(timer);
      unlisten();
      gone.removeEventListener("abort", leave);
      if (poll === own) poll = undefined;
    };
    const leave = (): void => {
      end();
      world.tell();
      reject(new Gone());
    };
    const give = (isOver: boolean): void => {
      if (world.updates.length === 0 && !isOver) return;
      end();
      resolve(world.updates.slice(0, limit));
    };
    const own = { stop: (refusal: Refusal): void => {
      end();
      reject(refusal);
    } };
    const timer = setTimeout(give, Math.min(timeout, POLL_SECONDS_MAX) * 1_000, true);
    const unlisten = world.onChange(() => give(false));
    gone.addEventListener("abort", leave, { once: true });
    poll = own;
    give(timeout <= 0);
    world.tell();
  });

  const run = async (method: string, given: Given, gone: AbortSignal): Promise<unknown> => {
    const wrong = checkCall(method, given);
    if (wrong !== undefined) throw new Refusal(400, `Bad Request: ${wrong}`);
    const result: unknown = method === "getUpdates" ? await getUpdates(given, gone) : METHODS[method]?.(world, given);
    checkOwn(method, result);
    return result;
  };

  const answer = async (method: string, given: Given, gone: AbortSignal): Promise<Answer> => {
    const fault = faults.get(method)?.shift();
    try {
      if (fault?.kind === "too-many") {
        throw new Refusal(429, `Too Many Requests: retry after ${fault.retryAfterSeconds}`, { retry_after: fault.retryAfterSeconds });
      }
      if (fault?.kind === "hold") await Promise.race([fault.release, whenAborted(gone)]);
      const acts = fault === undefined || fault.kind === "hold" || fault.takesEffect === true;
      const result = acts ? await run(method, given, gone) : null;
      if (fault?.kind === "cut") return { status: 0, body: "" };
      if (fault?.kind === "answer") {
        const description = fault.description ?? `Fault ${fault.status}`;
        if (fault.status >= 502) return { status: fault.status, body: `<html><body><h1>${fault.status} ${description}</h1></body></html>` };
        throw new Refusal(fault.status, description, fault.movedTo === undefined ? {} : { migrate_to_chat_id: fault.movedTo });
      }
      return { status: 200, body: JSON.stringify({ ok: true, result }) };
    } catch (error) {
      if (error instanceof Gone) return { status: 0, body: "" };
      if (!(error instanceof Refusal)) throw error;
      const { status, message, parameters } = error;
      return { status, body: JSON.stringify({
        ok: false, error_code: status, description: message, ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
      }) };
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://fake");
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname);
    if (file !== null) return serveFile(response, file[1] === token ? file[2] ?? "" : undefined);
    const [, given = "", wanted = ""] = /^\/bot([^/]*)\/(\w+)$/.exec(url.pathname) ?? [];
    const method = Object.keys(SCHEMA.methods).find((name) => name.toLowerCase() === wanted.toLowerCase());
    let parameters: Given;
    try {
      parameters = await readParameters(request, url);
    } catch {
      return send(response, refusalOf(400, "Bad Request: can't parse JSON object"));
    }
    const outcome = given !== token ? refusalOf(/^\d+:/.test(given) ? 401 : 404, /^\d+:/.test(given) ? "Unauthorized" : "Not Found")
      : method === undefined ? refusalOf(404, "Not Found") : await answer(method, parameters, gone.signal);
    calls.push({ method: method ?? wanted, given: parameters, atMs: performance.now(), status: outcome.status });
    world.tell();
    if (outcome.status === 0) return void response.socket?.destroy();
    send(response, outcome);
  };

  const serveFile = (response: ServerResponse, path: string | undefined): void => {
    const kept = [...world.files.values()].find((each) => each.path === path);
    if (faults.get("file")?.shift() !== undefined) return void response.socket?.destroy();
    if (path === undefined || kept === undefined) return send(response, refusalOf(404, "Not Found"));
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": kept.bytes.length });
    response.end(kept.bytes);
  };

  const server = createServer((request, response) => void serve(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error));
  }));
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`, token, username, botId,
    say: (words) => world.say(words),
    rewrite: (chatId, messageId, text) => world.rewrite(chatId, messageId, text),
    push: (update) => world.push(update),
    know: (chat) => void world.chats.set(chat.id, chat),
    messages: (chatId) => world.messages(chatId),
    isTyping: (chatId, threadId) => world.isTyping(chatId, threadId),
    get commands() {
      return world.commands;
    },
    setWebhook: (url) => {
      world.webhook = url;
      poll?.stop(new Refusal(409, "Conflict: terminated by setWebhook request"));
    },
    fail: (method, ...more) => void faults.set(method, [...(faults.get(method) ?? []), ...more]),
    calls,
    get unconfirmed() {
      return world.updates.length;
    },
    get polling() {
      return poll === undefined ? 0 : 1;
    },
    until: (look, signal) => new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined || found === false) return;
        stop();
        resolve(found);
      };
      const abort = (): void => {
        stop();
        reject(signal?.reason as Error);
      };
      const stop = (): void => {
        unlisten();
        signal?.removeEventListener("abort", abort);
      };
      const unlisten = world.onChange(check);
      signal?.addEventListener("abort", abort, { once: true });
      check();
    }),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Whoever asked has hung up. */
class Gone extends Error {}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(new Gone());
    signal.addEventListener("abort", () => reject(new Gone()), { once: true });
  });
}

/** The fake is held to the schema, too: what it says must be what Telegram could say. */
function checkOwn(method: string, result: unknown): void {
  const [returned = ""] = SCHEMA.methods[method]?.returns ?? [];
  const list = /^Array of (.+)$/.exec(returned)?.[1];
  if (list === "Update") return; // messages were looked at as they came, and a test may push whatever it likes
  const each = list === undefined ? [result] : Array.isArray(result) ? result as readonly unknown[] : [];
  for (const one of each) {
    const wrong = typeof one === "boolean" ? undefined : checkObject(list ?? returned, one);
    if (wrong !== undefined) throw new Error(`the fake would say what Telegram cannot: ${wrong}`);
  }
}

function refusalOf(status: number, description: string): Answer {
  return { status, body: JSON.stringify({ ok: false, error_code: status, description }) };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": body.startsWith("{") ? "application/json" : "text/html" });
  response.end(body);
}

/** Of the query and a body of JSON, which is what bots send that send no file. */
async function readParameters(request: IncomingMessage, url: URL): Promise<Given> {
  const sent = await readBody(request, BODY_BYTES_MAX);
  const body: unknown = sent === "" ? {} : JSON.parse(sent);
  if (!isRecord(body)) throw new Error("no object");
  return { ...Object.fromEntries(url.searchParams), ...body };
}

if (import.meta.main) {
  const at = process.argv.indexOf("--port");
  const { url, token } = await openFakeTelegram(at === -1 ? {} : { port: Number(process.argv[at + 1]) });
  process.stdout.write(`${url} ${token}\n`);
}
