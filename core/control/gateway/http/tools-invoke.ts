/**
 * `POST /tools/invoke`: one tool, called without a turn.
 *
 * What could act beyond the one call, by starting programs, changing files, speaking to sessions or setting jobs, is not
 * offered here whatever the tool's own policy says, unless the owner took it off the list. A tool that is not offered answers
 * as one that does not exist.
 */
import { deniedTools } from "../denied-tools.ts";
import { sendJson } from "../send-json.ts";
import { callIdOf, type ApiCall } from "./api-call.ts";
import { headerOf } from "./choose-target.ts";
import type { HttpDoor, ToolAnswer } from "./http-door.ts";
import { HTTP_LIMITS } from "./http-limits.ts";
import { readJson } from "./read-json.ts";

const STATUS = { unknown: 404, refused: 403, invalid: 400, failed: 500 } as const;
const TYPE = { unknown: "not_found", refused: "forbidden", invalid: "invalid_request", failed: "tool_error" } as const;

type Body = Readonly<Record<string, unknown>>;

export async function answerToolsInvoke(call: ApiCall): Promise<void> {
  const body = await readJson(call.request, HTTP_LIMITS.toolBodyBytes);
  const name = textOf(body["tool"]) ?? textOf(body["name"]);
  if (name === undefined) return refuse(call, "invalid", "tools.invoke requires body.tool");
  const { args = {}, action, dryRun = false } = body;
  if (!isObject(args)) return refuse(call, "invalid", "body.args is an object");
  if (typeof dryRun !== "boolean") return refuse(call, "invalid", "body.dryRun is true or false");
  const agentId = textOf(body["agentId"]) ?? headerOf(call.request, "x-openclaw-agent-id") ?? call.door.agents.defaultId;
  const sessionKey = textOf(body["sessionKey"]) ?? headerOf(call.request, "x-openclaw-session-key") ?? `agent:${agentId}:main`;
  const { invokeTool } = call.door;
  if (invokeTool === undefined || !isOffered(name, call.door)) return refuse(call, "unknown", `Tool not available: ${name.slice(0, 100)}`);
  const whole = action === undefined || Object.hasOwn(args, "action") ? args : { ...args, action };
  const key = headerOf(call.request, "idempotency-key") === undefined ? {} : { idempotencyKey: callIdOf(call, "tool") };
  const answer = await invokeTool({ tool: name, args: whole, sessionKey, agentId, dryRun, ...key }, call.gone);
  if (!answer.ok) return refuse(call, answer.kind, answer.message);
  sendJson(call.request, call.response, 200, { ok: true, result: answer.result });
}

function isOffered(tool: string, { settings }: Pick<HttpDoor, "settings">): boolean {
  const { toolsAllow: allow, toolsDeny: deny } = settings();
  return !deniedTools({ allow, deny }).includes(tool.toLowerCase());
}

type Refused = Extract<ToolAnswer, { ok: false }>["kind"];

function refuse({ request, response }: Pick<ApiCall, "request" | "response">, kind: Refused, message: string): void {
  sendJson(request, response, STATUS[kind], { ok: false, error: { type: TYPE[kind], message } });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
