/**
 * Calls of the Bot API, and what became of them. The token is a part of every address: nothing that leaves this file holds it, and what
 * the other side says is cut short.
 */
import type { ChannelContext } from "@openclaw/sdk";

export interface TelegramConfig {
  readonly apiRoot?: string;
  readonly pollSeconds?: number;
  readonly linkPreview?: boolean;
}

export const PUBLIC_ROOT = "https://api.telegram.org";

/** `again`, `refused` and `unsure` as in `ChannelEnd`. */
export type Called =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false;
      readonly outcome: "again" | "refused" | "unsure";
      readonly why: string;
      /** 0 where nothing was answered. */
      readonly status: number;
      readonly retryAfterMs?: number;
      /** The answer has more bytes than may be read. */
      readonly isTooLong?: true;
      /** The conversation goes on under this number. */
      readonly movedTo?: number;
    };

export type Fetched = { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: string };

export interface BotApi {
  /** Never throws. */
  call(method: string, parameters: object, signal: AbortSignal, deadlineMs?: number): Promise<Called>;
  /** Never throws. `path` is what `getFile` gave. */
  download(path: string, bytesMax: number, signal: AbortSignal): Promise<Fetched>;
}

const ANSWER_BYTES_MAX = 4_194_304;
const DEADLINE_MS = 30_000;
const WHY_CHARS_MAX = 300;
const RETRY_AFTER_SECONDS_MAX = 3_600;
/** A number, a colon, letters: anything else would be read as another part of the address. */
const TOKEN = /^\d{1,20}:[\w-]{10,200}$/;

export function createBotApi(ctx: ChannelContext): BotApi {
  const { apiRoot = PUBLIC_ROOT } = ctx.config as TelegramConfig;
  const root = apiRoot.replace(/\/+$/, "");
  const allowPrivate = root !== PUBLIC_ROOT; // a server of the owner's own, most often on the same machine

  const withToken = async <T>(use: (token: string) => Promise<T>, fail: (why: string, status: number) => T): Promise<T> => {
    let token: string;
    try {
      token = (await ctx.credential()).trim();
    } catch {
      return fail("There is no token for this bot.", 0);
    }
    if (!TOKEN.test(token)) return fail("This is no token of a bot: @BotFather gives one like 123456:ABC-DEF.", 401);
    return use(token);
  };

  return {
    call: (method, parameters, signal, deadlineMs = DEADLINE_MS) => withToken<Called>(async (token) => {
      const deadline = withDeadline(ctx, deadlineMs, signal);
      try {
        const answer = await ctx.http({
          method: "POST", url: `${root}/bot${token}/${method}`, headers: { "content-type": "application/json" },
          body: JSON.stringify(parameters), allowPrivate, responseBytesMax: ANSWER_BYTES_MAX,
        }, deadline.signal);
        if (answer.ok && answer.truncated) {
          return { ok: false, outcome: "unsure", why: "Telegram's answer is too long.", status: answer.status, isTooLong: true };
        }
        return answer.ok ? judge(answer.status, answer.body, token)
          : { ok: false, outcome: answer.sent ? "unsure" : "again", why: plain(answer.why, token), status: 0 };
      } finally {
        deadline.end();
      }
    }, (why, status) => ({ ok: false, outcome: status === 401 ? "refused" : "again", why, status })),

    download: (path, bytesMax, signal) => withToken<Fetched>(async (token) => {
      if (!/^[\w.-]+(?:\/[\w.-]+)*$/.test(path) || path.length > 512 || path.split("/").includes("..")) {
        return { ok: false, why: "Telegram named no address for this file." };
      }
      const fetched = await ctx.fetchBytes({ url: `${root}/file/bot${token}/${path}`, bytesMax, allowPrivate }, signal);
      return fetched.ok ? fetched : { ok: false, why: plain(fetched.why, token) };
    }, (why) => ({ ok: false, why })),
  };
}

/** What the answer says; where it says nothing that can be read, nobody knows what happened. */
function judge(status: number, body: string, token: string): Called {
  const answer = recordOf(parseJson(body));
  if (status >= 200 && status < 300 && answer["ok"] === true) return { ok: true, result: answer["result"] };
  const { description } = answer;
  const why = typeof description === "string" ? plain(`Telegram says: ${description}`, token) : `Telegram answered ${status}.`;
  const { retry_after: seconds, migrate_to_chat_id: movedTo } = recordOf(answer["parameters"]);
  if (status === 429) {
    const isNumber = typeof seconds === "number" && seconds >= 0;
    return { ok: false, outcome: "again", why, status,
      ...(isNumber ? { retryAfterMs: Math.min(seconds, RETRY_AFTER_SECONDS_MAX) * 1_000 } : {}) };
  }
  if (status >= 400 && status < 500) {
    return { ok: false, outcome: "refused", why, status, ...(typeof movedTo === "number" ? { movedTo } : {}) };
  }
  return { ok: false, outcome: "unsure", why, status };
}

/** One line without the token, cut short: it is told to people and kept. */
function plain(text: string, token: string): string {
  const secret = token.slice(token.indexOf(":") + 1);
  const clean = text.replaceAll(token, "[secret]").replaceAll(secret, "[secret]").replace(/[\p{Cc}\p{Cf}]+/gu, " ");
  return clean.length <= WHY_CHARS_MAX ? clean : `${clean.slice(0, WHY_CHARS_MAX - 1).toWellFormed()}…`;
}

function withDeadline(ctx: ChannelContext, ms: number, signal: AbortSignal): { readonly signal: AbortSignal; end(): void } {
  const over = new AbortController();
  const answered = new AbortController();
  ctx.wait(ms, AbortSignal.any([answered.signal, signal])).then(() => over.abort(new Error("no answer in time")), () => {});
  return { signal: AbortSignal.any([over.signal, signal]), end: () => answered.abort() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : {};
}
