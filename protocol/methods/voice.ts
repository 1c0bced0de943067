/** Voice: the words that wake a device, and the state of a conversation by voice. */
import type { MethodSpec } from "../method.ts";
import { anything, count, flag, nothing } from "./fields.ts";

const triggers = { type: "array", items: { type: "string" } } as const;
const woken = { type: "object", required: ["triggers"], properties: { triggers } } as const;

export const VOICE_METHODS = {
  "voicewake.get": {
    role: "operator", scope: "operator.read", summary: "The words that wake a device.", params: nothing, result: woken,
  },
  "voicewake.set": {
    role: "operator", scope: "operator.write", summary: "Other words; no words at all brings the usual ones back. Nodes are told at once.",
    params: {
      type: "object", additionalProperties: false, required: ["triggers"],
      properties: { triggers: { type: "array", maxItems: 256, items: { type: "string", maxLength: 1_024 } } },
    },
    result: woken,
  },
  "voicewake.routing.get": {
    role: "operator", scope: "operator.read", summary: "Where spoken words go: to the current session.", params: nothing,
    result: { type: "object", required: ["config"], properties: { config: anything } },
  },
  "talk.config": {
    role: "operator", scope: "operator.read", summary: "Settings of speech; there are none.",
    params: { type: "object", additionalProperties: false, properties: { includeSecrets: flag } },
    result: { type: "object", required: ["config"], properties: { config: anything } },
  },
  "talk.mode": {
    role: "operator", scope: "operator.talk", summary: "Tells every client that a conversation by voice is on or off.",
    params: {
      type: "object", additionalProperties: false, required: ["enabled"],
      properties: { enabled: flag, phase: { type: "string", maxLength: 64 } },
    },
    result: {
      type: "object", required: ["enabled", "phase", "ts"], properties: { enabled: flag, phase: { type: ["string", "null"] }, ts: count },
    },
  },
} as const satisfies Record<string, MethodSpec>;
