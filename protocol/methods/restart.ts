/** Updates and restarts of the gateway. */
import type { MethodSpec } from "../method.ts";
import { anything, flag, nothing } from "./fields.ts";

export const RESTART_METHODS = {
  "update.status": {
    role: "operator", scope: "operator.admin", summary: "Is there a newer program? This one never looks by itself.",
    params: { type: "object", additionalProperties: false, properties: { refreshCheckout: flag } },
    result: {
      type: "object", required: ["sentinel", "updateAvailable", "effectiveChannel", "schedule"],
      properties: {
        sentinel: { type: ["object", "null"] }, updateAvailable: { type: ["object", "null"] }, effectiveChannel: { type: "string" },
        schedule: anything,
      },
    },
  },
  "gateway.restart.preflight": {
    role: "operator", scope: "operator.read", summary: "What a restart would interrupt. Nothing that was accepted is ever lost by one.",
    params: nothing,
    result: {
      type: "object", required: ["safe", "counts", "blockers", "summary"],
      properties: { safe: flag, counts: anything, blockers: { type: "array" }, summary: { type: "string" } },
    },
  },
  "gateway.restart.request": {
    role: "operator", scope: "operator.admin", controlPlaneWrite: true,
    summary: "Ends the gateway in good order and starts it again in the same process; clients see close code 1012.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        sessionKey: { type: "string", maxLength: 512 }, note: { type: "string", maxLength: 4_000 }, reason: { type: "string", maxLength: 512 }, delayMs: { type: "integer", minimum: 0, maximum: 600_000 },
        restartDelayMs: { type: "integer", minimum: 0, maximum: 600_000 },
      },
    },
    result: {
      type: "object", required: ["ok", "status", "preflight", "restart"],
      properties: { ok: flag, status: { type: "string" }, preflight: anything, restart: anything },
    },
  },
} as const satisfies Record<string, MethodSpec>;
