import { formatMoney } from "../../fabric/ledger.ts";
import type { SessionState, TurnState } from "../../fabric/journal.ts";
import type { SupervisorConfig } from "./config.ts";
import { traceCalls, type TracedCall } from "./trace-calls.ts";

export interface Verdict {
  readonly do: "warn" | "halt";
  /** `repeat`, `ping-pong`, `same-outcome`, `error-streak`, `no-progress`, `polling`, `budget`. */
  readonly rule: string;
  /** Of a warning: what the model is told. Of a halt: the report for people. */
  readonly text: string;
}

interface Finding {
  readonly rule: string;
  /** What repeated, and how often: a sentence. */
  readonly what: string;
  readonly advice: string;
}

/**
 * Whether the turn goes in circles: undefined as long as it does not. Pure; to be asked between two steps.
 *
 * The first time it is a warning; it becomes a halt when the turn, having had `graceCalls` more, still does.
 */
export function watchTurn(state: SessionState, config: SupervisorConfig): Verdict | undefined {
  const { turn } = state;
  if (turn === null || !config.enabled) return undefined;
  const spent = burn(turn, config);
  if (spent === "over") return { do: "halt", rule: "budget", text: report(overBudget(turn, config), turn, config) };
  const { warned } = turn;
  if (warned !== null && turn.toolSteps < warned.toolSteps + config.graceCalls) return undefined;
  const circle = findCircle(traceCalls(state), config);
  if (circle === undefined) {
    return spent === "near" && warned === null ? { do: "warn", rule: "budget", text: warning(overBudget(turn, config)) } : undefined;
  }
  // A word about money was none about going in circles.
  if (warned === null || warned.rule === "budget") return { do: "warn", rule: circle.rule, text: warning(circle) };
  return { do: "halt", rule: circle.rule, text: report(circle, turn, config) };
}

const NEARLY = 0.75;

function burn({ costMicros, tokens }: TurnState, { budget, budgetShareMax }: SupervisorConfig): "near" | "over" | undefined {
  const shares = [
    ...(budget?.costMicros === undefined || budget.costMicros === 0 ? [] : [costMicros / budget.costMicros]),
    ...(budget?.tokens === undefined || budget.tokens === 0 ? [] : [tokens / budget.tokens]),
  ];
  const share = Math.max(0, ...shares);
  return share >= budgetShareMax ? "over" : share >= NEARLY * budgetShareMax ? "near" : undefined;
}

function overBudget({ tokens }: TurnState, { budgetShareMax }: SupervisorConfig): Finding {
  return {
    rule: "budget",
    what: `This turn has taken most of its share of a day's budget, ${Math.round(budgetShareMax * 100)} % (${tokens} tokens).`,
    advice: "Ask for less at a time, or raise supervisor.budgetShareMax.",
  };
}

/** The first rule that finds something; the most telling first. */
function findCircle(calls: readonly TracedCall[], config: SupervisorConfig): Finding | undefined {
  const last = calls.at(-1);
  if (last === undefined) return undefined;
  const { fresh, polls } = stepsOf(calls, config);
  const polled = polls.get(fingerprint(last)) ?? 0;
  if (polled >= config.pollMax) {
    return {
      rule: "polling", what: `It waited ${polled} times with ${name(last)}, and the answer was always the same: ${quote(last)}.`,
      advice: "Look at what it waits for; ask again when that has moved, or raise supervisor.pollMax.",
    };
  }
  const since = fresh.findLastIndex(({ isNew }) => isNew);
  const stalled = fresh.slice(since + 1).filter(({ waits }) => !waits).map(({ call }) => call);
  return pingPong(stalled, calls, config) ?? repeat(last, stalled, fresh, config) ?? sameOutcome(calls, config) ??
    errorStreak(calls, config) ?? noProgress(stalled, config);
}

interface Step {
  readonly call: TracedCall;
  /** It brought something that was not known in the turn. */
  readonly isNew: boolean;
  /** It was made again after a while, to see whether something has changed. */
  readonly waits: boolean;
}

function stepsOf(calls: readonly TracedCall[], { pollSpacingMs }: SupervisorConfig): {
  readonly fresh: readonly Step[];
  readonly polls: ReadonlyMap<string, number>;
} {
  const outcomes = new Set<string>();
  const made = new Set<string>();
  const lastAt = new Map<string, number>();
  const polls = new Map<string, number>();
  const fresh = calls.map((call): Step => {
    const mark = fingerprint(call);
    const before = lastAt.get(mark);
    const waits = before !== undefined && !call.isError && call.timeMs - before >= pollSpacingMs;
    if (waits) polls.set(mark, (polls.get(mark) ?? 0) + 1);
    const asked = `${call.name} ${call.argsMark}`;
    // A word such as `ok` tells that something was done: it is new where it was not asked for before.
    const isNew = !outcomes.has(call.outcomeMark) || (call.isWord && !call.isError && !made.has(asked));
    outcomes.add(call.outcomeMark);
    made.add(asked);
    lastAt.set(mark, call.timeMs);
    return { call, isNew, waits };
  });
  return { fresh, polls };
}

