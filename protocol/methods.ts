/**
 * Every method of the gateway: who may call it, with what, and what comes back. The handshake's `connect` is not here: it
 * is valid only as the first frame.
 */
import type { MethodSpec } from "./method.ts";
import type { Infer } from "./schema.ts";
import { AGENT_METHODS } from "./methods/agents.ts";
import { APPROVAL_METHODS } from "./methods/approvals.ts";
import { CHANNEL_METHODS } from "./methods/channels.ts";
import { ARTIFACT_METHODS, CHAT_METHODS } from "./methods/chat.ts";
import { CONFIG_METHODS } from "./methods/config.ts";
import { DEVICE_METHODS } from "./methods/devices.ts";
import { NODE_METHODS } from "./methods/nodes.ts";
import { RESTART_METHODS } from "./methods/restart.ts";
import { SCHEDULE_METHODS } from "./methods/schedule.ts";
import { QUEUE_METHODS } from "./methods/queues.ts";
import { SESSION_METHODS } from "./methods/sessions.ts";
import { ALERT_METHODS, DOCTOR_METHODS, SYSTEM_METHODS } from "./methods/system.ts";
import { TASK_METHODS } from "./methods/tasks.ts";
import { USAGE_METHODS } from "./methods/usage.ts";
import { VOICE_METHODS } from "./methods/voice.ts";

export {
  AGENT_METHODS, ALERT_METHODS, APPROVAL_METHODS, ARTIFACT_METHODS, CHANNEL_METHODS, CHAT_METHODS, CONFIG_METHODS, DEVICE_METHODS,
  DOCTOR_METHODS, QUEUE_METHODS, RESTART_METHODS, SCHEDULE_METHODS, SESSION_METHODS, TASK_METHODS, USAGE_METHODS, VOICE_METHODS,
};

export const METHODS = {
  ...SYSTEM_METHODS, ...DOCTOR_METHODS, ...CONFIG_METHODS, ...RESTART_METHODS, ...CHAT_METHODS, ...AGENT_METHODS, ...SESSION_METHODS,
  ...NODE_METHODS, ...DEVICE_METHODS, ...APPROVAL_METHODS, ...QUEUE_METHODS,
  ...SCHEDULE_METHODS, ...USAGE_METHODS, ...CHANNEL_METHODS, ...TASK_METHODS, ...VOICE_METHODS,
  ...ARTIFACT_METHODS, ...ALERT_METHODS,
} as const satisfies Record<string, MethodSpec>;

export type MethodName = keyof typeof METHODS;
export type MethodParams<M extends MethodName> = Infer<(typeof METHODS)[M]["params"]>;
export type MethodResult<M extends MethodName> = Infer<(typeof METHODS)[M]["result"]>;

/** The table's row, or undefined for a name that does not exist. */
export function methodSpec(name: string): MethodSpec | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name as MethodName] : undefined;
}
