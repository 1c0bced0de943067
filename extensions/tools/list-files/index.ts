import type { Intent, Tool } from "@openclaw/sdk";

const where = {
  node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag of the node." },
  tag: { type: "string", minLength: 1, maxLength: 64 },
} as const;

export default {
  name: "list_files",
  summary: "Lists a directory of a node's workspace.",
  args: { type: "object", additionalProperties: false, properties: { path: { type: "string", minLength: 1, maxLength: 4_096 }, ...where } },
  effect: "read",
  propose(args): Intent {
    const { node, tag, ...params } = args as { readonly node?: string; readonly tag?: string } & Record<string, unknown>;
    return {
      actuator: "node",
      effect: "read",
      command: "dir.list",
      target: { command: "dir.list", ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) },
      params,
      summary: `list ${String(params["path"] ?? "the workspace")}`,
    };
  },
} satisfies Tool;
