/**
 * The doctor: examines a gateway's configuration and everything it keeps, and mends what can be mended.
 *
 * Looking changes nothing. What needs the state directory alone is looked at only while no gateway holds it. Mending asks
 * first, keeps what it replaces, and says what it did; what it cannot mend it names, with what a person does about it.
 */
export { examine, type ExamineOptions } from "./doctor/examine.ts";
export { examineRunning, type RunningPatient } from "./doctor/examine-running.ts";
export type { Examined, Finding } from "./doctor/finding.ts";
