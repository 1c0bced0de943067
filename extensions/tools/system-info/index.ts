import type { Intent, Tool } from "@openclaw/sdk";

const where = {
  node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag of the node." },
  tag: { type: "string", minLength: 1, maxLength: 64 },
} as const;

export default {
  name: "system_info",
  summary: "Tells CPU, memory, disks, load, uptime and GPUs of a node.",
  args: { type: "object", additionalProperties: false, properties: { ...where } },
  effect: "read",
  propose(args): Intent {
    const { node, tag, ...params } = args as { readonly node?: string; readonly tag?: string } & Record<string, unknown>;
    return {
      actuator: "node",
      effect: "read",
      command: "system.info",
      target: { command: "system.info", ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) },
      params,
      summary: "read system information",
    };
  },
} satisfies Tool;
