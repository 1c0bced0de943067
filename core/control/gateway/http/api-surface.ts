/** The routes that need the gateway's secret, known by their paths; what answers them is loaded with the first call. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Api, ApiDeps } from "./answer-api.ts";

export interface ApiSurface {
  owns(path: string): boolean;
  /** Never throws. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, query: string): Promise<void>;
}

const ROUTES = /^\/(?:v1\/.+|tools\/invoke|sessions\/[^/]+\/history)$/;
/** Addresses of files: who knows one has been let in already. */
const FILES = /^\/media\/[A-Za-z0-9_-]{43}$/;
const UI_CONFIG = "/control-ui-config.json";

export function createApiSurface(deps: ApiDeps): ApiSurface {
  let api: Promise<Api> | undefined;
  const isUiConfig = (path: string): boolean => {
    if (!path.endsWith(UI_CONFIG)) return false;
    const base = deps.basePath();
    return [base, `${base}/__openclaw`, "/__openclaw", "/__openclaw__"].includes(path.slice(0, -UI_CONFIG.length));
  };
  return {
    owns: (path) => ROUTES.test(path) || FILES.test(path) || isUiConfig(path),
    answer: async (request, response, path, query) => {
      try {
        const { files } = deps.door;
        if (FILES.test(path) && files !== undefined) return await (await files()).answer(request, response, path, query);
        api ??= import("./answer-api.ts").then(({ createApi }) => createApi(deps));
        await (await api).answer(request, response, path, query);
      } catch (error) {
        deps.onProblem("http.failed", { error });
        response.destroy();
      }
    },
  };
}
