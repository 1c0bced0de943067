/** The configuration: read, described and changed. */
import type { MethodSpec } from "../method.ts";
import { anything, flag, nothing } from "./fields.ts";

const raw = { type: "string", minLength: 1, maxLength: 4_194_304 } as const;
const baseHash = { type: "string", minLength: 1, maxLength: 256 } as const;
const written = {
  type: "object", required: ["ok", "path", "config"],
  properties: {
    ok: flag, noop: flag, path: { type: "string" }, hash: { type: "string" }, config: anything,
    changedPaths: { type: "array", items: { type: "string" } }, restart: anything, sentinel: anything,
  },
} as const;

const change = {
  type: "object", additionalProperties: false, required: ["raw"],
  properties: {
    raw, baseHash, sessionKey: { type: "string", minLength: 1, maxLength: 512 }, deliveryContext: anything,
    note: { type: "string", maxLength: 4_000 }, restartDelayMs: { type: "integer", minimum: 0, maximum: 600_000 },
    replacePaths: { type: "array", maxItems: 1_000, items: { type: "string", minLength: 1, maxLength: 1_024 } },
  },
} as const;

export const CONFIG_METHODS = {
  "config.get": {
    role: "operator", scope: "operator.read", summary: "The configuration as it is written and as it is in force, secrets redacted.",
    params: nothing,
    result: {
      type: "object",
      required: [
        "path", "exists", "valid", "raw", "parsed", "sourceConfig", "resolved", "runtimeConfig", "config", "hash", "configRevisionHash",
        "appliedConfigHash", "issues", "warnings", "legacyIssues", "includedPaths", "includeProvenance", "agentRosterIncludeOwned",
        "bindingsIncludeOwned",
      ],
      properties: {
        path: { type: "string" }, exists: flag, valid: flag, raw: { type: ["string", "null"] }, parsed: anything, sourceConfig: anything,
        resolved: anything, runtimeConfig: anything, config: anything, hash: { type: "string" },
        configRevisionHash: { type: "string" }, appliedConfigHash: { type: ["string", "null"] }, issues: { type: "array" },
        warnings: { type: "array" }, legacyIssues: { type: "array" }, includedPaths: { type: "array" },
        includeProvenance: { type: "array" }, agentRosterIncludeOwned: flag, bindingsIncludeOwned: flag,
      },
    },
  },
  "config.schema": {
    role: "operator", scope: "operator.read", summary: "JSON Schema of the configuration, and how a form shows it.", params: nothing,
    result: {
      type: "object", required: ["schema", "uiHints", "version", "generatedAt"],
      properties: { schema: anything, uiHints: anything, version: { type: "string" }, generatedAt: { type: "string" } },
    },
  },
  "config.schema.lookup": {
    role: "operator", scope: "operator.read",
    summary: "One key of the schema, what stands below it, and whether a change of it needs a restart.",
    params: {
      type: "object", additionalProperties: false, required: ["path"],
      properties: { path: { type: "string", minLength: 1, maxLength: 1_024, pattern: "^[A-Za-z0-9_./\\[\\]\\-*]+$" } },
    },
    result: {
      type: "object", required: ["path", "schema", "reloadKind", "hint", "hintPath", "children"],
      properties: {
        path: { type: "string" }, schema: anything, reloadKind: { enum: ["restart", "hot", "none"] }, hint: anything,
        hintPath: { type: "string" }, children: { type: "array" },
      },
    },
  },
  "config.set": {
    role: "operator", scope: "operator.admin", summary: "Writes the whole file; baseHash says what its author saw.",
    params: { type: "object", additionalProperties: false, required: ["raw"], properties: { raw, baseHash } }, result: written,
  },
  "config.patch": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true,
    summary: "Changes some keys by a JSON5 merge patch. Lists lose entries only where replacePaths names them.",
    params: change, result: written,
  },
  "config.apply": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true,
    summary: "Writes the whole file and puts it in force, by a restart where it takes one.", params: change, result: written,
  },
  "config.secret.keep": {
    role: "operator", scope: "operator.admin", hidden: true, controlPlaneWrite: true,
    summary: "Puts a secret into the gateway's own store; the answer is what to write in its place. It never comes back out.",
    params: {
      type: "object", additionalProperties: false, required: ["path", "value"],
      properties: {
        path: { type: "string", minLength: 1, maxLength: 1_024 },
        value: { type: "string", minLength: 1, maxLength: 16_384, secret: true },
      },
    },
    result: {
      type: "object", required: ["ref"],
      properties: {
        ref: {
          type: "object", required: ["source", "provider", "id"],
          properties: { source: { const: "store" }, provider: { type: "string" }, id: { type: "string" } },
        },
      },
    },
  },
  "models.connect": {
    role: "operator", scope: "operator.admin", hidden: true, controlPlaneWrite: true,
    summary: "Tries a model, and connects it where it answers: its key goes into the store. Of one that does not, nothing is kept.",
    params: {
      type: "object", additionalProperties: false, required: ["name", "api", "url", "model"],
      properties: {
        name: { type: "string", pattern: "^[a-z][a-z0-9-]{0,63}$" }, api: { type: "string", minLength: 1, maxLength: 64 },
        url: { type: "string", minLength: 1, maxLength: 2_048 }, model: { type: "string", minLength: 1, maxLength: 256 },
        key: { type: "string", minLength: 1, maxLength: 16_384, secret: true },
        /** Connects it although it did not answer. */
        untested: flag,
      },
    },
    result: {
      type: "object", required: ["added", "model"],
      properties: { added: flag, model: { type: "string" }, test: anything },
    },
  },
} as const satisfies Record<string, MethodSpec>;
