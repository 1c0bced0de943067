/** Making, changing and removing agents: durable in the configuration file, in force when it resolves. */
import { rename, mkdir, lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import type { AgentsConfig } from "./config.ts";
import { DEFAULT_AGENT, type Agent, type Agents } from "./define-agents.ts";
import type { Workspaces } from "./workspace/open-workspaces.ts";

export interface AgentWish {
  readonly name?: string;
  readonly workspace?: string;
  readonly model?: string;
  readonly emoji?: string;
  readonly avatar?: string;
}

export interface RemovedAgent {
  readonly agentId: string;
  readonly removedBindings: number;
  readonly removed: readonly { readonly path: string; readonly method: "kept" | "moved" }[];
  readonly failed: readonly { readonly path: string; readonly error: string }[];
}

export interface AgentBook {
  /** The id is made of the name. Throws CONFLICT when there is one already, PARAMS_INVALID for a name without letters. */
  create(wish: AgentWish & { readonly name: string }): Promise<Agent>;
  /** Throws UNKNOWN_AGENT_ID. */
  update(agentId: string, wish: AgentWish): Promise<Agent>;
  /** Its sessions stay in the log and answer nobody. Throws UNKNOWN_AGENT_ID; the first agent cannot be removed. */
  remove(agentId: string, files: boolean): Promise<RemovedAgent>;
}

interface Binding {
  readonly agentId: string;
}

export interface AgentBookDeps {
  readonly agents: Agents;
  readonly config: () => { readonly agents?: AgentsConfig; readonly bindings?: readonly Binding[] };
  /** Writes one key of the configuration; it is in force when it resolves. */
  readonly setConfig: (key: string, value: unknown) => Promise<void>;
  readonly checkModel: (ref: string) => Promise<unknown>;
  readonly workspaces: Pick<Workspaces, "refresh" | "forget">;
  readonly now: () => number;
}

const ID_CHARS_MAX = 64;

export function createAgentBook({ agents, config, setConfig, checkModel, workspaces, now }: AgentBookDeps): AgentBook {
  /** What the file says of the agent alone, whichever of the two forms it is in. */
  const ownOf = (agentId: string): Readonly<Record<string, unknown>> => {
    const { entries = {}, list = [] } = config().agents ?? {};
    const { id: _, ...listed } = list.find(({ id }) => id === agentId) ?? { id: agentId };
    return { ...listed, ...entries[agentId] };
  };
  const write = async (agentId: string, { emoji, avatar, ...wish }: AgentWish): Promise<Agent> => {
    if (wish.model !== undefined) await checkModel(wish.model);
    const own = ownOf(agentId);
    const face = { ...(emoji === undefined ? {} : { emoji }), ...(avatar === undefined ? {} : { avatar }) };
    const identity = Object.keys(face).length === 0 ? {} : { identity: { ...(own["identity"] as object | undefined), ...face } };
    await setConfig(`agents.entries.${agentId}`, { ...own, ...wish, ...identity });
    const agent = agents.get(agentId);
    await workspaces.refresh(agent);
    return agent;
  };
  return {
    create: async (wish) => {
      const agentId = slugOf(wish.name);
      if (agentId === "") throw new OpenClawError("PARAMS_INVALID", { why: "The name has no letter or digit to make an id of." });
      if (agents.find(agentId) !== undefined) throw exists(agentId);
      return await write(agentId, wish);
    },
    update: async (agentId, wish) => {
      needAgent(agents, agentId);
      return await write(agentId, wish);
    },
    remove: async (agentId, files) => {
      const agent = agentId === DEFAULT_AGENT ? undefined : agents.find(agentId);
      if (agent === undefined) throw unknown(agentId);
      const { agents: { entries = {}, list = [] } = {}, bindings = [] } = config();
      const kept = bindings.filter((binding) => binding.agentId !== agentId);
      if (kept.length < bindings.length) await setConfig("bindings", kept);
      if (list.some(({ id }) => id === agentId)) await setConfig("agents.list", list.filter(({ id }) => id !== agentId));
      if (Object.hasOwn(entries, agentId)) {
        await setConfig("agents.entries", Object.fromEntries(Object.entries(entries).filter(([id]) => id !== agentId)));
      }
      await workspaces.forget(agentId);
      const moved = files ? await putAside(agent, now()) : { removed: [{ path: agent.workspace, method: "kept" as const }], failed: [] };
      return { agentId, removedBindings: bindings.length - kept.length, ...moved };
    },
  };
}

/** Nothing a person may miss is destroyed: a folder of its own is moved beside, one that is shared with others stays. */
async function putAside({ id, workspace }: Agent, nowMs: number): Promise<Pick<RemovedAgent, "removed" | "failed">> {
  const bin = join(dirname(workspace), ".removed");
  const path = join(bin, `${id}-${nowMs.toString(36)}`);
  try {
    const isOwn = workspace.split("/").at(-1) === id && (await lstat(workspace)).isDirectory();
    if (!isOwn) return { removed: [{ path: workspace, method: "kept" }], failed: [] };
    await mkdir(bin, { recursive: true, mode: 0o700 });
    await rename(workspace, path);
    return { removed: [{ path: workspace, method: "moved" }], failed: [] };
  } catch (error) {
    if ((error as { readonly code?: string }).code === "ENOENT") return { removed: [], failed: [] };
    return { removed: [], failed: [{ path: workspace, error: error instanceof Error ? error.message : "unknown" }] };
  }
}

function needAgent(agents: Agents, agentId: string): void {
  if (agents.find(agentId) === undefined) throw unknown(agentId);
}

/** In the words that clients of the wire know. */
function unknown(agentId: string): OpenClawError {
  return worded(new OpenClawError("UNKNOWN_AGENT_ID", { detail: { agentId } }), `agent ${JSON.stringify(agentId)} not found`);
}

function exists(agentId: string): OpenClawError {
  return worded(new OpenClawError("PARAMS_INVALID", { detail: { agentId } }), `agent ${JSON.stringify(agentId)} already exists`);
}

function worded(error: OpenClawError, message: string): OpenClawError {
  error.message = message;
  return error;
}

/** Lowercase letters, digits and dashes, as session keys have them. */
function slugOf(name: string): string {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, ID_CHARS_MAX).replace(/-+$/, "");
}
