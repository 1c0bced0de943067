import type { Intent, Tool } from "@openclaw/sdk";

const where = {
  node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag of the node." },
  tag: { type: "string", minLength: 1, maxLength: 64 },
} as const;

export default {
  name: "write_file",
  summary: "Writes a whole text file in a node's workspace; makes the folders it needs.",
  args: {
    type: "object", additionalProperties: false, required: ["path", "content"],
    properties: { path: { type: "string", minLength: 1, maxLength: 4_096 }, content: { type: "string", maxLength: 200_000 }, ...where },
  },
  effect: "idempotent",
  propose(args): Intent {
    const { node, tag, ...params } = args as { readonly node?: string; readonly tag?: string } & Record<string, unknown>;
    return {
      actuator: "node",
      effect: "idempotent",
      command: "file.write",
      target: { command: "file.write", ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) },
      params: { ...params, makeDirs: true },
      summary: `write ${String(params["path"])}`,
    };
  },
} satisfies Tool;
