/**
 * Skills: folders with a SKILL.md that tells an agent how something is done.
 *
 * It finds them, reads their heads strictly and bounded, says which can be used here and why others cannot, and gives a
 * skill's instructions when they are asked for. A skill is text: reading one runs nothing, installs nothing and gives no
 * right; where a program could have put it, it is labelled as outside text until the owner enables it by name.
 */
export { openSkills, type AgentSkills, type Skills, type SkillsDeps } from "./skills/open-skills.ts";
export type { SkillsConfig } from "./skills/config.ts";
export { createSkillTool, SKILL_TOOL } from "./skills/skill-tool.ts";
export { presentSkills, type SkillsReport } from "./skills/present-skills.ts";
export type { SkillPlace } from "./skills/find-skills.ts";
export type { WeighedSkill } from "./skills/weigh-skill.ts";
