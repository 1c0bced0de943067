/** What plain HTTP gets on the gateway's port: probes, one page, and a 404 that is JSON. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { formatPage, PAGE_HEADERS } from "./page.ts";

export interface HttpFacts {
  readonly version: string;
  readonly address: string;
  readonly uptimeMs: () => number;
  readonly draining: () => boolean;
  /** Names of what is not ready; empty when the gateway may be used. */
  readonly failing: () => readonly string[];
  readonly hostAllowed: (host: string | undefined) => boolean;
}

export function answerHttp(request: IncomingMessage, response: ServerResponse, facts: HttpFacts): void {
  request.resume();
  const path = (request.url ?? "/").split("?", 1)[0];
  const isRead = request.method === "GET" || request.method === "HEAD";
  const probe = isRead ? probeOf(path, facts) : undefined;
  if (probe !== undefined) return sendJson(request, response, probe.status, probe.body);
  if (!facts.hostAllowed(request.headers.host)) return sendError(
    request, response, 403, "This gateway answers to loopback names only.", "forbidden",
  );
  if (path === "/" && isRead) {
    const page = formatPage(
      { version: facts.version, address: facts.address, state: facts.draining() ? "stopping" : "running", uptimeMs: facts.uptimeMs() },
    );
    response.writeHead(200, { ...PAGE_HEADERS, "Content-Length": Buffer.byteLength(page) });
    return void response.end(request.method === "HEAD" ? undefined : page);
  }
  if (path === "/") return sendError(request, response, 405, "Only GET is answered here.", "method_not_allowed");
  sendError(request, response, 404, "Not found", "not_found");
}

function probeOf(path: string | undefined, facts: HttpFacts): { readonly status: number; readonly body: unknown } | undefined {
  switch (path) {
    case "/health":
    case "/healthz":
      return { status: 200, body: { ok: true, status: "live" } };
    case "/ready":
    case "/readyz": {
      const failing = facts.draining() ? ["draining", ...facts.failing()] : facts.failing();
      return { status: failing.length === 0 ? 200 : 503, body: { ready: failing.length === 0, failing, uptimeMs: facts.uptimeMs() } };
    }
    case "/startupz":
      return facts.draining()
        ? { status: 503, body: { ok: false, status: "draining", version: facts.version, uptimeMs: facts.uptimeMs() } }
        : { status: 200, body: { ok: true, status: "started", version: facts.version, uptimeMs: facts.uptimeMs() } };
    default:
      return undefined;
  }
}

function sendError(request: IncomingMessage, response: ServerResponse, status: number, message: string, type: string): void {
  sendJson(request, response, status, { error: { message, type } });
}

function sendJson(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(
    status,
    {
      "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
      "Content-Length": Buffer.byteLength(text),
    },
  );
  response.end(request.method === "HEAD" ? undefined : text);
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
