/** Which causes hold now. Pure: the same reading gives the same causes. */
import type { AlertCode } from "./alert.ts";
import { ALERTS_DEFAULTS, type Thresholds } from "./thresholds.ts";
import type { Reading } from "./reading.ts";
import type { Recently } from "./turn-window.ts";

export interface Cause {
  readonly code: AlertCode;
  readonly subject: string;
  readonly what: string;
  /** The command that goes on with it. */
  readonly next: string;
  /** Where it is known better than by the look that first found it. */
  readonly sinceMs?: number;
}

export interface Judged {
  readonly reading: Reading;
  readonly recently: Recently;
  readonly nowMs: number;
  readonly thresholds?: Thresholds;
  /** One that is raised ends only well below where it began. */
  readonly isOpen: (code: AlertCode, subject: string) => boolean;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** How far back from its threshold a value has to come before its alert ends. */
const BACK = 0.8;

export function judge(judged: Judged): readonly Cause[] {
  return [
    ...ofTurns(judged), ...ofSecurity(judged), ...ofNodesAndQueues(judged), ...ofChannels(judged), ...ofRoom(judged), ...ofBudgets(judged),
  ];
}

function ofTurns({ reading, recently, thresholds = ALERTS_DEFAULTS, isOpen }: Judged): readonly Cause[] {
  const { turns, failed, code, p95Ms, usualP95Ms } = recently;
  const causes: Cause[] = [];
  const failing = back(thresholds.turnsFailingPercent, isOpen("TURNS_FAILING", ""));
  if (turns >= thresholds.turnsMin && (failed / turns) * 100 >= failing) causes.push({
    code: "TURNS_FAILING", subject: "", next: code === undefined ? "openclaw logs" : `openclaw explain ${code}`,
    what: `${failed} of the last ${turns} turns failed${code === undefined ? "" : `, most with ${code}`}`,
  });
  const slow = usualP95Ms === undefined ? Number.POSITIVE_INFINITY
    : Math.max(usualP95Ms * thresholds.turnsSlowTimes, thresholds.turnsSlowSeconds * 1_000);
  if (turns >= thresholds.turnsMin && usualP95Ms !== undefined && p95Ms >= back(slow, isOpen("TURNS_SLOW", ""))) causes.push({
    code: "TURNS_SLOW", subject: "", next: "openclaw status",
    what: `Of 20 turns the slowest takes ${seconds(p95Ms)}; it usually takes ${seconds(usualP95Ms)}`,
  });
  for (const { name, code: why, failures, sinceMs } of reading.resting) causes.push({
    code: "MODEL_RESTING", subject: name, sinceMs, next: "openclaw model list",
    what: `${name} is given a rest after ${failures} ${failures === 1 ? "failure" : "failures"}, the last ${why}`,
  });
  return causes;
}

function ofSecurity({ reading, recently, nowMs, thresholds = ALERTS_DEFAULTS, isOpen }: Judged): readonly Cause[] {
  const causes: Cause[] = [];
  if (recently.authRefused >= back(thresholds.authRefusedMax, isOpen("AUTH_REFUSED_OFTEN", ""))) causes.push({
    code: "AUTH_REFUSED_OFTEN", subject: "", next: "openclaw logs",
    what: `${recently.authRefused} attempts to prove oneself were refused within five minutes`,
  });
  if (recently.denied >= back(thresholds.gateRefusedMax, isOpen("GATE_REFUSED_OFTEN", ""))) causes.push({
    code: "GATE_REFUSED_OFTEN", subject: "", next: "openclaw explain GATE_REFUSED",
    what: `The gate refused ${recently.denied} side effects within ten minutes`,
  });
  const { certificateUntilMs } = reading;
  if (certificateUntilMs !== undefined && certificateUntilMs - nowMs < thresholds.certificateDays * DAY_MS) causes.push({
    code: "CERTIFICATE_ENDING", subject: "", next: "openclaw gateway tls",
    what: `The gateway's certificate ${certificateUntilMs <= nowMs ? "has ended" : `ends on ${day(certificateUntilMs)}`}`,
  });
  return causes;
}

function ofNodesAndQueues({ reading, nowMs, thresholds = ALERTS_DEFAULTS }: Judged): readonly Cause[] {
  const causes: Cause[] = [];
  for (const { nodeId, name, connected, lastSeenMs } of reading.nodes) {
    if (connected || lastSeenMs === undefined || nowMs - lastSeenMs < thresholds.nodeAwayMinutes * MINUTE_MS) continue;
    causes.push({
      code: "NODE_AWAY", subject: nodeId, sinceMs: lastSeenMs, next: `openclaw nodes describe ${shown(name)}`, what: `Node ${name} is away`,
    });
  }
  for (const { queue, jobs, dead, lagMs, lagging } of reading.queues) {
    if (lagging) causes.push({
      code: "QUEUE_BEHIND", subject: queue, sinceMs: nowMs - lagMs, next: "openclaw status",
      what: `Queue ${queue} is behind: ${jobs} ${jobs === 1 ? "job waits" : "jobs wait"}`,
    });
    if (dead > 0) causes.push({
      code: "DEAD_LETTERS", subject: queue, next: "openclaw deadletters list",
      what: `${dead} ${dead === 1 ? "piece" : "pieces"} of work given up in queue ${queue}`,
    });
  }
  return causes;
}

function ofChannels({ reading }: Judged): readonly Cause[] {
  return reading.channels.map(({ name, kind, what, next, sinceMs }) => ({
    code: kind === "down" ? "CHANNEL_DOWN" : "CHANNEL_UNSURE", subject: name, what: what.replace(/\.$/, ""), next: commandIn(next),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  }));
}

/** Of a piece of advice, what is typed. */
function commandIn(advice: string): string {
  return /openclaw [a-z][^().,;]*/.exec(advice)?.[0].trim() ?? "openclaw channels status";
}

function ofRoom({ reading, thresholds = ALERTS_DEFAULTS, isOpen }: Judged): readonly Cause[] {
  const causes: Cause[] = [];
  const { loopPercent, rssMb, memoryFreePercent, diskFreeMb } = reading;
  if (loopPercent >= back(thresholds.loopPercent, isOpen("LOOP_BUSY", ""))) causes.push({
    code: "LOOP_BUSY", subject: "", next: "openclaw status", what: `The gateway's event loop is ${Math.round(loopPercent)} % busy`,
  });
  if (rssMb >= back(thresholds.memoryMb, isOpen("MEMORY_HIGH", "gateway"))) causes.push({
    code: "MEMORY_HIGH", subject: "gateway", next: "openclaw status", what: `The gateway takes ${Math.round(rssMb)} MB of memory`,
  });
  if (memoryFreePercent < ahead(thresholds.memoryFreePercent, isOpen("MEMORY_HIGH", "machine"))) causes.push({
    code: "MEMORY_HIGH", subject: "machine", next: "openclaw status",
    what: `The machine has ${memoryFreePercent.toFixed(1)} % of its memory left`,
  });
  if (diskFreeMb !== undefined && diskFreeMb < ahead(thresholds.diskFreeMb, isOpen("DISK_LOW", ""))) causes.push({
    code: "DISK_LOW", subject: "", next: "openclaw doctor", what: `The disk where the state lies has ${Math.round(diskFreeMb)} MB left`,
  });
  return causes;
}

/** One alert for each budget: near its end, or there. */
function ofBudgets({ reading, thresholds = ALERTS_DEFAULTS }: Judged): readonly Cause[] {
  return reading.budgets.flatMap(({ key, name, spentPercent, renewsAtMs }): readonly Cause[] => {
    if (spentPercent < thresholds.budgetPercent) return [];
    const until = renewsAtMs === null ? "" : `; it renews on ${day(renewsAtMs)}`;
    const what = `${name}: ${Math.floor(spentPercent)} % is spent${until}`;
    return [{ code: spentPercent >= 100 ? "BUDGET_SPENT" : "BUDGET_NEAR", subject: key, what, next: "openclaw usage" }];
  });
}

const back = (threshold: number, isOpen: boolean): number => (isOpen ? threshold * BACK : threshold);
const ahead = (threshold: number, isOpen: boolean): number => (isOpen ? threshold / BACK : threshold);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** As one word of a command line. */
const shown = (name: string): string => (/^[\w.@-]+$/.test(name) ? name : JSON.stringify(name));
