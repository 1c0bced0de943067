/**
 * The files of a dashboard that the owner named with `gateway.controlUi.root`: read only, nothing outside that directory, no file
 * whose name begins with a dot. An address that is no file is one of the dashboard's own views, and gets its first page.
 */
import { open, readFile, realpath } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { hash } from "node:crypto";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { sendJson } from "../send-json.ts";

export interface FilePlace {
  /** A directory; no slash at its end. */
  readonly root: string;
  /** Where it stands: empty, or `/ui`. */
  readonly basePath: string;
}

const FILE_LIMITS = { pathChars: 2_048, pageBytes: 1_048_576 } as const;

const KINDS: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8", ".json": "application/json; charset=utf-8", ".map": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp",
  ".ico": "image/x-icon", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

const HEADERS: Readonly<Record<string, string>> = {
  "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache",
  "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
};

/** Only for GET and HEAD, with a Host and Origin that were checked. `path` is as it was sent, and lies below the base path. */
export async function answerFile(request: IncomingMessage, response: ServerResponse, path: string, place: FilePlace): Promise<void> {
  const name = nameIn(path.slice(place.basePath.length));
  const root = await realpath(place.root).catch(() => undefined);
  if (root === undefined) {
    return sendJson(request, response, 503, { error: { message: "gateway.controlUi.root is not there.", type: "unavailable" } });
  }
  if (name !== undefined && name !== "" && name !== "index.html" && await sendFile(request, response, root, name)) return;
  const isView = name !== undefined && (name === "index.html" || extname(name) === "") && takesPages(request);
  if (!isView || !(await sendPage(request, response, root, place.basePath))) {
    sendJson(request, response, 404, { error: { message: "Not found", type: "not_found" } });
  }
}

/** Undefined for an address that can be no file of ours. */
function nameIn(path: string): string | undefined {
  let name: string;
  try {
    name = decodeURIComponent(path.replace(/^\/+/, ""));
  } catch {
    return undefined;
  }
  const isPlain = name.length <= FILE_LIMITS.pathChars && !/[\0\\]/.test(name);
  return isPlain && name.split("/").every((part) => !part.startsWith(".")) ? name : undefined;
}

/** A browser that goes somewhere, not a script that looks for a file. */
function takesPages({ headers: { accept } }: IncomingMessage): boolean {
  return accept === undefined || /text\/html(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))|\*\/\*/.test(accept);
}

/** False where there is no such file below the root, whatever links say. */
async function sendFile(request: IncomingMessage, response: ServerResponse, root: string, name: string): Promise<boolean> {
  const path = await realpath(join(root, name)).catch(() => undefined);
  if (path === undefined || !path.startsWith(`${root}${sep}`)) return false;
  await using file = await open(path, "r");
  const stat = await file.stat();
  if (!stat.isFile()) return false;
  const changed = new Date(Math.floor(stat.mtimeMs / 1_000) * 1_000);
  const known = Date.parse(request.headers["if-modified-since"] ?? "");
  const headers = {
    ...HEADERS, "Content-Type": KINDS[extname(name).toLowerCase()] ?? "application/octet-stream", "Last-Modified": changed.toUTCString(),
  };
  if (known >= changed.getTime()) {
    response.writeHead(304, headers).end();
    return true;
  }
  response.writeHead(200, { ...headers, "Content-Length": stat.size });
  if (request.method === "HEAD") response.end();
  else if (stat.size === 0) response.end();
  else await pipeline(file.createReadStream({ autoClose: false, end: stat.size - 1 }), response).catch(() => undefined);
  return true;
}

/** The first page with its place in it: its files are named from there, whatever view was asked for. */
async function sendPage(request: IncomingMessage, response: ServerResponse, root: string, basePath: string): Promise<boolean> {
  const text = await readFile(join(root, "index.html"), "utf8").catch(() => undefined);
  if (text === undefined || text.length > FILE_LIMITS.pageBytes) return false;
  const page = text.replace(/((?:src|href)=")\.\//g, `$1${basePath}/`)
    .replace(/<html\b/, `<html data-openclaw-control-ui-base-path="${basePath}"`);
  const scripts = [...page.matchAll(/<script\b(?![^>]*\ssrc=)[^>]*>([^]*?)<\/script>/g)]
    .map(([, script = ""]) => `'sha256-${hash("sha256", script, "base64")}'`);
  response.writeHead(200, {
    ...HEADERS, "Content-Type": KINDS[".html"], "Content-Length": Buffer.byteLength(page), "Content-Security-Policy": [
      "default-src 'self'", "base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'",
      `script-src ${["'self'", "'wasm-unsafe-eval'", ...scripts].join(" ")}`, "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data: blob:", "media-src 'self' data: blob:", "font-src 'self' data:", "connect-src 'self' ws: wss: data:",
    ].join("; "),
  });
  response.end(request.method === "HEAD" ? undefined : page);
  return true;
}
