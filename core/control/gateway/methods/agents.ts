/** Agents and the files of their workspaces. */
import { codeOf, THINKING_LEVELS } from "@openclaw/protocol";
import type { Agent, AgentBook, Agents, Workspaces } from "../../agents.ts";
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

export interface AgentListMethodDeps {
  readonly agents: Agents;
  readonly book: AgentBook;
  readonly workspaces: Workspaces;
  readonly tell: (event: string, payload: unknown) => void;
}

interface Wish {
  readonly agentId: string;
  readonly name: string;
  readonly workspace?: string;
  readonly model?: string;
  readonly emoji?: string;
  readonly avatar?: string;
}

interface FileParams {
  readonly agentId: string;
  readonly name: string;
  readonly content: string;
  readonly expectedHash?: string;
}

export function agentListMethods({ agents, book, workspaces, tell }: AgentListMethodDeps): MethodHandlers {
  const find = (agentId: string): Agent => {
    const agent = agents.find(agentId);
    if (agent === undefined) throw refusal("UNKNOWN_AGENT_ID", `agent ${JSON.stringify(agentId)} not found`, { agentId });
    return agent;
  };
  const changed = <T>(value: T): T => {
    tell("chat.metadata.changed", {});
    return value;
  };
  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const unsupported = /unsupported file "[^]*"/.exec(error instanceof Error ? error.message : "")?.[0];
      if (unsupported !== undefined) throw refusal("PARAMS_INVALID", unsupported);
      if (codeOf(error) === "CONFLICT") {
        throw refusal("PARAMS_INVALID", "agent file changed since it was read; reload and retry", { reason: "hash-mismatch" });
      }
      throw error;
    }
  };
  return {
    "agents.list": (_, ctx) => listAgents(agents, ctx.client.caps.includes("agent-kind")),
    "agents.create": async (params) => {
      const { id, name, workspace } = await book.create(params as Wish);
      return changed({ ok: true, agentId: id, name, workspace });
    },
    "agents.update": async (params) => {
      const { agentId, ...wish } = params as Wish;
      await book.update(agentId, wish);
      return changed({ ok: true, agentId });
    },
    "agents.delete": async (params) => {
      const { agentId, deleteFiles = false } = params as { readonly agentId: string; readonly deleteFiles?: boolean };
      return changed({ ok: true, ...(await book.remove(agentId, deleteFiles)) });
    },
    "agents.files.list": async (params) => {
      const agent = find((params as FileParams).agentId);
      return { agentId: agent.id, workspace: agent.workspace, files: await workspaces.list(agent) };
    },
    "agents.files.get": (params) => named(async () => {
      const { agentId, name } = params as FileParams;
      const agent = find(agentId);
      return { agentId: agent.id, workspace: agent.workspace, file: await workspaces.get(agent, name) };
    }),
    "agents.files.set": (params) => named(async () => {
      const { agentId, name, content, expectedHash } = params as FileParams;
      const agent = find(agentId);
      const file = await workspaces.set(agent, name, content, expectedHash);
      return { ok: true, agentId: agent.id, workspace: agent.workspace, file };
    }),
  };
}

/** The result of `agents.list`. `kinds`: the client tells agents from the system's own. */
export function listAgents(agents: Agents, kinds: boolean): unknown {
  const all = agents.list();
  return {
    defaultId: agents.defaultId, ownership: all.length > 1 ? "explicit" : "sole", selectionRequired: false, mainKey: "main",
    scope: "per-sender", agents: all.map((agent) => ({ ...present(agent), ...(kinds ? { kind: "agent" } : {}) })),
  };
}

function present({ id, name, identity, workspace, model, fallbacks = [], thinking }: Agent): object {
  const { theme, emoji, avatar } = identity;
  return {
    id, name,
    identity: {
      name, ...(theme === undefined ? {} : { theme }), ...(emoji === undefined ? {} : { emoji }),
      ...(avatar === undefined ? {} : { avatar }),
      ...(avatar !== undefined && /^https:\/\//.test(avatar) ? { avatarUrl: avatar } : {}),
    },
    workspace, workspaceGit: false,
    agentRuntime: { id: "auto", cloudPlacementSupported: false, devicePlacementSupported: false, source: "implicit" },
    thinkingLevels: thinkingLevels(), thinkingOptions: THINKING_LEVELS, thinkingDefault: thinking ?? "off",
    model: { primary: model, ...(fallbacks.length === 0 ? {} : { fallbacks }) },
  };
}

/** A model that cannot be told how much to think leaves it out. */
export function thinkingLevels(): readonly { readonly id: string; readonly label: string }[] {
  return THINKING_LEVELS.map((id) => ({ id, label: id }));
}
