/** Fields that many methods share. */
import type { JsonSchema } from "../schema.ts";

export const id = { type: "string", minLength: 1, maxLength: 256 } as const satisfies JsonSchema;
export const idempotencyKey = { type: "string", minLength: 1, maxLength: 256 } as const satisfies JsonSchema;
export const sessionKey = { type: "string", minLength: 1, maxLength: 512 } as const satisfies JsonSchema;
export const agentId = { type: "string", minLength: 1, maxLength: 128 } as const satisfies JsonSchema;
export const word = { type: "string", maxLength: 256 } as const satisfies JsonSchema;
export const flag = { type: "boolean" } as const satisfies JsonSchema;
export const count = { type: "integer", minimum: 0 } as const satisfies JsonSchema;
export const timeoutMs = { type: "integer", minimum: 0, maximum: 86_400_000 } as const satisfies JsonSchema;
/** Free text. Its length is bounded by the frame and by admission, where the refusal has a code of its own. */
export const message = { type: "string" } as const satisfies JsonSchema;
export const words = { type: "array", maxItems: 256, items: word } as const satisfies JsonSchema;

export const nothing = { type: "object", additionalProperties: false, properties: {} } as const satisfies JsonSchema;
export const anything = { type: "object" } as const satisfies JsonSchema;
export const done = { type: "object", required: ["ok"], properties: { ok: { type: "boolean" } } } as const satisfies JsonSchema;

export const attachments = {
  type: "array",
  maxItems: 32,
  items: {
    type: "object",
    properties: {
      type: word, mimeType: word, fileName: word, origin: word,
      /** Base64. */
      content: { type: "string" },
      /** In place of `content`: what `artifacts.upload` brought. */
      artifactId: id,
      sizeBytes: count, durationMs: count, width: count, height: count,
    },
  },
} as const satisfies JsonSchema;
