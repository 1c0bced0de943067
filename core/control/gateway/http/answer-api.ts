/**
 * The routes that need the gateway's secret: the OpenAI interface, tools, a session's history, the dashboard's settings.
 *
 * A route that is switched off does not exist. One that exists is entered with the secret first; nothing of a body is read
 * before that, and a caller that goes away is noticed wherever its answer stands.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../../base/clock.ts";
import type { Ids } from "../../../base/ids.ts";
import { admitCaller, type AdmitDeps } from "./admit-caller.ts";
import type { ApiCall } from "./api-call.ts";
import { answerChatCompletions } from "./chat-completions.ts";
import type { HttpDoor } from "./http-door.ts";
import { HttpRefusal, notFound, refusalOf, sendRefusal } from "./http-refusal.ts";
import { HTTP_LIMITS } from "./http-limits.ts";
import { createLiveFeed } from "./live-feed.ts";
import { answerModel, answerModels, refuseEmbeddings } from "./model-routes.ts";
import { answerResponses } from "./responses.ts";
import { answerHistory } from "./session-history.ts";
import { answerToolsInvoke } from "./tools-invoke.ts";
import { answerUiConfig } from "./ui-config.ts";

export interface ApiDeps extends AdmitDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly version: string;
  readonly basePath: () => string;
  readonly door: HttpDoor;
  readonly onProblem: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface Api {
  /** Never throws. `path` is as it was sent, without the query. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, query: string): Promise<void>;
}

interface Route {
  readonly method: "GET" | "POST";
  run(call: ApiCall): Promise<void> | void;
}

export function createApi(deps: ApiDeps): Api {
  const feed = createLiveFeed(deps.door.listen);
  let inside = 0;

  /** Undefined: there is no such route under the configuration in force. */
  const routeOf = (path: string): Route | undefined => {
    const { chatCompletions, responses } = deps.door.settings();
    const history = /^\/sessions\/([^/]{1,2048})\/history$/.exec(path)?.[1];
    if (history !== undefined) return { method: "GET", run: (call) => answerHistory(call, decode(history)) };
    if (path === "/tools/invoke") return { method: "POST", run: answerToolsInvoke };
    if (path.endsWith("/control-ui-config.json")) {
      return { method: "GET", run: (call) => answerUiConfig(call, { basePath: deps.basePath(), version: deps.version }) };
    }
    if (path === "/v1/responses") return responses ? { method: "POST", run: answerResponses } : undefined;
    if (path === "/v1/models" && (chatCompletions || responses)) return { method: "GET", run: answerModels };
    if (!chatCompletions && !responses) return undefined;
    const model = /^\/v1\/models\/(.{1,512})$/.exec(path)?.[1];
    if (model !== undefined) return { method: "GET", run: (call) => answerModel(call, decode(model)) };
    if (!chatCompletions) return undefined;
    if (path === "/v1/chat/completions") return { method: "POST", run: answerChatCompletions };
    return path === "/v1/embeddings" ? { method: "POST", run: refuseEmbeddings } : undefined;
  };

  return {
    answer: async (request, response, path, query) => {
      const { clock, ids, door } = deps;
      const gone = new AbortController();
      response.once("close", () => {
        if (!response.writableFinished) gone.abort(new Error("the caller has gone away"));
      });
      let isInside = false;
      try {
        const route = routeOf(path);
        if (route === undefined) throw notFound();
        if (request.method !== route.method) {
          response.setHeader("Allow", route.method);
          throw new HttpRefusal(405, `Only ${route.method} is answered here.`);
        }
        await admitCaller(request, query, route.method === "GET" ? "operator.read" : "operator.write", deps, gone.signal);
        if (inside >= HTTP_LIMITS.answersAtOnce) throw new HttpRefusal(429, "Too many calls are being answered.", { code: "BACKPRESSURE" });
        inside += 1;
        isInside = true;
        await route.run({ request, response, query: new URLSearchParams(query), door, clock, ids, feed, gone: gone.signal });
      } catch (error) {
        if (gone.signal.aborted) return;
        const refusal = refusalOf(error);
        if (refusal.status >= 500 && !(error instanceof HttpRefusal)) deps.onProblem("http.failed", { path: nameOf(path), error });
        sendRefusal(request, response, refusal, clock);
      } finally {
        if (isInside) inside -= 1;
      }
    },
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpRefusal(400, "The address is not well-formed.");
  }
}

/** For the log: a route, never a session's key. */
function nameOf(path: string): string {
  return path.startsWith("/sessions/") ? "/sessions/history" : path.slice(0, 64);
}
