/** Talking with an agent: chat, agent runs, the lists a chat needs. */
import type { MethodSpec } from "../method.ts";
import { QUEUE_MODES } from "../session-settings.ts";
import { agentId, anything, attachments, count, flag, id, idempotencyKey, message, sessionKey, timeoutMs, word,
words } from "./fields.ts";

const historyParams = {
  sessionKey, agentId,
  limit: { type: "integer", minimum: 1, maximum: 1_000 },
  offset: count, cursor: { type: "string", maxLength: 1_024 },
  maxChars: { type: "integer", minimum: 1, maximum: 500_000 },
  maxBytes: { type: "integer", minimum: 1 },
  messageId: id, sessionId: id, pendingBefore: { type: "integer", minimum: 1 }, inputRunIds: words,
} as const;

const ack = {
  type: "object", required: ["runId", "status"], properties: { runId: id, status: { type: "string" }, messageSeq: count },
} as const;

export const CHAT_METHODS = {
  "chat.send": {
    role: "operator", scope: "operator.write",
    summary: "Gives an agent a message. Answers once it is stored; the reply comes as events. The key becomes the run id.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKey", "message", "idempotencyKey"],
      properties: {
        sessionKey, message, idempotencyKey, agentId, sessionId: id, thinking: word,
        fastMode: { anyOf: [flag, { const: "auto" }] }, fastAutoOnSeconds: { type: "number" },
        queueMode: { enum: QUEUE_MODES },
        deliver: flag, originatingChannel: word, originatingTo: word, originatingAccountId: word,
        originatingThreadId: { type: ["string", "number"] }, replyToId: word, attachments,
        mentions: { type: "array", maxItems: 64 }, workContext: {}, intent: {}, toolBindings: {}, timeoutMs,
        suppressCommandInterpretation: flag, expectedLeafEntryId: { type: ["string", "null"] },
        expectedSessionRoutingContract: {}, expectedPermissionMode: {}, expectedToolOverrides: {},
        systemInputProvenance: {}, systemProvenanceReceipt: {},
      },
    },
    result: ack,
  },
  "chat.history": {
    role: "operator", scope: "operator.read", summary: "The newest messages of a session, oldest first.",
    params: { type: "object", additionalProperties: false, required: ["sessionKey"], properties: historyParams },
    result: {
      type: "object",
      properties: {
        /** With a cursor: `reset` brings nothing, and the whole has to be read anew. */
        kind: { enum: ["delta", "reset"] },
        sessionKey, sessionId: { type: "string" }, messages: { type: "array" }, hasMore: flag, totalMessages: count,
        nextOffset: { type: ["integer", "null"] }, deltaCursor: { type: "string" }, activity: { type: "array" }, defaults: anything,
        sessionInfo: anything, thinkingLevel: { type: "string" },
        pendingInputs: {
          type: "object", required: ["items", "total"],
          properties: { items: { type: "array", items: anything }, total: count, nextBefore: count },
        },
        inFlightRun: {
          type: "object", required: ["runId", "text"], properties: { runId: id, text: { type: "string" }, startedAt: count },
        },
      },
    },
  },
  "chat.startup": {
    role: "operator", scope: "operator.read", summary: "History, agents and metadata in one answer.",
    params: { type: "object", additionalProperties: false, properties: { ...historyParams, shortId: word, slugHint: word } },
    result: anything,
  },
  "chat.metadata": {
    role: "operator", scope: "operator.read", summary: "Models and commands a chat can name.",
    params: { type: "object", additionalProperties: false, properties: { agentId, sessionKey, authProfileId: word } },
    result: { type: "object", required: ["models", "commands"], properties: { models: { type: "array" }, commands: { type: "array" } } },
  },
  "chat.message.get": {
    role: "operator", scope: "operator.read", summary: "One message in full.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKey", "messageId"],
      properties: { sessionKey, agentId, messageId: id, maxChars: { type: "integer", minimum: 1, maximum: 2_000_000 } },
    },
    result: {
      type: "object", required: ["ok"],
      properties: { ok: flag, message: anything, unavailableReason: { enum: ["not_found", "oversized", "not_visible"] } },
    },
  },
  "chat.abort": {
    role: "operator", scope: "operator.write", summary: "Stops the runs of a session, or one of them.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKey"],
      properties: { sessionKey, agentId, runId: id, preserveSideRuns: flag },
    },
    result: { type: "object", required: ["ok", "aborted", "runIds"], properties: { ok: flag, aborted: flag, runIds: words } },
  },
  "chat.inject": {
    role: "operator", scope: "operator.admin", hidden: true, summary: "Adds an assistant's note to a transcript; no model runs.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKey", "message"],
      properties: { sessionKey, agentId, message, label: { type: "string", maxLength: 100 } },
    },
    result: { type: "object", required: ["ok", "messageId"], properties: { ok: flag, messageId: id } },
  },

  agent: {
    role: "operator", scope: "operator.write", summary: "Runs an agent once. Answers twice: accepted, then the outcome.",
    params: {
      type: "object", additionalProperties: false, required: ["message", "idempotencyKey"],
      properties: {
        message, idempotencyKey, agentId, sessionKey, sessionId: id, to: word, replyTo: word, channel: word, replyChannel: word,
        accountId: word, replyAccountId: word, threadId: { type: ["string", "number"] }, groupId: word, groupChannel: word,
        groupSpace: word, deliver: flag, bestEffortDeliver: flag, thinking: word, provider: word, model: word,
        /** Seconds. */
        timeout: { type: "number", minimum: 0, maximum: 86_400 },
        lane: word, cwd: { type: "string", maxLength: 4_096 }, attachments, extraSystemPrompt: message, promptMode: word,
        modelRun: {}, inputProvenance: {}, label: word, voiceWakeTrigger: word,
      },
    },
    result: {
      type: "object", required: ["runId", "status"],
      properties: {
        runId: id, status: { enum: ["accepted", "in_flight", "ok", "error", "timeout"] }, sessionKey, agentId, acceptedAt: count,
        summary: { type: "string" }, result: anything,
      },
    },
  },
  "agent.wait": {
    role: "operator", scope: "operator.write", summary: "Waits for a run to end.",
    params: { type: "object", additionalProperties: false, required: ["runId"], properties: { runId: id, timeoutMs } },
    result: {
      type: "object", required: ["runId", "status"],
      properties: { runId: id, status: { enum: ["ok", "error", "timeout"] }, startedAt: count, endedAt: count,
      error: { type: "string" } },
    },
  },
  "agent.identity.get": {
    role: "operator", scope: "operator.read", summary: "An agent's name and face.",
    params: { type: "object", additionalProperties: false, properties: { agentId, sessionKey } },
    result: { type: "object", required: ["agentId"], properties: { agentId, name: { type: "string" }, emoji: { type: "string" } } },
  },
  "agents.list": {
    role: "operator", scope: "operator.read", summary: "The agents of this gateway.",
    params: { type: "object", additionalProperties: false, properties: {} },
    result: {
      type: "object", required: ["defaultId", "mainKey", "scope", "agents"],
      properties: {
        defaultId: agentId, mainKey: { type: "string" }, scope: { enum: ["per-sender", "global"] },
        agents: { type: "array", items: anything },
      },
    },
  },
  "models.list": {
    role: "operator", scope: "operator.read", summary: "The models that are configured.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        agentId, sessionKey, provider: word, view: { enum: ["default", "configured", "provider-config", "all"] }, includeDetails: flag,
        preparedOnly: flag, refresh: flag, authProfileId: word, includeProviderCapabilities: flag, includeDefaultModels: flag,
      },
    },
    result: { type: "object", required: ["models"], properties: { models: { type: "array", items: anything } } },
  },
  "models.test": {
    role: "operator", scope: "operator.write",
    summary: "Ours: one real short chat with a model, a tool call in it. Not `ok`: it says why; `tools`: whether it called.",
    params: {
      type: "object", additionalProperties: false,
      /** `provider/model`; the agent's own unless given. */
      properties: { model: { type: "string", minLength: 3, maxLength: 256 }, agentId },
    },
    result: {
      type: "object", required: ["ok", "model", "tookMs"],
      properties: {
        ok: flag, model: { type: "string" }, label: { type: "string" }, tools: flag, text: { type: "string" },
        firstMs: count, tookMs: count, contextTokens: count, usage: anything,
        error: {
          type: "object", required: ["code", "why"],
          properties: { code: { type: "string" }, why: { type: "string" }, next: { type: "string" } },
        },
      },
    },
  },
  "commands.list": {
    role: "operator", scope: "operator.read", summary: "Slash commands a chat understands.",
    params: {
      type: "object", additionalProperties: false,
      properties: { agentId, sessionKey, provider: word, scope: { enum: ["text", "native", "both"] }, includeArgs: flag },
    },
    result: { type: "object", required: ["commands"], properties: { commands: { type: "array", items: anything } } },
  },
} as const satisfies Record<string, MethodSpec>;

