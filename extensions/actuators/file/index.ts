import type { Actuator } from "@openclaw/sdk";

interface FileConfig { readonly folder: string; readonly node?: string; readonly tag?: string }

interface FileParams { readonly name: string; readonly content: string }

const TIMEOUT_MS = 30_000;

/** Writes whole files into one folder on a node; the node's own limits hold as well. The gateway writes no file itself. */
export default {
  id: "file",
  label: "File (into one folder on a node)",
  config: {
    type: "object", additionalProperties: false, required: ["folder"],
    properties: {
      folder: { type: "string", minLength: 1, maxLength: 2_048, description: "Where files go; relative to the node's workspace, or absolute." },
      node: { type: "string", minLength: 1, maxLength: 128, description: "Name or id of the node; the gateway's own unless said." },
      tag: { type: "string", minLength: 1, maxLength: 64, description: "A tag the node must carry." },
    },
  },
  tool: { name: "write_record", summary: "Writes a whole text file into a folder that the owner configured." },
  params: {
    type: "object", additionalProperties: false, required: ["name", "content"],
    properties: {
      name: { type: "string", pattern: "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$", description: "A file name, without folders." },
      content: { type: "string", maxLength: 200_000 },
    },
  },
  limits: { perMinute: 600, concurrency: 4, timeoutMs: TIMEOUT_MS, attemptsMax: 5 },
  quiet: true,
  judge: (params, config) => {
    const { name, content } = params as FileParams;
    return { effect: "idempotent", summary: `write ${(config as FileConfig).folder}/${name} (${content.length} characters)` };
  },
  present: () => ({ text: "Written.", isError: false }),
  open: (ctx) => ({
    carryOut: async (request, signal) => {
      const { folder, node, tag } = ctx.config as FileConfig;
      const { name, content } = request.params as FileParams;
      const target = { ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) };
      const params = { path: `${folder.replace(/\/+$/, "")}/${name}`, content, makeDirs: true };
      return await ctx.node({ ...target, command: "file.write", params, timeoutMs: TIMEOUT_MS }, request, signal);
    },
    [Symbol.asyncDispose]: async () => {},
  }),
} satisfies Actuator;
