/** The gateway about itself: health, status, presence, log. */
import type { MethodSpec } from "../method.ts";
import { agentId, anything, count, flag, id, nothing, sessionKey, word, words } from "./fields.ts";

export const SYSTEM_METHODS = {
  health: {
    role: "any", summary: "Is the gateway well? Answers any connected client.",
    params: { type: "object", additionalProperties: false, properties: { probe: flag } },
    result: {
      type: "object", required: ["ok", "ts", "durationMs"],
      properties: {
        ok: flag, ts: count, durationMs: count, defaultAgentId: { type: "string" }, agents: { type: "array" }, sessions: anything,
        channels: anything, channelOrder: { type: "array" }, channelLabels: anything, heartbeatSeconds: count, plugins: anything,
        configReload: anything,
      },
    },
  },
  status: {
    role: "operator", scope: "operator.read", summary: "Version, process, sessions and agents at a glance.",
    params: { type: "object", additionalProperties: false, properties: { includeChannelSummary: flag, includeCliProjection: flag } },
    result: {
      type: "object", required: ["runtimeVersion", "pid", "sessions", "processMemory"],
      properties: { runtimeVersion: { type: "string" }, pid: count, sessions: anything, processMemory: anything, uptimeMs: count },
    },
  },
  "dashboard.link": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true,
    summary: "A link that opens the gateway's page in a browser: once, within ten minutes.", params: nothing,
    result: { type: "object", required: ["url", "expiresAtMs"], properties: { url: { type: "string" }, expiresAtMs: count } },
  },
  "system-presence": {
    role: "operator", scope: "operator.read", summary: "Everybody who is connected; the gateway first.", params: nothing,
    result: { type: "array", items: anything },
  },
  "gateway.identity.get": {
    role: "operator", scope: "operator.read", summary: "The gateway's own public key.",
    params: nothing, result: {
      type: "object", required: ["deviceId", "publicKey"], properties: { deviceId: { type: "string" }, publicKey: { type: "string" } },
    },
  },
  "system.info": {
    role: "operator", scope: "operator.read", summary: "The machine and the process the gateway runs in.", params: nothing,
    result: {
      type: "object", required: ["hostname", "platform", "arch", "pid", "uptimeMs", "nodeVersion"],
      properties: {
        hostname: { type: "string" }, platform: { type: "string" }, arch: { type: "string" }, pid: count, port: count, uptimeMs: count,
        nodeVersion: { type: "string" }, disks: { type: "array", items: anything }, diskTotalBytes: count, diskAvailableBytes: count,
        diskPath: { type: "string" },
      },
    },
  },
  "logs.tail": {
    role: "operator", scope: "operator.read", summary: "The end of the log; ask again with the returned cursor to follow it.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        cursor: count, limit: { type: "integer", minimum: 1, maximum: 5_000 },
        maxBytes: { type: "integer", minimum: 1, maximum: 1_000_000 },
      },
    },
    result: {
      type: "object", required: ["file", "cursor", "size", "lines"],
      properties: {
        file: { type: "string" }, cursor: count, size: count, lines: { type: "array", items: { type: "string" } }, truncated: flag,
        reset: flag, skippedBytes: count,
      },
    },
  },
  "users.self": {
    role: "operator", scope: "operator.read", summary: "The user profile of this connection; there is none in personal use.",
    params: nothing, result: anything,
  },
  "users.prefs.get": {
    role: "operator", scope: "operator.read", summary: "The user's stored preferences.",
    params: { type: "object", additionalProperties: false, properties: { keys: words } },
    result: { type: "object", required: ["status", "entries"], properties: { status: { type: "string" }, entries: anything } },
  },
  "question.list": {
    role: "operator", scope: "operator.questions", summary: "Questions that wait for a person.", params: nothing,
    result: { type: "object", required: ["questions"], properties: { questions: { type: "array" } } },
  },
  "taskSuggestions.list": {
    role: "operator", scope: "operator.read", summary: "Suggested tasks.",
    params: { type: "object", additionalProperties: false, properties: { agentId, sessionKey } },
    result: { type: "object", required: ["suggestions"], properties: { suggestions: { type: "array" } } },
  },
} as const satisfies Record<string, MethodSpec>;

const examined = {
  checks: {
    type: "array",
    items: {
      type: "object", required: ["check", "note", "skipped"],
      properties: {
        check: { type: "string" }, note: { type: "string" }, skipped: flag,
        looked: { type: "object", required: ["at", "of"], properties: { at: { type: "integer" }, of: { type: "integer" } } },
      },
    },
  },
  findings: {
    type: "array",
    items: {
      type: "object", required: ["id", "check", "level", "code", "what", "next", "mendable"],
      properties: {
        id: { type: "string" }, check: { type: "string" }, level: { enum: ["problem", "attention"] }, code: { type: "string" },
        what: { type: "string" }, why: { type: "string" }, next: { type: "string" }, mendable: flag,
      },
    },
  },
} as const;

