/** Plain HTTP, wired: what it is told of the configuration, and the rooms it speaks for. */
import { homedir } from "node:os";
import type { LiveEvent } from "../cognition/runtime.ts";
import type { Models } from "../cognition/models.ts";
import type { Agents } from "../control/agents.ts";
import type { Intake } from "../control/channels.ts";
import type { GatewayDeps, HttpDoor } from "../control/gateway.ts";
import type { Sessions } from "../control/sessions.ts";
import type { LiveTopic } from "../fabric/bus.ts";
import type { Config } from "./config-schema.ts";

export interface ComposeHttpDeps {
  readonly config: () => Config;
  readonly agents: Agents;
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly live: LiveTopic<LiveEvent>;
  readonly files: NonNullable<HttpDoor["files"]>;
  readonly invokeTool: NonNullable<HttpDoor["invokeTool"]>;
}

export function composeHttp(
  { config, agents, intake, sessions, models, live, files, invokeTool }: ComposeHttpDeps,
): Pick<GatewayDeps, "http" | "page"> {
  const http: HttpDoor = {
    agents, intake, sessions, invokeTool, files,
    settings: () => {
      const { http: { endpoints = {} } = {}, tools = {} } = config().gateway ?? {};
      return {
        chatCompletions: endpoints.chatCompletions?.enabled ?? false, responses: endpoints.responses?.enabled ?? false,
        toolsAllow: tools.allow ?? [], toolsDeny: tools.deny ?? [],
      };
    },
    checkModel: models.resolveModel,
    listen: (on) => live.subscribe((event) => on(event)),
  };
  const page: GatewayDeps["page"] = () => {
    const { enabled = true, basePath = "/", root } = config().gateway?.controlUi ?? {};
    return { enabled, basePath, root: root?.replace(/^~(?=\/)/, homedir()) };
  };
  return { http, page };
}
