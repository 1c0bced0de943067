/** What a start needs of skills: their part of the configuration, and the look at them that a first turn asks for. */
export { openSkills, type AgentSkills, type Skills, type SkillsDeps } from "./skills/open-skills.ts";
export type { SkillsConfig } from "./skills/config.ts";
export { createSkillTool, SKILL_TOOL } from "./skills/skill-tool.ts";
export type { SkillPlace } from "./skills/find-skills.ts";
