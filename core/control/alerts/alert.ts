/** Every kind of alert there is, and what one looks like. */
export type AlertFamily = "performance" | "security" | "capacity";

/** `problem`: something does not work. `attention`: it soon will not. `notice`: worth knowing that it happened. */
export type AlertSeverity = "problem" | "attention" | "notice";

export interface AlertKind {
  readonly family: AlertFamily;
  readonly severity: AlertSeverity;
  /** What it means for the person who reads it. */
  readonly means: string;
  /** Held for so long, it is raised. */
  readonly afterMs: number;
  /** Gone for so long, it ends. */
  readonly clearAfterMs: number;
  /** It happened, and does not go on: it ends this long after it last did, or when a person has taken note. */
  readonly lastsMs?: number;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const soon = { afterMs: MINUTE, clearAfterMs: 2 * MINUTE } as const;
const atOnce = { afterMs: 0, clearAfterMs: 5 * MINUTE } as const;
const moment = { afterMs: 0, clearAfterMs: 0, lastsMs: DAY } as const;

export const ALERTS = {
  TURNS_FAILING: {
    family: "performance", severity: "problem", ...atOnce,
    means: "People and jobs get errors instead of answers.",
  },
  TURNS_SLOW: {
    family: "performance", severity: "attention", ...soon,
    means: "Answers take much longer than they used to here: the model, a tool or this machine is slow.",
  },
  MODEL_RESTING: {
    family: "performance", severity: "problem", ...soon,
    means: "Its calls failed in a row, so none is sent but a trial now and then; without another model in the chain, turns fail.",
  },
  RUN_HALTED: {
    family: "performance", severity: "attention", ...moment,
    means: "It repeated itself or took too many steps; what it had been asked is not done.",
  },
  JOB_MISSED: {
    family: "performance", severity: "attention", ...moment,
    means: "It was due while the gateway could not run it, and was not made up for.",
  },
  AUTH_REFUSED_OFTEN: {
    family: "security", severity: "problem", ...atOnce,
    means: "Somebody guesses, or a program of yours has an old token.",
  },
  GATE_REFUSED_OFTEN: {
    family: "security", severity: "problem", ...atOnce,
    means: "Agents want what outside text may not choose: a page, a mail or a skill may be trying to steer them.",
  },
  DEVICE_APPROVED: {
    family: "security", severity: "notice", ...moment,
    means: "It can connect from now on. If that was not you, remove it.",
  },
  TOKEN_ROTATED: {
    family: "security", severity: "notice", ...moment,
    means: "The token it had before no longer works. If that was not you, remove the device.",
  },
  CERTIFICATE_ENDING: {
    family: "security", severity: "attention", ...atOnce,
    means: "After that day clients and nodes refuse the connection.",
  },
  NODE_AWAY: {
    family: "capacity", severity: "attention", ...atOnce,
    means: "What only it can do waits or fails until it is back.",
  },
  CHANNEL_DOWN: {
    family: "performance", severity: "problem", ...soon,
    means: "Who writes there is not heard. What was said is kept by the messenger, as long as it keeps it.",
  },
  CHANNEL_UNSURE: {
    family: "performance", severity: "attention", ...atOnce,
    means: "Nobody knows whether the messenger took them. Sent again they may come twice, discarded they may never come.",
  },
  QUEUE_BEHIND: {
    family: "capacity", severity: "attention", ...soon,
    means: "Nothing is lost, but what it carries comes late.",
  },
  DEAD_LETTERS: {
    family: "capacity", severity: "attention", ...soon,
    means: "That work will not be done unless you have it tried again.",
  },
  LOOP_BUSY: {
    family: "capacity", severity: "problem", ...soon,
    means: "Everybody who speaks to the gateway waits.",
  },
  MEMORY_HIGH: {
    family: "capacity", severity: "problem", ...soon,
    means: "The system may end the gateway; what was accepted is kept, what runs is cut.",
  },
  DISK_LOW: {
    family: "capacity", severity: "problem", ...soon,
    means: "Without room nothing can be accepted: messages are refused before any is lost.",
  },
  BUDGET_NEAR: {
    family: "capacity", severity: "attention", ...atOnce,
    means: "Once it is spent, model calls are refused until it renews.",
  },
  BUDGET_SPENT: {
    family: "capacity", severity: "problem", ...atOnce,
    means: "Model calls are refused until it renews.",
  },
} as const satisfies Record<string, AlertKind>;

export type AlertCode = keyof typeof ALERTS;

export const ALERT_CODES = Object.keys(ALERTS) as readonly AlertCode[];

export function isAlertCode(code: string): code is AlertCode {
  return Object.hasOwn(ALERTS, code);
}

/** The table's row, with what only some have. */
export function kindOf(code: AlertCode): AlertKind {
  return ALERTS[code];
}

/** One raising of one cause. */
export interface Alert {
  /** Another one for each raising; what receivers know it by. */
  readonly id: string;
  readonly code: AlertCode;
  /** What it is about: a node's id, a queue, a budget; empty where there is only one. */
  readonly subject: string;
  readonly what: string;
  readonly next: string;
  /** Since when the cause holds, as far as it is known. */
  readonly sinceMs: number;
  readonly raisedAtMs: number;
  /** Of what happens again while it is open. */
  readonly count: number;
  readonly lastAtMs: number;
  /** Everybody who is to be told has been, or is no longer to be. */
  readonly told: boolean;
  readonly resolvedAtMs?: number;
  readonly acknowledged?: { readonly by: string; readonly atMs: number };
}

export interface Mute {
  readonly code: AlertCode;
  readonly untilMs: number;
  readonly by: string;
}

export const causeOf = ({ code, subject }: { readonly code: AlertCode; readonly subject: string }): string => `${code} ${subject}`;

/** The most severe first; of those, what goes on before what only happened. */
export function rankOf({ code }: { readonly code: AlertCode }): number {
  const { severity, lastsMs } = kindOf(code);
  return { problem: 0, attention: 2, notice: 4 }[severity] + (lastsMs === undefined ? 0 : 1);
}