const artifact = {
  type: "object", required: ["id", "type", "title", "mimeType", "sizeBytes", "sessionKey"],
  properties: {
    id, type: { enum: ["image", "audio", "video", "file"] }, title: word, mimeType: word, sizeBytes: count, sessionKey,
    runId: id, messageSeq: count, download: anything,
  },
} as const;

const oneFile = {
  type: "object", additionalProperties: false, required: ["sessionKey", "artifactId"],
  properties: { sessionKey, agentId, artifactId: id },
} as const;

/** A path on the gateway's own port, for this one file, while this connection lasts. */
const fileLink = { url: { type: "string" }, expiresAtMs: count } as const;

/** Files that came with messages. */
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
    params: oneFile,
    result: { type: "object", required: ["artifact"], properties: { artifact } },
  },
  "artifacts.download": {
    role: "operator", scope: "operator.read", summary: "One file with its bytes. `data` is base64.",
    params: oneFile,
    result: {
      type: "object", required: ["artifact", "encoding", "data"],
      properties: { artifact, encoding: { const: "base64" }, data: { type: "string" } },
    },
  },
  "artifacts.link": {
    role: "operator", scope: "operator.read", summary: "An address where one file is read over HTTP, also in ranges.",
    params: oneFile,
    result: { type: "object", required: ["url", "expiresAtMs"], properties: fileLink },
  },
  "artifacts.upload": {
    role: "operator", scope: "operator.write",
    summary: "An address where one file is brought for a message of this session: PUT `<url>?from=<byte>`, pieces in order.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKey", "sizeBytes"],
      properties: { sessionKey, agentId, type: word, mimeType: word, fileName: word, sizeBytes: { type: "integer", minimum: 1 }, thumbnailId: id },
    },
    result: { type: "object", required: ["url", "expiresAtMs", "pieceBytes"], properties: { ...fileLink, pieceBytes: count } },
  },
} as const satisfies Record<string, MethodSpec>;
