import type { Intent, Tool } from "@openclaw/sdk";

const where = {
  node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag of the node." },
  tag: { type: "string", minLength: 1, maxLength: 64 },
} as const;

/** Of bytes that are no text, so much is read as base64; what a file is besides, people and models see of the file itself. */
const SHOWN_CHARS = 2_000;

interface ReadPayload {
  readonly path: string;
  readonly content: string;
  readonly encoding: "utf8" | "base64";
  readonly bytes: number;
  readonly totalBytes: number;
}

export default {
  name: "read_file",
  summary: "Reads a file of a node's workspace: a text, a picture.",
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
    const { path, content, encoding, bytes, totalBytes } = payload as ReadPayload;
    const part = bytes < totalBytes ? `\n[the first ${bytes} of ${totalBytes} bytes]` : "";
    if (encoding !== "base64") return { text: content + part, isError: false };
    const shown = content.length <= SHOWN_CHARS ? `[not text: ${bytes} bytes as base64]\n${content}` : `[not text: ${bytes} bytes]`;
    // Half a picture is none.
    const files = part === "" && bytes > 0 ? [{ base64: content, name: path }] : [];
    return { text: shown + part, isError: false, ...(files.length === 0 ? {} : { files }) };
  },
} satisfies Tool;
