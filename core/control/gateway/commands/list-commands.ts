import type { AgentSkills } from "../../../execution/skills.ts";
import { CHAT_COMMANDS, findCommand, type ChatCommand } from "./command-table.ts";

export interface CommandQuery {
  readonly scope?: "text" | "native" | "both";
  readonly includeArgs?: boolean;
}

const DESCRIPTION_CHARS_MAX = 200;

/** The result of `commands.list`: the gateway's own, and a skill's name for each skill that a person may use. */
export function listCommands({ scope = "both", includeArgs = true }: CommandQuery, skills: AgentSkills): readonly object[] {
  const native = (CHAT_COMMANDS as readonly ChatCommand[]).map(({ name, aliases = [], description, category, args }) => ({
    name, nativeName: name, textAliases: [name, ...aliases].map((each) => `/${each}`), description, category,
    source: "native", scope: "both",
    acceptsArgs: args !== undefined, ...(includeArgs && args !== undefined ? { args } : {}),
  }));
  const ofSkills = scope === "native" ? [] : skillCommands(skills).map(({ word, description }) => ({
    name: word, textAliases: [`/${word}`], description, category: "tools", source: "skill", scope: "text", acceptsArgs: true,
  }));
  return [...native, ...ofSkills];
}

export interface SkillCommand {
  readonly word: string;
  readonly skill: string;
  readonly description: string;
}

/** One word for each; a command of the gateway keeps its name. */
export function skillCommands({ all }: AgentSkills): readonly SkillCommand[] {
  return all.flatMap(({ skill: { name, description }, commandVisible, label }) => {
    const word = name.toLowerCase().replace(/[^a-z0-9_-]/g, "_");
    if (!commandVisible || findCommand(word) !== undefined) return [];
    const shown = label === "outside" ? "A skill of the workspace." : description.slice(0, DESCRIPTION_CHARS_MAX);
    return [{ word, skill: name, description: shown }];
  });
}
