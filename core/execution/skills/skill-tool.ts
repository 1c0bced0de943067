import type { Tool } from "@openclaw/sdk";
import type { Skills } from "./open-skills.ts";

/** Only shown to an agent that has skills. */
export const SKILL_TOOL = "read_skill";

/** Brings a skill's instructions when the model wants them: until then they take no room in the prompt. */
export function createSkillTool(skills: Pick<Skills, "read">): Tool {
  return {
    name: SKILL_TOOL,
    summary: "Reads the instructions of one of your skills.",
    args: {
      type: "object", additionalProperties: false, required: ["name"],
      properties: { name: { type: "string", minLength: 1, maxLength: 64 } },
    },
    effect: "none",
    async *run(args, { agentId }) {
      try {
        const { text, label } = await skills.read(agentId, (args as { readonly name: string }).name);
        yield { type: "result", text, label };
      } catch (error) {
        yield { type: "result", text: error instanceof Error ? error.message : "It could not be read.", isError: true };
      }
    },
  };
}
