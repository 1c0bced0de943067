/**
 * Webhooks at the door: who may come in, how often, and how large. What they say is read by whoever is handed in.
 *
 * Nothing of a call is read before its token is known to be right, and a flood is refused before it costs more than that: so
 * many a minute from one source, so many from all, so many at once. A refusal says when to come again.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { codeOf, ERRORS, OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import { SlidingLimit } from "./sliding-limit.ts";

/** The part of the schedule that webhooks reach. */
export interface HookDoor {
  /** Null: there are no hooks, and their addresses do not exist. Asked at each call. */
  rules(): HookRules | null;
  token(): Promise<Secret>;
  /** Resolves once what came is durable, with null where there was nothing to do. Throws coded refusals. */
  receive(call: {
    readonly name: string; readonly body: Uint8Array; readonly idempotencyKey?: string; readonly relays?: number;
  }): Promise<unknown>;
}

export interface HookRules {
  /** `/hooks` */
  readonly path: string;
  readonly maxBodyBytes: number;
  readonly perSourcePerMinute: number;
  readonly perMinute: number;
}

export interface HooksSurface {
  /** The hook's name, or undefined where the path is none of a hook's. */
  nameOf(path: string): string | undefined;
  answer(request: IncomingMessage, response: ServerResponse, call: { readonly name: string; readonly query: string }): Promise<void>;
}

export interface HooksSurfaceDeps {
  readonly clock: Clock;
  readonly door: HookDoor;
  readonly onProblem: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

const LIMITS = { atOnce: 32, windowMs: 60_000, failuresPerMinute: 20, keyChars: 256, drainedBytes: 4_194_304 } as const;
const TOKEN_NAMES = /^(?:token|access_token|auth|key|api_?key|x-openclaw-token)$/i;

export function createHooksSurface({ clock, door, onProblem }: HooksSurfaceDeps): HooksSurface {
  let limits: { readonly rules: string; readonly source: SlidingLimit; readonly all: SlidingLimit } | undefined;
  const failures = new SlidingLimit(LIMITS.failuresPerMinute, LIMITS.windowMs);
  let inside = 0;

  /** Made anew when the configuration changes them. */
  const limitsOf = ({ perSourcePerMinute, perMinute }: HookRules): { readonly source: SlidingLimit; readonly all: SlidingLimit } => {
    const rules = `${perSourcePerMinute} ${perMinute}`;
    if (limits?.rules === rules) return limits;
    limits = { rules, source: new SlidingLimit(perSourcePerMinute, LIMITS.windowMs), all: new SlidingLimit(perMinute, LIMITS.windowMs) };
    return limits;
  };

  const admit = async (request: IncomingMessage, rules: HookRules, { name, query }: { readonly name: string; readonly query: string }) => {
    if (request.method !== "POST") throw new HookRefusal(405, "Only POST is answered here.", "method_not_allowed");
    if ([...new URLSearchParams(query).keys()].some((key) => TOKEN_NAMES.test(key))) throw new OpenClawError("HOOK_TOKEN_IN_QUERY");
    const address = request.socket.remoteAddress ?? "unknown";
    const now = clock.monotonic();
    if (!(await door.token()).equals(tokenOf(request))) {
      const waitMs = failures.take(address, now);
      throw waitMs === 0 ? new OpenClawError("HOOK_UNAUTHORIZED") : tooMany(waitMs);
    }
    const { source, all } = limitsOf(rules);
    const waitMs = source.take(`${address} ${name}`, now) || all.take("all", now);
    if (waitMs > 0) throw tooMany(waitMs);
    if (inside >= LIMITS.atOnce) throw tooMany(1_000);
    if (Number(request.headers["content-length"] ?? 0) > rules.maxBodyBytes) throw new OpenClawError("HOOK_BODY_TOO_LARGE");
  };

  return {
    nameOf: (path) => {
      const rules = door.rules();
      if (rules === null || !path.startsWith(`${rules.path}/`)) return undefined;
      const name = path.slice(rules.path.length + 1);
      return /^[A-Za-z0-9_-]{1,64}$/.test(name) ? name : undefined;
    },
    answer: async (request, response, call) => {
      const rules = door.rules();
      let isInside = false;
      try {
        if (rules === null) throw new OpenClawError("HOOK_UNKNOWN");
        await admit(request, rules, call);
        inside += 1;
        isInside = true;
        const key = request.headers["idempotency-key"];
        const body = await readBody(request, rules.maxBodyBytes);
        const idempotencyKey = typeof key === "string" && key.trim() !== "" ? { idempotencyKey: key.slice(0, LIMITS.keyChars) } : {};
        const far = request.headers["openclaw-relays"];
        const relays = typeof far === "string" && /^\d{1,4}$/.test(far) ? { relays: Number(far) } : {};
        const answer = await door.receive({ name: call.name, body, ...idempotencyKey, ...relays });
        if (answer === null) response.writeHead(204, { "Cache-Control": "no-store" }).end();
        else send(request, response, 200, answer);
      } catch (error) {
        refuse(request, response, error, (fields) => onProblem("hook.failed", { hook: call.name, ...fields }));
      } finally {
        if (isInside) inside -= 1;
      }
    },
  };
}

class HookRefusal extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, message: string, type: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

function tooMany(retryAfterMs: number): OpenClawError {
  return new OpenClawError("HOOK_RATE_LIMITED", { retryAfterMs });
}

function tokenOf({ headers }: IncomingMessage): string {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "")?.[1];
  const own = headers["x-openclaw-token"];
  return bearer ?? (typeof own === "string" ? own.trim() : "");
}

/** Stops reading at the first byte too many. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > bytesMax) throw new OpenClawError("HOOK_BODY_TOO_LARGE", { why: `It has more than ${bytesMax} bytes.` });
  }
  return Buffer.concat(chunks);
}

/** Types as HTTP callers of the well-known gateway know them; the catalogue's code goes along. */
const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 413: "too_large", 429: "rate_limited",
  503: "unavailable",
};

function refuse(
  request: IncomingMessage, response: ServerResponse, error: unknown, log: (fields: Readonly<Record<string, unknown>>) => void,
): void {
  if (response.headersSent || response.destroyed || request.socket.destroyed) return void response.destroy();
  if (error instanceof HookRefusal) {
    return send(request, response, error.status, { ok: false, error: { message: error.message, type: error.type } });
  }
  const code: ErrorCode = codeOf(error) ?? "INTERNAL";
  const { http, text, next } = ERRORS[code];
  if (http >= 500) log({ code, error });
  const known = error instanceof OpenClawError ? error : undefined;
  const retryAfterMs = known?.retryAfterMs ?? (http === 429 || http === 503 ? 1_000 : undefined);
  send(request, response, http, {
    ok: false, error: { message: known?.message ?? text, type: TYPES[http] ?? "internal", code, next: known?.next ?? next },
  }, retryAfterMs);
}

function send(request: IncomingMessage, response: ServerResponse, status: number, body: unknown, retryAfterMs?: number): void {
  const text = JSON.stringify(body);
  if (!request.complete) drain(request);
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
    "Content-Length": Buffer.byteLength(text),
    ...(retryAfterMs === undefined ? {} : { "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
  });
  response.end(text);
}

/** What is left of a body is thrown away, so that its sender can read the refusal; beyond a limit the connection ends. */
function drain(request: IncomingMessage): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LIMITS.drainedBytes) request.socket.destroy();
  });
  request.resume();
}