function pingPong(stalled: readonly TracedCall[], calls: readonly TracedCall[], { pingPongMax }: SupervisorConfig): Finding | undefined {
  const tail = calls.slice(-2 * pingPongMax);
  const [one, two] = tail;
  if (one === undefined || two === undefined || tail.length < 2 * pingPongMax || fingerprint(one) === fingerprint(two)) return undefined;
  // The first round may have been news; everything after it was not.
  if (stalled.length < 2 * pingPongMax - 2) return undefined;
  if (!tail.every((call, at) => fingerprint(call) === fingerprint(at % 2 === 0 ? one : two))) return undefined;
  return {
    rule: "ping-pong",
    what: `It went back and forth ${pingPongMax} times between ${name(one)} and ${name(two)}, with the same outcomes each time: ` +
      `${quote(one)} and ${quote(two)}.`,
    advice: "Say which of the two is wanted.",
  };
}

function repeat(
  last: TracedCall, stalled: readonly TracedCall[], all: readonly Step[], { repeatMax, repeatEverMax }: SupervisorConfig,
): Finding | undefined {
  const mark = fingerprint(last);
  const same = (call: TracedCall): boolean => fingerprint(call) === mark;
  // The call that brought it first was news.
  const lately = stalled.filter(same).length + 1;
  const ever = all.filter(({ call, waits }) => !waits && same(call)).length;
  if (!stalled.some(same) || (lately < repeatMax && ever < repeatEverMax)) return undefined;
  return {
    rule: "repeat",
    what: `It made the same call ${Math.max(lately, ever)} times: ${name(last)}, and the outcome was always ${quote(last)}.`,
    advice: "Tell it what to do with that outcome, or what to try instead.",
  };
}

function sameOutcome(calls: readonly TracedCall[], config: SupervisorConfig): Finding | undefined {
  const last = calls.at(-1);
  if (last === undefined) return undefined;
  const start = calls.findLastIndex((call) => call.name !== last.name || call.outcomeMark !== last.outcomeMark);
  const row = calls.slice(start + 1);
  const max = last.isError ? config.sameFailureMax : last.isWord ? config.sameWordMax : config.sameOutcomeMax;
  if (row.length < max || new Set(row.map(({ argsMark }) => argsMark)).size < 2) return undefined;
  return {
    rule: "same-outcome",
    what: `It called ${last.name} ${row.length} times with different arguments (last: ${last.args}), and the outcome was always ` +
      `${quote(last)}.`,
    advice: "The arguments are not the trouble: look at the outcome.",
  };
}

function errorStreak(calls: readonly TracedCall[], { errorStreakMax }: SupervisorConfig): Finding | undefined {
  const start = calls.findLastIndex(({ isError }) => !isError);
  const row = calls.slice(start + 1);
  const last = row.at(-1);
  if (last === undefined || row.length < errorStreakMax) return undefined;
  const tools = [...new Set(row.map((call) => call.name))].join(", ");
  return {
    rule: "error-streak", what: `${row.length} calls in a row failed (${tools}); the last with ${quote(last)}.`,
    advice: "Mend what fails, or tell it another way.",
  };
}

function noProgress(stalled: readonly TracedCall[], { noProgressMax }: SupervisorConfig): Finding | undefined {
  const last = stalled.at(-1);
  if (last === undefined || stalled.length < noProgressMax) return undefined;
  return {
    rule: "no-progress",
    what: `Its last ${stalled.length} calls brought nothing that it did not know; the last was ${name(last)}, which brought ` +
      `${quote(last)}.`,
    advice: "Ask in smaller steps, or give it what it is missing.",
  };
}

function fingerprint({ name: tool, argsMark, outcomeMark }: TracedCall): string {
  return `${tool} ${argsMark} ${outcomeMark}`;
}

function name({ name: tool, args }: TracedCall): string {
  return `${tool} ${args}`;
}

function quote({ outcome }: TracedCall): string {
  return outcome === "" ? "nothing" : `"${outcome}"`;
}

function warning({ what, rule }: Finding): string {
  const why = rule === "budget" ? "it is time to come to an end" : "you are going in circles";
  return `[Note from the gateway, not from the person: ${why}. ${what} Doing the same again will end this turn. ` +
    "Try another way, or answer now: say what you found, what is missing, and what the person could do.]";
}

function report({ what, advice }: Finding, turn: TurnState, { currency = "USD" }: SupervisorConfig): string {
  const told = turn.warned === null ? "" : " It was told so, and went on.";
  const cost = turn.tokens === 0 ? "" : `, ${turn.tokens} tokens, ${formatMoney(turn.costMicros, currency)}`;
  return `${what}${told} It had taken ${turn.modelSteps} model calls and ${turn.toolSteps} calls of tools${cost}. ${advice}`;
}
