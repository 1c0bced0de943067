import type { IncomingMessage, ServerResponse } from "node:http";

/** One JSON answer, never kept by a cache; without its body for HEAD. */
export function sendJson(
  request: IncomingMessage, response: ServerResponse, status: number, body: unknown, more: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
    "Content-Length": Buffer.byteLength(text), ...more,
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
