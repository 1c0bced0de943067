/** Sessions: one ordered conversation of one agent, named by its key. */
import type { JsonSchema } from "../schema.ts";
import type { MethodSpec } from "../method.ts";
import { QUEUE_MODES } from "../session-settings.ts";
import { agentId, anything, attachments, count, flag, id, idempotencyKey, message, sessionKey, timeoutMs, word } from "./fields.ts";

/** A step of a session: its number, counted from 1, or its id. */
const step = { anyOf: [{ type: "integer", minimum: 1 }, { type: "string", minLength: 1, maxLength: 64 }] } as const satisfies JsonSchema;

const text = (max: number) => ({ type: ["string", "null"], maxLength: max }) as const satisfies JsonSchema;
const choice = { type: ["string", "null"], maxLength: 64 } as const satisfies JsonSchema;
const mayFlag = { type: ["boolean", "null"] } as const satisfies JsonSchema;

const listParams = {
  limit: { type: "integer", minimum: 1 }, offset: count, agentId, search: word, label: word,
  activeMinutes: { type: "number", minimum: 0 }, activeOnly: flag,
  sortBy: { enum: ["updatedAt", "lastInteractionAt", "activity"] },
  includeGlobal: flag, includeUnknown: flag, includeDerivedTitles: flag, includeLastMessage: flag,
  archived: { anyOf: [flag, { const: "all" }] }, pinned: flag, spawnedBy: word, ownerFirst: flag,
  excludeCron: flag, excludeSubagents: flag, excludeSystem: flag, requireLastInteraction: flag, configuredAgentsOnly: flag,
  includePeople: flag, includeActivitySummary: flag, involvingMe: flag, boardFace: word, hasBoard: flag, group: word, projectId: id,
  workspaceDir: { type: "string", maxLength: 4_096 }, creatorId: id, ownerId: id, involvingProfileId: id, profileRelation: anything,
} as const satisfies Record<string, JsonSchema>;

const listResult = {
  type: "object", required: ["ts", "count", "totalCount", "hasMore", "defaults", "sessions"],
  properties: {
    ts: count, path: { type: "string" }, count, totalCount: count, limitApplied: count, offset: count,
    nextOffset: { type: ["integer", "null"] }, hasMore: flag, owners: { type: "array" }, defaults: anything,
    sessions: { type: "array", items: anything },
  },
} as const satisfies JsonSchema;

const changed = {
  type: "object", required: ["ok", "key", "entry"],
  properties: { ok: flag, path: { type: "string" }, key: sessionKey, entry: anything, resolved: anything },
} as const satisfies JsonSchema;

