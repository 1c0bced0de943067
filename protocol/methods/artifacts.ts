/** Files of a session: what came with its messages. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, id, sessionKey, word } from "./fields.ts";

const artifact = {
  type: "object", required: ["id", "type", "title", "mimeType", "sizeBytes", "sessionKey"],
  properties: {
    id, type: { enum: ["image", "audio", "video", "file"] }, title: word, mimeType: word, sizeBytes: count, sessionKey,
    runId: id, messageSeq: count, download: anything,
  },
} as const;

const named = {
  type: "object", additionalProperties: false, required: ["sessionKey", "artifactId"],
  properties: { sessionKey, agentId, artifactId: id },
} as const;

export const ARTIFACT_METHODS = {
  "artifacts.list": {
    role: "operator", scope: "operator.read", summary: "Files that came with the newest messages of a session, oldest first.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKey"], properties: { sessionKey, agentId, runId: id },
    },
    result: { type: "object", required: ["artifacts"], properties: { artifacts: { type: "array", items: artifact } } },
  },
  "artifacts.get": {
    role: "operator", scope: "operator.read", summary: "What one file is.",
    params: named,
    result: { type: "object", required: ["artifact"], properties: { artifact } },
  },
  "artifacts.download": {
    role: "operator", scope: "operator.read", summary: "One file with its bytes. `data` is base64.",
    params: named,
    result: {
      type: "object", required: ["artifact", "encoding", "data"],
      properties: { artifact, encoding: { const: "base64" }, data: { type: "string" } },
    },
  },
} as const satisfies Record<string, MethodSpec>;
