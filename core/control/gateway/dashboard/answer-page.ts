/** What a browser gets where the page stands: the small page, the page Now with a cookie, or a cookie for the token of a link. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { guesserOf } from "../client-source.ts";
import { formatPage, formatRefusalPage } from "../page.ts";
import { DASHBOARD_LIMITS, type Dashboard } from "./create-dashboard.ts";
import { formatNowPage, formatNowUnknown } from "./now-page.ts";
import { PAGE_HEADERS } from "./page-frame.ts";

export interface PageFacts {
  readonly version: string;
  readonly address: string;
  readonly port: number;
  /** Where the page stands: empty, or `/ui`. */
  readonly basePath: () => string;
  readonly uptimeMs: () => number;
  readonly draining: () => boolean;
  readonly dashboard: Dashboard;
  readonly onProblem: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Of one name; a page on another port of this machine may have set more of them than ours. */
const COOKIES_MAX = 8;

/** Only for GET and HEAD, with a Host and Origin that were checked. Never throws for what a client or a room does. */
export async function answerPage(request: IncomingMessage, response: ServerResponse, query: string, facts: PageFacts): Promise<void> {
  const { dashboard } = facts;
  // A HEAD comes from programs that look at a link before a person opens it: it must not use the link up.
  const token = request.method === "GET" ? new URLSearchParams(query).get("once") : null;
  const mayView = viewsOf(request, cookieName(facts.port)).some((view) => dashboard.mayView(view));
  if (token !== null) return answerLink(request, response, token, mayView, facts);
  if (mayView) return send(request, response, 200, await formatNow(facts));
  send(request, response, 200, formatPage({
    version: facts.version, address: facts.address, state: facts.draining() ? "stopping" : "running", uptimeMs: facts.uptimeMs(),
    // Who followed a link from a page of another site comes here without the strict cookie it was just given, and has it from
    // the next request on, which is then our own page's.
    ...(request.headers["sec-fetch-site"] === "cross-site" ? { reloadSeconds: 1 } : {}),
  }));
}

function answerLink(request: IncomingMessage, response: ServerResponse, token: string, mayView: boolean, facts: PageFacts): void {
  const home = facts.basePath() || "/";
  const redeemed = facts.dashboard.redeem(token, guesserOf(request));
  switch (redeemed.kind) {
    case "opened":
      // The address bar, the history and the next page's referrer must not keep the token: the browser goes on to the bare page.
      response.writeHead(303, { ...PAGE_HEADERS, "Location": home, "Content-Length": 0, "Set-Cookie": [
        `${cookieName(facts.port)}=${redeemed.view.reveal()}`, `Path=${home}`, "HttpOnly", "SameSite=Strict",
        `Max-Age=${DASHBOARD_LIMITS.viewMs / 1_000}`,
      ].join("; ") });
      return void response.end();
    case "refused":
      // Opened twice in the same browser: it may look already.
      if (mayView) return void response.writeHead(303, { ...PAGE_HEADERS, "Location": home, "Content-Length": 0 }).end();
      return send(request, response, 403, formatRefusalPage(
        facts.version, "This link was used before, or is older than ten minutes.", "openclaw dashboard",
      ));
    case "locked":
      response.setHeader("Retry-After", Math.ceil(redeemed.retryAfterMs / 1_000));
      return send(request, response, 429, formatRefusalPage(
        facts.version, "Too many links from here opened nothing. Wait five minutes, then get a new one.", "openclaw dashboard",
      ));
  }
}

async function formatNow(facts: PageFacts): Promise<string> {
  const own = { version: facts.version, address: facts.address, uptimeMs: facts.uptimeMs(), nowMs: facts.dashboard.now() };
  try {
    return formatNowPage({ ...(await facts.dashboard.facts()), ...own, stopping: facts.draining() });
  } catch (error) {
    facts.onProblem("dashboard.failed", { error });
    return formatNowUnknown(own);
  }
}

/** Cookies know no port: the name keeps two gateways of one machine apart. */
function cookieName(port: number): string {
  return `openclaw-${port}`;
}

function viewsOf(request: IncomingMessage, name: string): readonly string[] {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).slice(0, COOKIES_MAX).map((pair) => pair.slice(name.length + 1));
}

function send(request: IncomingMessage, response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, { ...PAGE_HEADERS, "Content-Length": Buffer.byteLength(page) });
  response.end(request.method === "HEAD" ? undefined : page);
}
