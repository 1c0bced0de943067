/** Which tools an agent has: a profile, what is added and taken away, and for some models less. */
import { TOOL_PROFILES, type Layer, type ToolChoice, type ToolProfile } from "./config.ts";

export interface ToolPolicy {
  /** The same policy has the same key. */
  readonly key: string;
  readonly profile: ToolProfile;
  permits(tool: string): boolean;
}

export interface ToolGroup {
  readonly id: string;
  readonly label: string;
  readonly tools: readonly string[];
}

export const TOOL_GROUPS: readonly ToolGroup[] = [
  { id: "fs", label: "Files", tools: ["list_files", "read_file", "write_file"] },
  { id: "runtime", label: "Runtime", tools: ["exec", "job"] },
  { id: "memory", label: "Memory", tools: ["recall", "remember"] },
  { id: "sessions", label: "Sessions", tools: ["sessions_history", "sessions_list", "sessions_send", "sessions_spawn", "read_output"] },
  { id: "automation", label: "Automation", tools: ["cron"] },
  { id: "nodes", label: "Nodes", tools: ["system_info"] },
  { id: "skills", label: "Skills", tools: ["read_skill"] },
];

/** What the well-known program calls its tools of the same kind. */
const ALSO_CALLED: Readonly<Record<string, string>> = {
  read: "read_file", write: "write_file", edit: "write_file", apply_patch: "write_file", ls: "list_files", bash: "exec", process: "job",
  automations: "cron", memory_search: "recall", memory_get: "recall", nodes: "system_info",
};

/** Reading on in what one was shown is part of having been shown it. */
const ALWAYS: ReadonlySet<string> = new Set(["read_output", "read_skill"]);

const PROFILES: Readonly<Record<ToolProfile, readonly string[]>> = {
  minimal: [],
  coding: ["group:fs", "group:runtime", "group:memory", "group:sessions", "group:automation", "group:nodes"],
  messaging: ["sessions_list", "sessions_history", "sessions_send", "group:memory", "message*", "*_message"],
  full: ["*"],
};

/** The groups of a name that is no tool's own group belong to drop-ins. */
export function groupOf(tool: string): string {
  return TOOL_GROUPS.find(({ tools }) => tools.includes(tool))?.id ?? "plugins";
}

/** The profiles a tool is part of, full aside. */
export function profilesOf(tool: string): readonly ToolProfile[] {
  return TOOL_PROFILES.filter((profile) =>
    profile !== "full" && (ALWAYS.has(tool) || PROFILES[profile].some((entry) => fits(entry, tool))));
}

/**
 * Each layer takes away: the owner's choice for all, for the model, for the agent, for the agent's model. An agent's profile
 * stands in place of the general one, and cannot bring back what an earlier layer denied.
 */
export function createToolPolicy(general: ToolChoice, own: ToolChoice, model: string, hidden: readonly string[] = []): ToolPolicy {
  const provider = model.slice(0, Math.max(model.indexOf("/"), 0));
  const ofModel = ({ byProvider = {} }: ToolChoice): readonly Layer[] =>
    [byProvider[provider], byProvider[model]].filter((layer) => layer !== undefined);
  const layers: readonly Layer[] = [general, ...ofModel(general), own, ...ofModel(own)];
  const profile = layers.findLast((layer) => layer.profile !== undefined)?.profile ?? "full";
  const also = layers.flatMap(({ alsoAllow = [] }) => alsoAllow);
  const parts = layers.map(({ allow, deny }) => [allow ?? null, deny ?? []]);
  const permits = (tool: string): boolean => {
    if (hidden.includes(tool)) return false;
    if (layers.some(({ deny = [] }) => deny.some((entry) => fits(entry, tool)))) return false;
    if (ALWAYS.has(tool)) return true;
    const added = also.some((entry) => fits(entry, tool));
    if (!added && !PROFILES[profile].some((entry) => fits(entry, tool))) return false;
    return added || layers.every(({ allow }) => allow === undefined || allow.length === 0 || allow.some((entry) => fits(entry, tool)));
  };
  return { key: JSON.stringify([profile, also, parts, hidden]), profile, permits };
}

/** A name, another program's name for it, a group, or a pattern with stars. */
function fits(entry: string, tool: string): boolean {
  const wanted = entry.trim().toLowerCase();
  if (wanted === "*" || wanted === tool) return true;
  if (wanted === "group:openclaw") return groupOf(tool) !== "plugins";
  if (wanted.startsWith("group:")) return groupOf(tool) === wanted.slice("group:".length);
  if (ALSO_CALLED[wanted] === tool) return true;
  if (!wanted.includes("*")) return false;
  const [head = "", ...rest] = wanted.split("*");
  const tail = rest.at(-1) ?? "";
  return rest.length === 1 && tool.length >= head.length + tail.length && tool.startsWith(head) && tool.endsWith(tail);
}
