/** Who the agents are, what stands in their workspaces, what they can do. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, flag, id, idempotencyKey, nothing, sessionKey, word } from "./fields.ts";

const name = { type: "string", minLength: 1, maxLength: 64 } as const;
const place = { type: "string", minLength: 1, maxLength: 4_096 } as const;
const model = { type: "string", minLength: 3, maxLength: 256 } as const;
const fileName = { type: "string", minLength: 1, maxLength: 256 } as const;
const face = { emoji: { type: "string", minLength: 1, maxLength: 16 }, avatar: place } as const;

const file = {
  type: "object", required: ["name", "path", "missing"],
  properties: {
    name: { type: "string" }, path: { type: "string" }, missing: flag, size: count, updatedAtMs: count, expectedAbsent: flag,
    hash: { type: "string" }, content: { type: "string" },
  },
} as const;

const made = {
  type: "object", required: ["ok", "agentId"], properties: { ok: flag, agentId, name: { type: "string" }, workspace: { type: "string" } },
} as const;

const oneFile = {
  type: "object", required: ["agentId", "workspace", "file"],
  properties: { ok: flag, agentId, workspace: { type: "string" }, file },
} as const;

export const AGENT_METHODS = {
  "agents.create": {
    role: "operator", scope: "operator.admin", summary: "Makes an agent; its id is made of its name. It can be spoken to at once.",
    params: {
      type: "object", additionalProperties: false, required: ["name"], properties: { name, workspace: place, model, ...face },
    },
    result: made,
  },
  "agents.update": {
    role: "operator", scope: "operator.admin", summary: "Changes an agent.",
    params: {
      type: "object", additionalProperties: false, required: ["agentId"], properties: { agentId, name, workspace: place, model, ...face },
    },
    result: made,
  },
  "agents.delete": {
    role: "operator", scope: "operator.admin", summary: "Removes an agent; a folder of its own is moved aside if asked.",
    params: { type: "object", additionalProperties: false, required: ["agentId"], properties: { agentId, deleteFiles: flag } },
    result: {
      type: "object", required: ["ok", "agentId", "removedBindings", "removed", "failed"],
      properties: { ok: flag, agentId, removedBindings: count, removed: { type: "array" }, failed: { type: "array" } },
    },
  },
  "agents.files.list": {
    role: "operator", scope: "operator.read", summary: "The files of an agent's workspace that have a meaning.",
    params: { type: "object", additionalProperties: false, required: ["agentId"], properties: { agentId } },
    result: {
      type: "object", required: ["agentId", "workspace", "files"],
      properties: { agentId, workspace: { type: "string" }, files: { type: "array", items: file } },
    },
  },
  "agents.files.get": {
    role: "operator", scope: "operator.read", summary: "One of them, with its content and hash.",
    params: { type: "object", additionalProperties: false, required: ["agentId", "name"], properties: { agentId, name: fileName } },
    result: oneFile,
  },
  "agents.files.set": {
    role: "operator", scope: "operator.admin", summary: "Writes one of them; with a hash only if it is still the one that was read.",
    params: {
      type: "object", additionalProperties: false, required: ["agentId", "name", "content"],
      properties: {
        agentId, name: fileName, content: { type: "string", maxLength: 1_048_576 },
        expectedHash: { type: "string", pattern: "^[a-fA-F0-9]{64}$" },
      },
    },
    result: oneFile,
  },

  "tools.catalog": {
    role: "operator", scope: "operator.read", summary: "Every tool there is, in groups, and the profiles it is part of.",
    params: { type: "object", additionalProperties: false, properties: { agentId, includePlugins: flag } },
    result: {
      type: "object", required: ["agentId", "profiles", "groups"],
      properties: { agentId, profiles: { type: "array" }, groups: { type: "array", items: anything } },
    },
  },
  "tools.effective": {
    role: "operator", scope: "operator.read", summary: "The tools an agent has in a session.",
    params: { type: "object", additionalProperties: false, required: ["sessionKey"], properties: { sessionKey, agentId } },
    result: {
      type: "object", required: ["agentId", "profile", "groups"],
      properties: { agentId, profile: { type: "string" }, groups: { type: "array", items: anything }, notices: { type: "array" } },
    },
  },
  "tools.invoke": {
    role: "operator", scope: "operator.write", summary: "Calls a tool that only reads. A refusal is a result, with ok false.",
    params: {
      type: "object", additionalProperties: false, required: ["name"],
      properties: { name: id, args: { type: "object" }, sessionKey, agentId, confirm: flag, idempotencyKey },
    },
    result: {
      type: "object", required: ["ok", "toolName"],
      properties: { ok: flag, toolName: { type: "string" }, output: anything, error: anything },
    },
  },

  "skills.status": {
    role: "operator", scope: "operator.read", summary: "An agent's skills, and what they lack.",
    params: { type: "object", additionalProperties: false, properties: { agentId, sessionKey } },
    result: {
      type: "object", required: ["workspaceDir", "managedSkillsDir", "agentId", "skills"],
      properties: {
        workspaceDir: { type: "string" }, managedSkillsDir: { type: "string" }, agentId,
        skills: { type: "array", items: anything }, broken: { type: "array" },
      },
    },
  },
  "skills.bins": {
    role: "node", summary: "Programs that skills need.", params: nothing,
    result: { type: "object", required: ["bins"], properties: { bins: { type: "array", items: { type: "string" } } } },
  },
  "skills.update": {
    role: "operator", scope: "operator.admin", summary: "Enables or disables a skill.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        skillKey: id, enabled: flag, apiKey: { type: "string", secret: true }, env: { type: "object" },
        source: { type: "string" }, slug: word, all: flag, force: flag,
      },
    },
    result: {
      type: "object", required: ["ok", "skillKey", "config"], properties: { ok: flag, skillKey: { type: "string" }, config: anything },
    },
  },
} as const satisfies Record<string, MethodSpec>;
