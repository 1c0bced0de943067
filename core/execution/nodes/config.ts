import type { Infer, JsonSchema } from "@openclaw/protocol";

/** Keys of `tools.exec`, and of an agent's own `tools.exec`. */
export const execConfig = {
  mode: {
    enum: ["deny", "allowlist", "ask", "auto", "full"],
    description: "What every machine is asked to hold to, if its own rules are wider: nothing, what is listed, or anything. " +
      "ask and auto: what is listed, the rest once a person approved it.",
  },
  security: { enum: ["deny", "allowlist", "full"], description: "The older name for one half of mode; mode wins." },
  ask: { enum: ["off", "on-miss", "always"], description: "The other half: when a person has to approve." },
  strictInlineEval: { type: "boolean", description: "A text given to an interpreter, as to python -c, is on no list." },
} as const satisfies Record<string, JsonSchema>;

const execSchema = { type: "object", properties: execConfig } as const satisfies JsonSchema;
export type ExecSettings = Infer<typeof execSchema>;
