import type { Intent, Tool } from "@openclaw/sdk";

interface Page {
  readonly id: string;
  readonly offset: number;
  readonly end: number;
  readonly chars: number;
  readonly text: string;
}

/** Pages through an output that was shortened when it was shown. */
export default {
  name: "read_output",
  summary: "Reads a part of an earlier tool output that was shortened, by the id its mark names.",
  args: {
    type: "object", additionalProperties: false, required: ["id"],
    properties: {
      id: { type: "string", minLength: 1, maxLength: 64 },
      offset: { type: "integer", minimum: 0, maximum: 1_000_000_000, description: "Characters to skip." },
      limit: { type: "integer", minimum: 1, maximum: 12_000, description: "Characters to read." },
    },
  },
  effect: "read",
  propose(args): Intent {
    const params = args as Readonly<Record<string, unknown>>;
    return { actuator: "session", effect: "read", action: "read-output", params, summary: `read output ${String(params["id"])}` };
  },
  present(payload) {
    const { offset, end, chars, text } = payload as Page;
    const more = end < chars ? `; go on with offset ${end}` : "";
    return { text: `[characters ${offset} to ${end} of ${chars}${more}]\n${text}`, isError: false };
  },
} satisfies Tool;
