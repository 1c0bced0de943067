/** Tools: which there are, which an agent has, and calling one by hand. */
import type { Agent, Agents } from "../../agents.ts";
import {
  groupOf, profilesOf, TOOL_GROUPS, TOOL_PROFILES, type ToolInvoker, type ToolPolicy, type Tools,
} from "../../../execution/tools.ts";
import { parseSessionKey, type Sessions } from "../../sessions.ts";
import type { HttpDoor } from "../http/http-door.ts";
import type { MethodHandlers } from "../method.ts";

export interface ToolMethodDeps {
  readonly agents: Agents;
  readonly sessions: Pick<Sessions, "describe">;
  readonly tools: Pick<Tools, "faces" | "get" | "ready">;
  readonly policyOf: (agent: Agent, model: string) => ToolPolicy;
  readonly invoker: ToolInvoker;
  readonly denied: () => readonly string[];
}

interface Params {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly includePlugins?: boolean;
}

interface InvokeParams extends Params {
  readonly name: string;
  readonly args?: unknown;
  readonly idempotencyKey?: string;
}

interface Routed { readonly agent: Agent; readonly key: string; readonly model: string }

async function route({ agentId, sessionKey }: Params, { agents, sessions }: Pick<ToolMethodDeps, "agents" | "sessions">): Promise<Routed> {
  const key = parseSessionKey(sessionKey ?? "main", agentId ?? agents.defaultId);
  const agent = agents.get(agentId ?? key.agentId);
  const row = sessionKey === undefined ? null : await sessions.describe(key.key);
  const model = row === null ? agent.model : `${row.modelProvider ?? ""}/${row.model ?? ""}`;
  return { agent, key: key.key, model };
}

/** The same over plain HTTP, which has looked at its own list of what is denied. Throws UNKNOWN_AGENT_ID, SESSION_KEY_INVALID. */
export function createInvokeTool(deps: ToolMethodDeps): NonNullable<HttpDoor["invokeTool"]> {
  return async ({ tool, args, sessionKey, agentId, dryRun, idempotencyKey }, signal) => {
    const { agent, key, model } = await route({ sessionKey, agentId }, deps);
    const invoked = await deps.invoker.invoke({
      name: tool, args, sessionKey: key, agentId: agent.id, workspace: agent.workspace, policy: deps.policyOf(agent, model), denied: [],
      principal: "http", dryRun, ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    }, signal);
    if (invoked.ok) return { ok: true, result: invoked.output };
    const { code, message } = invoked.error;
    return { ok: false, kind: KINDS[code] ?? "refused", message };
  };
}

const KINDS: Readonly<Record<string, "unknown" | "invalid" | "failed">> = {
  not_found: "unknown", invalid_args: "invalid", tool_error: "failed",
};

export function toolMethods(deps: ToolMethodDeps): MethodHandlers {
  const { agents, tools, policyOf, invoker, denied } = deps;
  const routed = (params: Params): Promise<Routed> => route(params, deps);
  return {
    "tools.catalog": async (params) => {
      await tools.ready();
      const { agentId, includePlugins = true } = params as Params;
      const agent = agents.get(agentId ?? agents.defaultId);
      const entries = tools.faces().map(({ name, summary }) => ({
        group: groupOf(name), // Beside the reference's words: what it may touch.
        tool: { ...present(name, summary), defaultProfiles: profilesOf(name), effect: tools.get(name)?.effect },
      }));
      const groups = [...TOOL_GROUPS, ...(includePlugins ? [PLUGINS] : [])].map(({ id, label }) => ({
        id, label, source: sourceOf(id), tools: entries.filter(({ group }) => group === id).map(({ tool }) => tool),
      }));
      return {
        agentId: agent.id, profiles: TOOL_PROFILES.map((id) => ({ id, label: `${id.charAt(0).toUpperCase()}${id.slice(1)}` })),
        groups: groups.filter((group) => group.tools.length > 0),
      };
    },
    "tools.effective": async (params) => {
      const [{ agent, model }] = await Promise.all([routed(params as Params), tools.ready()]);
      const policy = policyOf(agent, model);
      const faces = tools.faces(policy);
      const groups = [
        { id: "core", label: "Built-in tools", source: "core", faces: faces.filter(({ name }) => groupOf(name) !== PLUGINS.id) },
        { id: PLUGINS.id, label: PLUGINS.label, source: "plugin", faces: faces.filter(({ name }) => groupOf(name) === PLUGINS.id) },
      ];
      return {
        agentId: agent.id, profile: policy.profile,
        groups: groups.filter((group) => group.faces.length > 0).map(({ faces: shown, ...group }) => ({
          ...group, tools: shown.map(({ name, summary }) => ({ ...present(name, summary), rawDescription: summary })),
        })),
      };
    },
    "tools.invoke": async (params, ctx) => {
      const { name, args, idempotencyKey, ...where } = params as InvokeParams;
      const { agent, key, model } = await routed(where);
      return await invoker.invoke({
        name, args, sessionKey: key, agentId: agent.id, workspace: agent.workspace, policy: policyOf(agent, model), denied: denied(),
        principal: ctx.client.principal.id, ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      }, ctx.signal);
    },
  };
}

const PLUGINS = { id: "plugins", label: "Drop-ins" } as const;

function present(name: string, summary: string): { id: string; label: string; description: string; source: string } {
  return { id: name, label: name, description: summary, source: sourceOf(groupOf(name)) };
}

function sourceOf(group: string): string {
  return group === PLUGINS.id ? "plugin" : "core";
}
