/** Nodes: what operators ask of them, and what nodes tell. */
import type { MethodSpec } from "../method.ts";
import {
  artifactReadParams, artifactWriteParams, invokeAttachedParams, invokeProgressParams, invokeResultParams, nodeEventParams,
} from "../node.ts";
import { anything, count, done, flag, id, idempotencyKey, nothing, sessionKey, timeoutMs, word, words } from "./fields.ts";

const tags = {
  type: ["array", "null"], maxItems: 64, items: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" },
} as const;

const row = {
  type: "object", required: ["nodeId", "platform", "version", "caps", "commands", "paired", "connected"],
  properties: {
    nodeId: id, displayName: { type: "string" }, platform: { type: "string" }, version: { type: "string" },
    clientId: { type: "string" }, clientMode: { type: "string" },
    caps: words, commands: words, tags: words, paired: flag, connected: flag, approvalState: { type: "string" },
    connectedAtMs: count, lastSeenAtMs: count, approvedAtMs: count,
    /** It is given no new work. */
    draining: flag,
    /** Of its key, for two people to compare: the node prints the same. Only where one node is described. */
    fingerprintWords: words,
  },
} as const;

const requestId = { type: "object", additionalProperties: false, required: ["requestId"], properties: { requestId: id } } as const;

export const NODE_METHODS = {
  "node.list": {
    role: "operator", scope: "operator.read", summary: "Every paired or waiting node.", params: nothing,
    result: { type: "object", required: ["ts", "nodes"], properties: { ts: count, nodes: { type: "array", items: row } } },
  },
  "node.describe": {
    role: "operator", scope: "operator.read", summary: "One node, by id.",
    params: { type: "object", additionalProperties: false, required: ["nodeId"], properties: { nodeId: id } }, result: row,
  },
  "node.rename": {
    role: "operator", scope: "operator.pairing", summary: "Gives a node another name.",
    params: {
      type: "object", additionalProperties: false, required: ["nodeId", "displayName"],
      properties: { nodeId: id, displayName: { type: "string", minLength: 1, maxLength: 64 } },
    },
    result: { type: "object", required: ["nodeId", "displayName"], properties: { nodeId: id, displayName: { type: "string" } } },
  },
  "node.drain": {
    role: "operator", scope: "operator.pairing", hidden: true, summary: "Gives a node no new work, or again; what runs there goes on.",
    params: {
      type: "object", additionalProperties: false, required: ["nodeId", "draining"], properties: { nodeId: id, draining: flag },
    },
    result: { type: "object", required: ["nodeId", "draining"], properties: { nodeId: id, draining: flag } },
  },
  "node.tags.set": {
    role: "operator", scope: "operator.pairing", hidden: true,
    summary: "Gives a node other tags than it brings along; null: its own again.",
    params: { type: "object", additionalProperties: false, required: ["nodeId", "tags"], properties: { nodeId: id, tags } },
    result: { type: "object", required: ["nodeId", "tags"], properties: { nodeId: id, tags: words } },
  },
  "node.telemetry": {
    role: "operator", scope: "operator.read", hidden: true, summary: "How busy nodes were in the last quarter of an hour.",
    params: { type: "object", additionalProperties: false, properties: { nodeId: id } },
    result: {
      type: "object", required: ["ts", "nodes"],
      properties: {
        ts: count,
        nodes: {
          type: "array",
          items: {
            type: "object", required: ["nodeId", "samples"], properties: { nodeId: id, samples: { type: "array", items: anything } },
          },
        },
      },
    },
  },
  "node.invoke": {
    role: "operator", scope: "operator.write", summary: "Has a node carry out a command, through the same gate as an agent's.",
    params: {
      type: "object", additionalProperties: false, required: ["nodeId", "command", "idempotencyKey"],
      properties: {
        nodeId: id, command: { type: "string", minLength: 1, maxLength: 128 }, params: {}, timeoutMs, idempotencyKey, sessionKey,
        turnSourceChannel: word, turnSourceTo: word, turnSourceAccountId: word, turnSourceThreadId: { type: ["string", "number"] },
      },
    },
    result: {
      type: "object", required: ["ok", "nodeId", "command"],
      properties: { ok: flag, nodeId: id, command: { type: "string" }, payload: {}, payloadJSON: { type: ["string", "null"] } },
    },
  },
  "node.pair.list": {
    role: "operator", scope: "operator.pairing", summary: "Approved nodes, and what others declare and wait for.", params: nothing,
    result: {
      type: "object", required: ["pending", "paired"],
      properties: { pending: { type: "array", items: anything }, paired: { type: "array", items: anything } },
    },
  },
  "node.pair.approve": {
    role: "operator", scope: "operator.pairing", summary: "Approves what a node declares. Needs the scopes the request lists.",
    params: requestId, result: { type: "object", required: ["requestId", "node"], properties: { requestId: id, node: anything } },
  },
  "node.pair.reject": {
    role: "operator", scope: "operator.pairing", summary: "Refuses it.", params: requestId,
    result: { type: "object", required: ["requestId", "nodeId"], properties: { requestId: id, nodeId: id } },
  },
  "node.pair.remove": {
    role: "operator", scope: "operator.pairing", summary: "Forgets a node; its connection ends.",
    params: {
      type: "object", additionalProperties: false, required: ["nodeId"], properties: { nodeId: id },
    }, result: { type: "object", required: ["nodeId"], properties: { nodeId: id } },
  },

  "node.invoke.result": { role: "node", summary: "The end of an invocation.", params: invokeResultParams, result: done },
  "node.invoke.progress": { role: "node", summary: "A piece of an invocation's output.", params: invokeProgressParams, result: done },
  "node.invoke.attached": {
    role: "node", hidden: true, summary: "Where an invocation is, after a gateway came back.", params: invokeAttachedParams, result: done,
  },
  "node.event": {
    role: "node", summary: "Something happened on the node.", params: nodeEventParams,
    result: {
      type: "object", required: ["ok", "event", "handled"],
      properties: { ok: flag, event: { type: "string" }, handled: flag, reason: { type: "string" } },
    },
  },
  "node.skills.update": {
    role: "node", summary: "The skills found on the node.",
    params: {
      type: "object", additionalProperties: false, required: ["skills"],
      properties: { skills: { type: "array", maxItems: 64, items: anything } },
    },
    result: { type: "object", required: ["nodeId", "skills"], properties: { nodeId: id, skills: { type: "array" } } },
  },
  "node.pluginTools.update": {
    role: "node", summary: "Tools the node's own plug-ins offer.",
    params: {
      type: "object", additionalProperties: false, required: ["tools"],
      properties: { tools: { type: "array", maxItems: 256, items: anything } },
    },
    result: { type: "object", required: ["nodeId", "tools"], properties: { nodeId: id, tools: { type: "array" } } },
  },
  "node.runnerInventory.update": {
    role: "node", hidden: true, summary: "What the node can run for others.",
    params: {
      type: "object", additionalProperties: true, maxProperties: 32, properties: { protocolFeatures: words, workerHost: anything },
    },
    result: anything,
  },
  "node.pending.pull": {
    role: "node", summary: "Actions that waited for the node.", params: nothing,
    result: { type: "object", required: ["nodeId", "actions"], properties: { nodeId: id, actions: { type: "array" } } },
  },
  "node.pending.ack": {
    role: "node", summary: "They were done.",
    params: {
      type: "object", additionalProperties: false, required: ["ids"], properties: { ids: words },
    }, result: { type: "object", required: ["nodeId"], properties: { nodeId: id } },
  },
  "skills.bins": {
    role: "node", summary: "Programs that skills would like to find on a node.", params: nothing,
    result: { type: "object", required: ["bins"], properties: { bins: words } },
  },
  "node.artifact.write": {
    role: "node", hidden: true, summary: "A piece of a file for the gateway's store.", params: artifactWriteParams,
    result: { type: "object", required: ["received"], properties: { received: count } },
  },
  "node.artifact.read": {
    role: "node", hidden: true, summary: "A piece of a stored thing.", params: artifactReadParams,
    result: { type: "object", required: ["dataBase64", "last"], properties: { dataBase64: { type: "string" }, last: flag } },
  },
} as const satisfies Record<string, MethodSpec>;
