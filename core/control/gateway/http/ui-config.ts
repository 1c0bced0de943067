/** `GET <base>/control-ui-config.json`: what a dashboard in a browser is told before it connects. */
import { sendJson } from "../send-json.ts";
import type { ApiCall } from "./api-call.ts";

export function answerUiConfig({ request, response, door }: ApiCall, page: { readonly basePath: string; readonly version: string }): void {
  const agent = door.agents.get(door.agents.defaultId);
  sendJson(request, response, 200, {
    basePath: page.basePath, assistantName: agent.name, assistantAvatar: null, assistantAvatarSource: null, assistantAvatarStatus: "none",
    assistantAvatarReason: null, assistantAgentId: agent.id, serverVersion: page.version, serverBuildId: null, embedSandbox: "scripts",
    allowExternalEmbedUrls: false, automaticallyFetchFavicons: false, communityInvite: false, terminalEnabled: false,
    cliAgentsEnabled: false, pluginAssetsRequireAuth: true, pluginFrameGrants: [],
  });
}
