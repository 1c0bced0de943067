import type { Intent, Tool } from "@openclaw/sdk";

const where = {
  node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag of the node." },
  tag: { type: "string", minLength: 1, maxLength: 64 },
} as const;

interface ReadPayload {
  readonly content: string;
  readonly encoding: "utf8" | "base64";
  readonly bytes: number;
  readonly totalBytes: number;
}

export default {
  name: "read_file",
  summary: "Reads a text file of a node's workspace.",
  args: {
    type: "object", additionalProperties: false, required: ["path"],
    properties: { path: { type: "string", minLength: 1, maxLength: 4_096 }, ...where },
  },
  effect: "read",
  propose(args): Intent {
    const { node, tag, ...params } = args as { readonly node?: string; readonly tag?: string } & Record<string, unknown>;
    return {
      actuator: "node",
      effect: "read",
      command: "file.read",
      target: { command: "file.read", ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) },
      params,
      summary: `read ${String(params["path"])}`,
    };
  },
  present(payload) {
    const { content, encoding, bytes, totalBytes } = payload as ReadPayload;
    const part = bytes < totalBytes ? `\n[the first ${bytes} of ${totalBytes} bytes]` : "";
    return { text: encoding === "base64" ? `[not text: ${bytes} bytes as base64]\n${content}${part}` : content + part, isError: false };
  },
} satisfies Tool;
