import type { Label } from "@openclaw/protocol";
import { SKILL_LIMITS } from "./read-skill.ts";
import type { WeighedSkill } from "./weigh-skill.ts";

/** Where all descriptions do not fit, each is cut to this; where that is still too much, the names have to do. */
const SHORT_CHARS = 120;

/**
 * A line for each skill that a model may be told of, within a budget of characters. Of a skill that is nobody's words only the
 * name is said: its description would be outside text in every prompt.
 */
export function listSkills(all: readonly WeighedSkill[]): { readonly list: string; readonly label: Label } {
  const visible = all.filter(({ modelVisible }) => modelVisible);
  for (const most of [SKILL_LIMITS.descriptionChars, SHORT_CHARS, 0]) {
    const lines = visible.map(({ skill, label }) => lineOf(skill.name, label === "outside" ? "" : skill.description.slice(0, most)));
    const list = lines.join("\n");
    if (list.length <= SKILL_LIMITS.listChars) return { list, label: "agent" };
    if (most === 0) return { list: list.slice(0, list.lastIndexOf("\n", SKILL_LIMITS.listChars)), label: "agent" };
  }
  return { list: "", label: "agent" };
}

function lineOf(name: string, description: string): string {
  return description === "" ? `- ${name}` : `- ${name}: ${description}`;
}
