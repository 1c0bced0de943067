/** What is said of plain HTTP under `gateway`: which routes there are, which tools, and where the dashboard stands. */
import type { JsonSchema } from "@openclaw/protocol";

const endpoint = (description: string) => ({
  type: "object", additionalProperties: false, description,
  properties: { enabled: { type: "boolean", default: false, description: "Off: its addresses are a 404." } },
} as const);

const toolNames = { type: "array", maxItems: 256, items: { type: "string", minLength: 1, maxLength: 128 }, default: [] } as const;

export const httpConfig = {
  type: "object", additionalProperties: false, description: "Plain HTTP on the gateway's port.",
  properties: {
    endpoints: {
      type: "object", additionalProperties: false, description: "Interfaces for programs made for another service.",
      properties: {
        chatCompletions: endpoint("OpenAI's chat completions, with the list of models: POST /v1/chat/completions."),
        responses: endpoint("OpenAI's responses: POST /v1/responses."),
      },
    },
  },
} as const satisfies JsonSchema;

export const httpToolsConfig = {
  type: "object", additionalProperties: false, description: "Tools at POST /tools/invoke.",
  properties: {
    allow: { ...toolNames, description: "Taken off the list of tools that are never called over HTTP, such as exec." },
    deny: { ...toolNames, description: "Put on that list; always wins." },
  },
} as const satisfies JsonSchema;

/** Beside `allowedOrigins` in `gateway.controlUi`. */
export const controlUiConfig = {
  enabled: { type: "boolean", default: true, description: "Off: there is no page." },
  basePath: {
    type: "string", maxLength: 256, pattern: "^/([A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*/?)?$", default: "/",
    description: "Where the page stands.",
  },
  root: {
    type: "string", minLength: 1, maxLength: 4_096,
    description: "A directory with the files of another dashboard, which then stands there; the page stands at `now` below it.",
  },
} as const satisfies Record<string, JsonSchema>;
