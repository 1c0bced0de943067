/** Skills as the wire shows them. */
import type { AgentSkills } from "./open-skills.ts";
import type { WeighedSkill } from "./weigh-skill.ts";

export interface SkillsReport {
  readonly workspaceDir: string;
  readonly managedSkillsDir: string;
  readonly agentId: string;
  readonly skills: readonly object[];
  /** Folders whose SKILL.md cannot be used, and why. */
  readonly broken: readonly { readonly filePath: string; readonly why: string }[];
}

export function presentSkills(
  agentId: string, dirs: Pick<SkillsReport, "workspaceDir" | "managedSkillsDir">, skills: AgentSkills,
): SkillsReport {
  return { ...dirs, agentId, skills: skills.all.map(present), broken: skills.broken };
}

function present({ skill, missing, label, ...weighed }: WeighedSkill): object {
  const { name, description, place, filePath, baseDir, skillKey, emoji, homepage, primaryEnv } = skill;
  const { always, userInvocable, needs, install } = skill;
  return {
    name, description, source: place.source, bundled: place.source === "openclaw-bundled", filePath, baseDir, skillKey,
    ...(emoji === undefined ? {} : { emoji }), ...(homepage === undefined ? {} : { homepage }),
    ...(primaryEnv === undefined ? {} : { primaryEnv }),
    always, ...weighed, userInvocable, requirements: needs, missing,
    configChecks: needs.config.map((path) => ({ path, satisfied: !missing.config.includes(path) })),
    install, trusted: label !== "outside",
  };
}
