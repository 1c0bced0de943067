/**
 * Moving in from the well-known program, and out again.
 *
 * Moving in reads its configuration, agents, workspaces, skills, conversations, jobs, devices and rules, and adds them to a state
 * directory of ours; what is there is never written over, and theirs is never written at all. Whatever cannot come along is
 * named with the reason. What comes along is never trusted more than it deserves: it came from outside, unless the owner
 * wrote it. Moving out writes files that the well-known program reads. Neither runs beside a gateway on the same directory,
 * prints a secret, or starts anything.
 */
export { moveIn, type MovedIn, type MoveInOptions } from "./migrate/move-in.ts";
export { PARTS, type Outcome, type Part, type ReportRow } from "./migrate/report.ts";
export { moveOut, type MovedOut, type MoveOutOptions } from "./migrate/move-out.ts";
