/**
 * Which agent and session a call of the OpenAI interface is for.
 *
 *   model                     openclaw, openclaw/default, openclaw/<agent>, agent:<agent>
 *   x-openclaw-agent-id       the agent; goes before the model's name
 *   x-openclaw-session-key    the session
 *   user                      one session for each user; without it, each call has one of its own
 *   x-openclaw-model          provider/model that answers this time
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { hasCode } from "@openclaw/protocol";
import { parseSessionKey } from "../../sessions.ts";
import type { HttpDoor } from "./http-door.ts";
import { HttpRefusal, invalidRequest } from "./http-refusal.ts";

export interface Target {
  readonly agentId: string;
  readonly sessionKey: string;
  readonly model?: string;
  readonly channel: string;
}

export interface TargetWish {
  readonly model: string;
  readonly user?: string;
  /** Before the caller's name, or the call's own id, in the key. */
  readonly prefix: string;
  /** Of the session a call has for itself. */
  readonly ownId: string;
}

const AGENT = "[a-z0-9][a-z0-9_-]{0,63}";
const MODEL = new RegExp(`^(?:openclaw|(?:openclaw[/:]|agent:)(${AGENT}))$`, "i");
const MODEL_NEXT = "Use openclaw, openclaw/default or openclaw/<agent>; a provider's model goes into the header x-openclaw-model.";
/** A name that may stand in a key as it is; any other is told by its digest, so that two never share a session. */
const PLAIN_USER = /^[a-z0-9][a-z0-9_.@+-]{0,127}$/;

/** Throws 400 for a name that is no model here, 404 for an agent that does not exist. */
export async function chooseTarget(
  request: IncomingMessage, wish: TargetWish, door: Pick<HttpDoor, "agents" | "checkModel">,
): Promise<Target> {
  const named = parseModel(wish.model, door.agents.defaultId);
  const wanted = headerOf(request, "x-openclaw-agent-id")?.toLowerCase() ?? named;
  const agentId = agentOf(wanted, wish.model, door);
  const key = headerOf(request, "x-openclaw-session-key") ?? `agent:${agentId}:${wish.prefix}${userPart(wish)}`;
  const model = headerOf(request, "x-openclaw-model");
  if (model !== undefined) {
    try {
      await door.checkModel(model);
    } catch (error) {
      if (!hasCode(error, "MODEL_NOT_CONFIGURED") && !hasCode(error, "CONFIG_SECRET_INLINE")) throw error;
      throw invalidRequest(error instanceof Error ? error.message : "No such model is configured.", "x-openclaw-model", "model_not_found");
    }
  }
  const session = parseSessionKey(key, agentId);
  const channel = headerOf(request, "x-openclaw-message-channel")?.toLowerCase() ?? "api";
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(channel)) throw invalidRequest("x-openclaw-message-channel is no name of a channel.");
  return { agentId: session.agentId, sessionKey: session.key, channel, ...(model === undefined ? {} : { model }) };
}

export function parseModel(model: string, defaultId: string): string {
  const found = MODEL.exec(model.trim());
  if (found === null) throw invalidRequest(`Invalid model ${JSON.stringify(model.slice(0, 100))}. ${MODEL_NEXT}`, "model");
  const agent = found[1]?.toLowerCase();
  return agent === undefined || agent === "default" ? defaultId : agent;
}

function agentOf(agentId: string, model: string, { agents }: Pick<HttpDoor, "agents">): string {
  const found = agents.find(agentId);
  if (found !== undefined) return found.id;
  throw new HttpRefusal(404, `The model ${JSON.stringify(model.slice(0, 100))} does not exist: there is no agent ${agentId}.`, {
    type: "invalid_request_error", param: "model", code: "model_not_found", final: true,
  });
}

function userPart({ user, ownId }: TargetWish): string {
  if (user === undefined || user.trim() === "") return `:${ownId}`;
  if (PLAIN_USER.test(user)) return `-user:${user}`;
  return `-user:${createHash("sha256").update(user).digest("hex").slice(0, 32)}`;
}

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