const backups = {
  type: "object", required: ["folder", "command", "canMake", "count", "backups"],
  properties: {
    folder: { type: "string" }, command: { type: "string" }, canMake: flag, everyHours: count, count,
    backups: {
      type: "array",
      items: {
        type: "object", required: ["file", "bytes", "madeAtMs", "sealed"],
        properties: {
          file: { type: "string" }, bytes: count, madeAtMs: count, sealed: flag,
          verified: {
            type: "object", required: ["atMs", "well"],
            properties: { atMs: count, well: flag, code: { type: "string" }, why: { type: "string" } },
          },
        },
      },
    },
  },
} as const;

/** What is looked after: repairs and backups. */
export const DOCTOR_METHODS = {
  "doctor.examine": {
    role: "operator", scope: "operator.admin", hidden: true,
    summary: "What `openclaw doctor` finds that can be looked at while the gateway runs. Changes nothing.",
    /** `deep`: every page of the database too, and the chains of the newest sessions. `all`: the same with the chains of every session. */
    params: { type: "object", additionalProperties: false, properties: { deep: flag, all: flag } },
    result: { type: "object", required: ["checks", "findings"], properties: examined },
  },
  "doctor.mend": {
    role: "operator", scope: "operator.admin", hidden: true, controlPlaneWrite: true,
    summary: "Mends one of its findings, keeps what it replaces, and looks again.",
    params: { type: "object", additionalProperties: false, required: ["id"], properties: { id } },
    result: { type: "object", required: ["mended", "checks", "findings"], properties: { mended: { type: "string" }, ...examined } },
  },
  "backup.status": {
    role: "operator", scope: "operator.admin", hidden: true,
    summary: "Where backups are put, the newest of them, and whether one can be made from here.", params: nothing,
    result: backups,
  },
  "backup.create": {
    role: "operator", scope: "operator.admin", hidden: true, controlPlaneWrite: true,
    summary: "Makes one now, as the configuration's `backup` says, in the folder it says.", params: nothing, result: backups,
  },
  "backup.verify": {
    role: "operator", scope: "operator.admin", hidden: true, controlPlaneWrite: true,
    summary: "Reads one of them to its end and compares every byte. `file` is a name out of `backup.status`.",
    params: { type: "object", additionalProperties: false, required: ["file"], properties: { file: word } }, result: backups,
  },
} as const satisfies Record<string, MethodSpec>;

const alert = {
  type: "object",
  required: [
    "id", "code", "family", "severity", "subject", "what", "means", "next", "sinceMs", "raisedAtMs", "count", "lastAtMs", "muted",
  ],
  properties: {
    id, code: word, family: { enum: ["performance", "security", "capacity"] }, severity: { enum: ["problem", "attention", "notice"] },
    subject: { type: "string" }, what: { type: "string" }, means: { type: "string" }, next: { type: "string" },
    sinceMs: count, raisedAtMs: count, count, lastAtMs: count, muted: flag, resolvedAtMs: count,
    acknowledged: { type: "object", required: ["by", "atMs"], properties: { by: { type: "string" }, atMs: count } },
  },
} as const;
const mutes = {
  type: "array",
  items: {
    type: "object", required: ["code", "untilMs", "by"], properties: { code: word, untilMs: count, by: { type: "string" } },
  },
} as const;

export const ALERT_METHODS = {
  "alerts.list": {
    role: "operator", scope: "operator.read", hidden: true,
    summary: "What needs a person: the most severe first; and what is over, the newest first.", params: nothing,
    result: {
      type: "object", required: ["enabled", "open", "past", "mutes"],
      properties: { enabled: flag, open: { type: "array", items: alert }, past: { type: "array", items: alert }, mutes },
    },
  },
  "alerts.ack": {
    role: "operator", scope: "operator.write", hidden: true,
    summary: "A person has seen it. It stays until its cause is gone; what only happened ends with this.",
    params: { type: "object", additionalProperties: false, required: ["id"], properties: { id, by: word } },
    result: { type: "object", required: ["alert"], properties: { alert } },
  },
  "alerts.mute": {
    role: "operator", scope: "operator.admin", hidden: true,
    summary: "Nobody is told of this kind for so many minutes; 0 ends that.",
    params: {
      type: "object", additionalProperties: false, required: ["code", "minutes"],
      properties: { code: word, minutes: { type: "integer", minimum: 0, maximum: 43_200 }, by: word },
    },
    result: { type: "object", required: ["mutes"], properties: { mutes } },
  },
} as const satisfies Record<string, MethodSpec>;
