/**
 * The control page, as it was built: one HTML for every view, and files that are named by what they hold.
 *
 * Nothing here is secret: a browser that has all of it is let in only by the handshake, with a key of its own and the token of a link.
 * The policy allows no script, style, picture or connection from anywhere else, and no text to become script.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { readBuiltPage, type BuiltPage } from "./built-page.ts";

export interface PageFacts {
  /** Where the page stands: empty, or `/ui`. */
  readonly basePath: () => string;
  /** The directory that the build wrote. */
  readonly builtDir: string;
  readonly onProblem: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

const SECURITY: Readonly<Record<string, string>> = {
  "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
};

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY, "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
  "Content-Security-Policy": [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data: blob:",
    "media-src 'self' blob:", "font-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'",
  ].join("; "),
};

const KINDS: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
};

/** As the person's browser prefers; what was built lies there in each of them. */
const ENCODINGS = [["br", ".br", /\bbr\b(?!\s*;\s*q=0(?:\.0*)?\b)/], ["gzip", ".gz", /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\b)/]] as const;

/** Only for GET and HEAD, with a Host and Origin that were checked; `view` is the path below the base. */
export async function answerPage(request: IncomingMessage, response: ServerResponse, view: string, facts: PageFacts): Promise<void> {
  const built = await readBuiltPage(facts.builtDir);
  if (built === undefined) return send(request, response, 503, UNBUILT_HEADERS, Buffer.from(UNBUILT));
  if (view.startsWith("assets/")) return await sendAsset(request, response, view.slice("assets/".length), built, facts);
  const place = view.split("/", 1)[0] ?? "";
  const known = place === "" || built.places.includes(place);
  const page = built.page({ base: facts.basePath(), place: place === "" ? "chat" : known ? place : "none" });
  send(request, response, known ? 200 : 404, PAGE_HEADERS, Buffer.from(page));
}

async function sendAsset(
  request: IncomingMessage, response: ServerResponse, name: string, built: BuiltPage, facts: PageFacts,
): Promise<void> {
  if (!built.assets.has(name)) return send(request, response, 404, TEXT_HEADERS, Buffer.from("There is no such file.\n"));
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const [encoding, suffix] = ENCODINGS.find(([, , wanted]) => wanted.test(accepted)) ?? ["", ""];
  const body = await readFile(join(facts.builtDir, "assets", `${name}${suffix}`));
  send(request, response, 200, {
    ...SECURITY, "Content-Type": KINDS[extname(name)] ?? "application/octet-stream", "Vary": "Accept-Encoding",
    // Its name changes with its content: it is never asked for twice.
    "Cache-Control": "public, max-age=31536000, immutable", ...(encoding === "" ? {} : { "Content-Encoding": encoding }),
  }, body);
}

const TEXT_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store",
};
const UNBUILT_HEADERS = { ...TEXT_HEADERS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'" };
const UNBUILT = "A gateway runs here. Its page has not been built yet: npm start builds it.\nIn a terminal: openclaw status\n";

function send(
  request: IncomingMessage, response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: Buffer,
): void {
  response.writeHead(status, { ...headers, "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}
