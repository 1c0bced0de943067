/**
 * Intake: the one door through which every message enters, whoever brings it. Validate, route, admit, offer to the log,
 * and only then acknowledge.
 */
export { createIntake, type Inbound, type Intake, type Received } from "./channels/receive.ts";
