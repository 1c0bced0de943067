/** What plain HTTP gets on the gateway's port: probes, one page, and a 404 that is JSON. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { guesserOf } from "./client-source.ts";
import type { HooksSurface } from "./hooks-surface.ts";
import type { FilePlace } from "./http/answer-file.ts";
import type { ApiSurface } from "./http/api-surface.ts";
import type { PageFacts } from "./page/answer-page.ts";
import { sendJson } from "./send-json.ts";

/** What anybody may know. */
export interface ProbeFacts {
  readonly version: string;
  readonly uptimeMs: () => number;
  /** Names of what is not ready; empty when the gateway may be used. */
  readonly failing: () => readonly string[];
  readonly phase: () => "starting" | "started" | "draining";
  readonly eventLoop?: (() => unknown) | undefined;
}

export interface HttpFacts extends PageFacts, ProbeFacts {
  readonly draining: () => boolean;
  readonly hostAllowed: (request: IncomingMessage) => boolean;
  /** A browser names an origin when a page asks, not when a person opens an address. */
  readonly originAllowed: (request: IncomingMessage) => boolean;
  /** Absent: this gateway has no webhooks. */
  readonly hooks?: HooksSurface | undefined;
  /** Absent: it speaks to nobody over plain HTTP. */
  readonly api?: ApiSurface | undefined;
  /** Off: there is no page. */
  readonly hasPage: () => boolean;
  /** Where the files of another dashboard are, and stand; the page is beside them then. */
  readonly files: () => FilePlace | undefined;
}

export function answerHttp(request: IncomingMessage, response: ServerResponse, facts: HttpFacts): void {
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const hook = facts.hooks?.nameOf(path);
  const api = hook === undefined && facts.api?.owns(path) === true ? facts.api : undefined;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (hook === undefined && api === undefined) request.resume();
  if (answerProbe(request, response, facts)) return;
  if (!facts.hostAllowed(request)) return sendError(
    request, response, 403, "This gateway does not answer to that name.", "forbidden",
  );
  if (!facts.originAllowed(request)) return sendError(
    request, response, 403, "Pages from this origin get nothing here.", "forbidden",
  );
  // A page in a browser is no sender of webhooks, whatever its origin.
  if (hook !== undefined && facts.hooks !== undefined && request.headers.origin === undefined) {
    if (facts.draining()) return sendError(request, response, 503, "The gateway is stopping.", "draining");
    return void facts.hooks.answer(request, response, { name: hook, query });
  }
  if (api !== undefined && !facts.draining()) return void api.answer(request, response, path, query);
  if (api !== undefined) return sendError(request, response, 503, "The gateway is stopping.", "unavailable");
  const root = isRead && facts.hasPage() ? facts.files() : undefined;
  if (root !== undefined && `${path}/`.startsWith(`${root.basePath}/`)) return void showFile(request, response, path, root, facts);
  const view = facts.hasPage() ? viewOf(path, facts.basePath(), request.headers.accept) : undefined;
  if (view !== undefined && isRead) return void showPage(request, response, view, facts);
  if (view === "") return sendError(request, response, 405, "Only GET is answered here.", "method_not_allowed");
  sendError(request, response, 404, "Not found", "not_found");
}

/** What of our page a path may mean, from its base on; undefined when none. A script that looks for something gets no page. */
function viewOf(path: string, basePath: string, accept: string | undefined): string | undefined {
  if (path === basePath || path === `${basePath}/`) return "";
  if (!path.startsWith(`${basePath}/`)) return undefined;
  const view = path.slice(basePath.length + 1);
  return view.startsWith("assets/") || /text\/html/.test(accept ?? "") ? view : undefined;
}

async function showFile(
  request: IncomingMessage, response: ServerResponse, path: string, place: FilePlace, { onProblem }: HttpFacts,
): Promise<void> {
  try {
    const { answerFile } = await import("./http/answer-file.ts");
    await answerFile(request, response, path, place);
  } catch (error) {
    onProblem("page.failed", { error });
    response.destroy();
  }
}

/** The pages are loaded with the first of them: a start does not pay for them. */
async function showPage(request: IncomingMessage, response: ServerResponse, view: string, facts: HttpFacts): Promise<void> {
  try {
    const { answerPage } = await import("./page/answer-page.ts");
    await answerPage(request, response, view, facts);
  } catch (error) {
    facts.onProblem("page.failed", { error });
    if (response.headersSent) response.destroy();
    else sendError(request, response, 500, "The page could not be made. The log says why.", "internal");
  }
}

/** Answers whether it was a probe: those are answered to everybody, whatever state the gateway is in. */
export function answerProbe(request: IncomingMessage, response: ServerResponse, facts: ProbeFacts): boolean {
  const probe = request.method === "GET" || request.method === "HEAD" ? probeOf(request, facts) : undefined;
  if (probe !== undefined) sendJson(request, response, probe.status, probe.body);
  return probe !== undefined;
}

interface ProbeAnswer { readonly status: number; readonly body: unknown }

function probeOf(request: IncomingMessage, facts: ProbeFacts): ProbeAnswer | undefined {
  const phase = facts.phase();
  switch ((request.url ?? "/").split("?", 1)[0]) {
    case "/health":
    case "/healthz":
      return { status: 200, body: { ok: true, status: "live" } };
    case "/ready":
    case "/readyz": {
      const failing = phase === "draining" ? ["draining", ...facts.failing()] : facts.failing();
      const ready = failing.length === 0;
      // Somebody from elsewhere needs to know whether, and not why.
      if (!guesserOf(request).loopback) return { status: ready ? 200 : 503, body: { ready } };
      const loop = facts.eventLoop === undefined ? {} : { eventLoop: facts.eventLoop() };
      return { status: ready ? 200 : 503, body: { ready, failing, uptimeMs: facts.uptimeMs(), ...loop } };
    }
    case "/startupz": {
      const ok = phase === "started";
      return { status: ok ? 200 : 503, body: { ok, status: phase, version: facts.version, uptimeMs: facts.uptimeMs() } };
    }
    default:
      return undefined;
  }
}

function sendError(request: IncomingMessage, response: ServerResponse, status: number, message: string, type: string): void {
  sendJson(request, response, status, { error: { message, type } });
}

/** The raw answer to an upgrade that is refused: there is no response object on that path. */
export function formatUpgradeRefusal(status: 400 | 403 | 503, message: string, type: string): string {
  const text = JSON.stringify({ error: { message, type } });
  return [
    `HTTP/1.1 ${status} ${{ 400: "Bad Request", 403: "Forbidden", 503: "Service Unavailable" }[status]}`,
    "Content-Type: application/json; charset=utf-8",
    "Connection: close",
    ...(status === 503 ? ["Retry-After: 1"] : []),
    `Content-Length: ${Buffer.byteLength(text)}`,
    "",
    text,
  ].join("\r\n");
}
