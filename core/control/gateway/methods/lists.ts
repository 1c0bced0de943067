/** The lists a client asks for before it can show anything: agents, models, commands. */
import type { MethodHandlers } from "../method.ts";

export interface ListMethodDeps {
  /** `{defaultId, mainKey, scope, agents}`. */
  readonly agents: () => unknown;
  /** `{models}`, or a promise of it. */
  readonly models: (query: { readonly agentId?: string; readonly provider?: string; readonly view?: string }) => unknown;
  /** Slash commands; none unless given. */
  readonly commands?: () => readonly unknown[];
}

export function listMethods({ agents, models, commands }: ListMethodDeps): MethodHandlers {
  return {
    "agents.list": () => agents(),
    "models.list": (params) => models(params as { agentId?: string; provider?: string; view?: string }),
    "commands.list": () => ({ commands: commands?.() ?? [] }),
  };
}
