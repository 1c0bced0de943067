/**
 * Side effects, carried out.
 *
 * An intent that reaches this module has been recorded and has passed the gate; here it is handed to its actuator, and
 * whatever the actuator says comes back as output and exactly one end. Nothing here decides whether something may happen.
 */
import { late } from "../base/late.ts";

export {
  createIntents, speaksFromOutside, type Hand, type IntentEvent, type IntentOrder, type Intents,
} from "./intents/carry-out.ts";
export { ACTUATOR_NAME, type ActuatorsConfig } from "./intents/config.ts";
export { openActuatorsLate as openActuators } from "./intents/open-actuators-late.ts";
export type { ActuatorRow, Actuators } from "./intents/open-actuators.ts";
export type { DeadLetter, DeadLetters } from "./intents/dead-letters.ts";
export { Pace } from "./intents/pace.ts";
export type { HandedEnd, HandedIntent } from "./intents/handed-over.ts";
export { createClientApprovals, type ClientApprovals, type ExecApprovalRequest } from "./intents/client-approvals.ts";
export { createOperatorInvoker, OPERATOR_DESK, type OperatorCall, type OperatorInvoker } from "./intents/invoke-for-operator.ts";

/** Loaded when somebody asks for the first of them. */
export const openDeadLetters = late(() => import("./intents/dead-letters.ts"), "openDeadLetters");

/** Loaded with the first call to the world outside. */
export const exchangeHttp = late(() => import("./intents/exchange-http.ts"), "exchangeHttp");
export const fetchBytes = late(() => import("./intents/exchange-http.ts"), "fetchBytes");
