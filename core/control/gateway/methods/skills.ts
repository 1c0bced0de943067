/** Skills: what there is, what it lacks, switching it on and off. */
import { OpenClawError } from "@openclaw/protocol";
import { presentSkills, type Skills } from "../../../execution/skills.ts";
import type { Agents } from "../../agents.ts";
import { parseSessionKey } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";

export interface SkillMethodDeps {
  readonly agents: Agents;
  readonly skills: Skills;
  readonly managedDir: string;
  /** Settings of a skill as the configuration has them. */
  readonly entryOf: (skillKey: string) => Readonly<Record<string, unknown>>;
  readonly setEntry: (skillKey: string, entry: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly tell: (event: string, payload: unknown) => void;
}

interface UpdateParams {
  readonly skillKey?: string;
  readonly enabled?: boolean;
  readonly apiKey?: string;
  readonly env?: unknown;
  readonly source?: string;
}

/** What a configuration key may be made of. */
const KEY = /^[A-Za-z0-9][\w-]{0,63}$/;

export function skillMethods({ agents, skills, managedDir, entryOf, setEntry, tell }: SkillMethodDeps): MethodHandlers {
  return {
    "skills.status": async (params) => {
      const { agentId, sessionKey } = params as { readonly agentId?: string; readonly sessionKey?: string };
      const agent = agents.get(agentId ?? parseSessionKey(sessionKey ?? "main", agents.defaultId).agentId);
      return presentSkills(agent.id, { workspaceDir: agent.workspace, managedSkillsDir: managedDir }, await skills.look(agent.id));
    },
    "skills.bins": async () => {
      const all = await Promise.all(agents.list().map(({ id }) => skills.refresh(id)));
      const bins = all.flatMap((each) => each.all).filter(({ disabled, platformIncompatible }) => !disabled && !platformIncompatible)
        .flatMap(({ skill: { needs } }) => [...needs.bins, ...needs.anyBins]);
      return { bins: [...new Set(bins)].sort() };
    },
    "skills.update": async (params) => {
      const { skillKey, enabled, apiKey, env, source } = params as UpdateParams;
      if (source !== undefined || skillKey === undefined) {
        const next = "Put its folder into the skills folder of the state directory, and read it before you do.";
        throw new OpenClawError("PARAMS_INVALID", { why: "This gateway fetches no skills from a registry.", next });
      }
      if (!KEY.test(skillKey)) {
        throw new OpenClawError("PARAMS_INVALID", { why: "A skill's key has letters, digits, dashes and underscores." });
      }
      if (apiKey !== undefined || env !== undefined) {
        const next = "Set the variable where the skill's program runs.";
        throw new OpenClawError("PARAMS_INVALID", { why: "This gateway keeps no keys and variables for skills.", next });
      }
      const config = { ...entryOf(skillKey), ...(enabled === undefined ? {} : { enabled }) };
      await setEntry(skillKey, config);
      tell("skills.changed", { reason: "manual" });
      tell("chat.metadata.changed", {});
      return { ok: true, skillKey, config };
    },
  };
}