export const SESSION_METHODS = {
  "sessions.list": {
    role: "operator", scope: "operator.read", summary: "Sessions, newest first.",
    params: { type: "object", additionalProperties: false, properties: listParams }, result: listResult,
  },
  "sessions.subscribe": {
    role: "operator", scope: "operator.read",
    summary: "This socket receives the events of all sessions until it closes; with list parameters, the list as well.",
    params: { type: "object", additionalProperties: false, properties: listParams },
    result: { type: "object", required: ["subscribed"], properties: { subscribed: flag, list: listResult } },
  },
  "sessions.messages.subscribe": {
    role: "operator", scope: "operator.read", summary: "This socket receives the events of one session.",
    params: {
      type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, agentId, includeApprovals: flag },
    },
    result: {
      type: "object", required: ["subscribed", "key"],
      properties: {
        subscribed: flag, key: sessionKey,
        approvalReplay: {
          type: "object", additionalProperties: false, required: ["sessionKey", "updatedAtMs", "approvals", "truncated"],
          properties: { sessionKey, updatedAtMs: count, approvals: { type: "array", items: anything }, truncated: flag },
        },
      },
    },
  },
  "sessions.messages.unsubscribe": {
    role: "operator", scope: "operator.read", summary: "No longer.",
    params: {
      type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, agentId, includeApprovals: flag },
    },
    result: { type: "object", required: ["subscribed", "key"], properties: { subscribed: flag, key: sessionKey } },
  },
  "sessions.viewers.set": {
    role: "operator", scope: "operator.read", summary: "Which sessions this client shows.",
    params: {
      type: "object", additionalProperties: false, required: ["sessionKeys"],
      properties: { sessionKeys: { type: "array", maxItems: 64, items: sessionKey } },
    },
    result: anything,
  },
  "sessions.describe": {
    role: "operator", scope: "operator.read", summary: "One session's row, or null.",
    params: {
      type: "object", additionalProperties: false, required: ["key"],
      properties: { key: sessionKey, agentId, includeDerivedTitles: flag, includeLastMessage: flag },
    },
    result: { type: "object", required: ["session"], properties: { session: { type: ["object", "null"] } } },
  },
  "sessions.preview": {
    role: "operator", scope: "operator.read", summary: "The last lines of several sessions.",
    params: {
      type: "object", additionalProperties: false, required: ["keys"],
      properties: {
        keys: { type: "array", maxItems: 64, items: sessionKey }, limit: { type: "integer", minimum: 1, maximum: 50 },
        maxChars: { type: "integer", minimum: 1, maximum: 10_000 },
      },
    },
    result: {
      type: "object", required: ["ts", "previews"],
      properties: {
        ts: count,
        previews: {
          type: "array",
          items: {
            type: "object", required: ["key", "status", "items"],
            properties: { key: sessionKey, status: { type: "string" }, items: { type: "array" } },
          },
        },
      },
    },
  },
  "sessions.resolve": {
    role: "operator", scope: "operator.read", hidden: true, summary: "Finds a session by key, id or label.",
    params: {
      type: "object", additionalProperties: false, minProperties: 1,
      properties: {
        key: sessionKey, sessionId: id, label: word,
        reference: { type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, slug: word } },
        shortId: word, slugHint: word, agentId, spawnedBy: word, includeGlobal: flag, includeUnknown: flag, allowMissing: flag,
      },
    },
    result: { type: "object", required: ["ok"], properties: { ok: flag, key: sessionKey, agentId } },
  },
  "sessions.create": {
    role: "operator", scope: "operator.write", summary: "Makes a session, and may start a turn in it.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        key: sessionKey, agentId, label: word, displayName: word, model: word, thinkingLevel: choice, fastMode: {},
        permissionMode: choice,
        parentSessionKey: sessionKey, fork: {}, message, task: message, attachments, cwd: {
          type: "string", maxLength: 4_096,
        }, worktree: {},
        execNode: word, category: word, idempotencyKey, incognito: flag, toolOverrides: {},
        timeoutMs, mentions: { type: "array", maxItems: 64 },
        emitCommandHooks: flag, succeedsParent: flag, titleSource: { type: "string", maxLength: 1_000 },
      },
    },
    result: {
      type: "object", required: ["ok", "key", "sessionId"],
      properties: {
        ok: flag, key: sessionKey, sessionId: { type: "string" }, entry: anything, resolved: anything, runStarted: flag, runId: id,
        runError: { type: "string" },
      },
    },
  },
  "sessions.send": {
    role: "operator", scope: "operator.write", summary: "As chat.send, named by key.",
    params: {
      type: "object", additionalProperties: false, required: ["key", "message"],
      properties: {
        key: sessionKey, message, agentId, thinking: word, queueMode: { enum: QUEUE_MODES }, attachments, timeoutMs, idempotencyKey,
        mentions: { type: "array", maxItems: 64 },
      },
    },
    result: { type: "object", required: ["runId", "status"], properties: { runId: id, status: { type: "string" } } },
  },
  "sessions.abort": {
    role: "operator", scope: "operator.write",
    summary: "Stops the running turn and says what it had done. Waiting messages stay, unless clearQueued, or the run named is one.",
    params: { type: "object", additionalProperties: false, properties: { key: sessionKey, runId: id, agentId, clearQueued: flag } },
    result: {
      type: "object", required: ["ok", "abortedRunId", "status"],
      properties: {
        ok: flag, abortedRunId: { type: ["string", "null"] }, status: { type: "string" }, report: { type: "string" }, cleared: count,
      },
    },
  },
  "sessions.patch": {
    role: "operator", scope: "operator.write",
    summary: "Changes a session's settings; null clears one. Fields beyond appearance and model need operator.admin.",
    params: {
      type: "object", additionalProperties: false, required: ["key"],
      properties: {
        key: sessionKey, agentId, expectedSessionId: id, expectedLifecycleRevision: id, label: text(256), autoLabel: text(256),
        icon: text(64), color: text(64), category: text(128),
        boardColumn: text(128), boardOrder: { type: ["number", "null"] }, pinned: mayFlag, archived: mayFlag, unread: mayFlag,
        model: text(256), agentRuntime: {}, thinkingLevel: choice, fastMode: {}, permissionMode: choice,
        verboseLevel: choice, reasoningLevel: choice,
        elevatedLevel: choice, responseUsage: choice, execHost: choice, execNode: text(256), sandboxMode: choice,
        queueMode: choice, sendPolicy: choice, groupActivation: choice,
      },
    },
    result: changed,
  },
  "sessions.reset": {
    role: "operator", scope: "operator.admin", summary: "Opens a new window on the same key.",
    params: {
      type: "object", additionalProperties: false, required: ["key"],
      properties: { key: sessionKey, agentId, reason: { enum: ["new", "reset"] }, expectedSessionId: id, expectedLifecycleRevision: id },
    },
    result: changed,
  },
  "sessions.delete": {
    role: "operator", scope: "operator.write",
    summary: "Deletes a session and destroys its key; needs operator.admin unless archivedOnly.",
    params: {
      type: "object", additionalProperties: false, required: ["key"],
      properties: {
        key: sessionKey, agentId, deleteTranscript: flag, expectedSessionId: id, expectedLifecycleRevision: id,
        expectedSessionUpdatedAt: { type: "number", minimum: 0 }, emitLifecycleHooks: flag, archivedOnly: flag,
      },
    },
    result: {
      type: "object", required: ["ok", "key", "deleted"],
      properties: { ok: flag, key: sessionKey, deleted: flag, archived: { type: "array" } },
    },
  },
  "sessions.steer": {
    role: "operator", scope: "operator.write", hidden: true, summary: "As sessions.send; the running turn takes the message in.",
    params: {
      type: "object", additionalProperties: false, required: ["key", "message"],
      properties: { key: sessionKey, message, agentId, thinking: word, attachments, timeoutMs, idempotencyKey },
    },
    result: { type: "object", required: ["runId", "status"], properties: { runId: id, status: { type: "string" } } },
  },
  "sessions.get": {
    role: "operator", scope: "operator.read", hidden: true, summary: "The newest messages of a session, oldest first, and no more.",
    params: {
      type: "object", additionalProperties: false, required: ["key"],
      properties: { key: sessionKey, agentId, limit: { type: "integer", minimum: 1, maximum: 1_000 } },
    },
    result: { type: "object", required: ["messages"], properties: { messages: { type: "array", items: anything } } },
  },
  "sessions.search": {
    role: "operator", scope: "operator.read", summary: "Messages that hold all of these words, newest sessions first.",
    params: {
      type: "object", additionalProperties: false, required: ["query"],
      properties: {
        query: { type: "string", minLength: 1, maxLength: 1_024 }, key: sessionKey, agentId,
        limit: { type: "integer", minimum: 1, maximum: 100 }, archived: { anyOf: [flag, { const: "all" }] },
      },
    },
    result: {
      type: "object", required: ["ts", "query", "count", "complete", "results"],
      properties: {
        ts: count, query: { type: "string" }, count, complete: flag, sessionsLooked: count,
        results: {
          type: "array",
          items: {
            type: "object", required: ["key", "role", "timestamp", "snippet"],
            properties: {
              key: sessionKey, sessionId: { type: "string" }, agentId, role: { type: "string" }, timestamp: count,
              snippet: { type: "string" }, position: count,
            },
          },
        },
      },
    },
  },
  "sessions.export": {
    role: "operator", scope: "operator.admin", hidden: true, summary: "One page of a session's log in the open, oldest first.",
    params: { type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, agentId, after: count } },
    result: {
      type: "object", required: ["key", "entries", "next"],
      properties: { key: sessionKey, entries: { type: "array", items: anything }, next: { type: ["integer", "null"] } },
    },
  },
  "sessions.verify": {
    role: "operator", scope: "operator.read", hidden: true, summary: "Walks a session's chain of commitments, deleted or not.",
    params: { type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, agentId } },
    result: {
      type: "object", required: ["ok", "key", "known", "events", "link", "brokenAt"],
      properties: {
        ok: flag, key: sessionKey, known: flag, events: count, link: { type: "string" }, brokenAt: { type: ["integer", "null"] },
        newestMs: count,
      },
    },
  },
  "sessions.compact": {
    role: "operator", scope: "operator.admin", summary: "Summarises the older part of a session.",
    params: {
      type: "object", additionalProperties: false, required: ["key"],
      properties: { key: sessionKey, agentId, maxLines: { type: "integer", minimum: 1 } },
    },
    result: {
      type: "object", required: ["ok", "key", "compacted"], properties: { ok: flag, key: sessionKey, compacted: flag, reason: word },
    },
  },
  "sessions.replay": {
    role: "operator", scope: "operator.admin", hidden: true,
    summary: "Decides a recorded session again and names the first difference; with a model, shows it the prompt of the step.",
    params: {
      type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, agentId, at: step, model: word },
    },
    result: {
      type: "object", required: ["key", "events", "turns", "steps", "decisions", "equal", "difference", "revision", "other"],
      properties: {
        key: sessionKey, sessionId: { type: "string" }, entries: count, events: count, turns: count, steps: count, decisions: count,
        equal: flag, difference: { type: ["object", "null"] }, revision: anything, other: { type: ["object", "null"] },
      },
    },
  },
  "sessions.steps": {
    role: "operator", scope: "operator.admin", hidden: true,
    summary: "What was recorded of one run, step by step: input, output, tokens, cost, and the gate's decision.",
    params: {
      type: "object", additionalProperties: false, required: ["key", "runId"], properties: { key: sessionKey, agentId, runId: id,
        entryId: id },
    },
    result: {
      type: "object", required: ["key", "runId", "startedAtMs", "steps"],
      properties: {
        key: sessionKey, runId: id, startedAtMs: count, endedAtMs: count, status: { enum: ["ok", "error", "aborted", "halted"] },
        code: word, why: { type: "string" }, model: word, revision: anything,
        steps: {
          type: "array", items: {
            type: "object", required: ["stepId", "kind", "startedAtMs"],
            properties: {
              stepId: id, kind: { enum: ["model", "tool", "wait"] }, name: word, startedAtMs: count, endedAtMs: count,
              input: { type: "string" }, output: { type: "string" }, isError: flag, code: word, usage: anything, costMicros: count,
              decision: anything,
            },
          },
        },
      },
    },
  },
  "sessions.output": {
    role: "operator", scope: "operator.read", hidden: true,
    summary: "A page of an output that was too long for its message, by the id that stands there; the next begins at end.",
    params: {
      type: "object", additionalProperties: false, required: ["key", "id"],
      properties: {
        key: sessionKey, agentId, id: { type: "string", minLength: 1, maxLength: 64 }, offset: count,
        limit: { type: "integer", minimum: 1, maximum: 262_144 },
      },
    },
    result: {
      type: "object", required: ["id", "offset", "end", "chars", "text"],
      properties: { id, offset: count, end: count, chars: count, text: { type: "string" } },
    },
  },
  "sessions.fork": {
    role: "operator", scope: "operator.write", summary: "A new session from another one, up to a step or a message.",
    params: {
      type: "object", additionalProperties: false, minProperties: 1,
      properties: { key: sessionKey, sessionKey, agentId, at: step, entryId: id, as: sessionKey },
    },
    result: {
      type: "object", required: ["ok", "key", "sessionId"],
      properties: {
        ok: flag, key: sessionKey, sessionKey, sessionId: { type: "string" }, entry: anything, resolved: anything, runStarted: flag,
        /** What the person said there, to be said otherwise. */
        editorText: { type: "string" },
      },
    },
  },
  "sessions.pins": {
    role: "operator", scope: "operator.read", hidden: true, summary: "Facts that stay before the model's eyes in a session.",
    params: { type: "object", additionalProperties: false, required: ["key"], properties: { key: sessionKey, agentId } },
    result: {
      type: "object", required: ["key", "pins"],
      properties: {
        key: sessionKey,
        pins: {
          type: "array",
          items: { type: "object", required: ["id", "text", "label", "ts"], properties: { id, text: message, label: word, ts: count } },
        },
      },
    },
  },
  "sessions.pin": {
    role: "operator", scope: "operator.write", hidden: true,
    summary: "Keeps a fact before the model's eyes, however long the session gets.",
    params: {
      type: "object", additionalProperties: false, required: ["key", "text"],
      properties: { key: sessionKey, agentId, text: { type: "string", minLength: 1, maxLength: 2_000 } },
    },
    result: { type: "object", required: ["ok", "key", "id"], properties: { ok: flag, key: sessionKey, id, label: word } },
  },
  "sessions.unpin": {
    role: "operator", scope: "operator.write", hidden: true, summary: "Takes a pinned fact away.",
    params: { type: "object", additionalProperties: false, required: ["key", "id"], properties: { key: sessionKey, agentId, id } },
    result: { type: "object", required: ["ok", "key"], properties: { ok: flag, key: sessionKey } },
  },
} as const satisfies Record<string, MethodSpec>;
