/**
 * The verdict: what was acknowledged against what the transcripts hold, and what the results say against what really
 * happened. Nothing here believes the program where the world can be asked.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { HistoryMessage } from "../../testkit/conversation.ts";
import { INBOX, saysDone, type Effect } from "./errand.ts";
import type { Acknowledged } from "./ledger.ts";
import type { Line } from "./line.ts";

export interface Verdict {
  readonly messages: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Answered with something else than the answer. */
  readonly wrong: number;
  /** Acknowledged, and unknown to a gateway that was asked for the run alone. */
  readonly unfound: number;
  readonly effects: number;
  readonly happenedOnce: number;
  /** Reported as OUTCOME_UNKNOWN; of these, those that did happen. */
  readonly unknown: number;
  readonly unknownHappened: number;
  /** Did not happen, and was reported as failed. */
  readonly failed: number;
  readonly happenedTwice: number;
  /** Reported otherwise than it was. */
  readonly misreported: number;
  /** Effects that may be asked for again, how often they were, and how many of them under more than one key. */
  readonly repeatable: number;
  readonly asked: number;
  readonly rekeyed: number;
  /** Of these, those that a queue took over: each must be told of once. */
  readonly handedOver: number;
  /** Outcomes that a listener was to hear of, and those it heard of. */
  readonly outcomes: number;
  readonly heard: number;
  /** One sentence each. */
  readonly findings: readonly string[];
}

const PAGE = 500;
const END_WAIT_MS = 15_000;
const QUEUES_MS = 60_000;
const HEARD_MS = 10_000;
const REPORTS = 5;
const REPORT_WAIT_MS = 500;
const POLL_MS = 50;
/** Codes that say for certain that nothing happened. */
const NEVER_BEGAN =
  /^(?:Error: )?(?:NODE_OFFLINE|NODE_UNKNOWN|NODE_BUSY|NODE_NOT_READY|COMMAND_NOT_STARTED|GATE_REFUSED|NODE_COMMAND_NOT_ALLOWED)\b/;

/** What the witnesses saw. */
export interface Seen {
  /** How often each effect happened. */
  readonly times: ReadonlyMap<string, number>;
  /** Under how many keys a receiver was asked for each. */
  readonly keys: ReadonlyMap<string, number>;
  /** Outcomes that a listener was told of. */
  readonly heard: number;
}

/** After everything has settled. Waits for what queues still have to do. */
export async function judge(line: Line, all: readonly Acknowledged[], look: () => Seen): Promise<Verdict> {
  const findings: string[] = [];
  const count = {
    lost: 0, duplicated: 0, reordered: 0, wrong: 0, unfound: 0,
    happenedOnce: 0, unknown: 0, unknownHappened: 0, failed: 0, happenedTwice: 0, misreported: 0,
    repeatable: 0, asked: 0, rekeyed: 0, handedOver: 0, outcomes: 0,
  };
  const find = (what: keyof typeof count, sentence: string): void => {
    count[what] += 1;
    findings.push(sentence);
  };
  const bySession = Map.groupBy(all, ({ errand }) => errand.session);
  let effects = 0;
  await queuesEmpty(line);
  let { times: happened, keys, heard } = look();
  const letters = (await readAll(line, INBOX)).filter(({ role }) => role === "user").map(textOf);
  for (const [session, acknowledged] of bySession) {
    const transcript = await readWhole(line, session, acknowledged);
    ({ times: happened, keys } = look());
    const byRun = Map.groupBy(transcript, (message) => message.__openclaw.runId);
    checkOrder(acknowledged, transcript, (sentence) => find("reordered", `${session}: ${sentence}`));
    for (const one of acknowledged) {
      const { errand: { runId, reply }, status, notFound } = one;
      if (notFound > 0) find("unfound", `${runId} was acknowledged, and a wait for it did not find it ${notFound} times`);
      const messages = byRun.get(runId) ?? [];
      const asked = messages.filter(({ role }) => role === "user").length;
      const answers = messages.filter((message) => message.role === "assistant" && !hasCalls(message));
      if (asked === 0) find("lost", `${runId} was acknowledged and is not in the transcript`);
      else if (status === undefined) find("lost", `${runId} was acknowledged and has no end`);
      else if (answers.length === 0) find("lost", `${runId} has no answer; its turn ended with ${status}`);
      if (asked > 1 || answers.length > 1) find("duplicated", `${runId} stands there ${asked} times, with ${answers.length} answers`);
      const said = textOf(answers[0]);
      if (answers.length > 0 && ((reply !== null && said !== reply) || status !== "ok")) {
        find("wrong", `${runId} ended with ${status} and the answer ${JSON.stringify(said.slice(0, 80))}`);
      }
      const results = messages.filter(({ role }) => role === "toolResult");
      one.errand.effects.forEach((effect, at) => {
        const times = happened.get(effect.id) ?? letters.filter((text) => text === effect.id).length;
        if (effect.repeatable === true) return checkRepeatable(effect, results[at], times, transcript);
        effects += 1;
        checkEffect(effect, results[at], times);
      });
    }
  }
  function checkEffect(effect: Effect, result: HistoryMessage | undefined, times: number): void {
    const said = textOf(result);
    const done = result?.isError !== true && saysDone(effect, said);
    const unknown = said.includes("OUTCOME_UNKNOWN");
    if (times > 1) find("happenedTwice", `${effect.id} happened ${times} times`);
    else if (times === 0 && done) find("misreported", `${effect.id} was reported as done and did not happen`);
    else if (times === 1 && NEVER_BEGAN.test(said)) find("misreported", `${effect.id} happened and was reported as ${said.slice(0, 60)}`);
    else if (unknown) {
      count.unknown += 1;
      count.unknownHappened += times;
    } else if (times === 1) count.happenedOnce += 1;
    else count.failed += 1;
  }
  /** Whatever became of it, it was asked for under one key; and whoever is told that it is done can rely on it. */
  function checkRepeatable(
    effect: Effect, result: HistoryMessage | undefined, times: number, transcript: readonly HistoryMessage[],
  ): void {
    const said = textOf(result);
    count.repeatable += 1;
    count.asked += times;
    if (result !== undefined) count.outcomes += 1;
    if ((keys.get(effect.id) ?? 0) > 1) find("rekeyed", `${effect.id} was asked for under ${keys.get(effect.id)} keys`);
    if (effect.handedOver === undefined) {
      if (!saysDone(effect, said)) find("misreported", `${effect.id} may be asked for again, and ended with ${said.slice(0, 80)}`);
      else if (times === 0) find("misreported", `${effect.id} was reported as done and did not happen`);
      return;
    }
    const job = handedOverAs(said);
    if (job === undefined) return find("misreported", `${effect.id} was not handed over: ${said.slice(0, 80)}`);
    count.handedOver += 1;
    const told = transcript.filter((message) => tellsEndOf(job, message));
    if (told.length !== 1) find(told.length === 0 ? "lost" : "duplicated", `the end of ${effect.id} was told ${told.length} times`);
    else if (!textOf(told[0]).includes(effect.handedOver)) find("misreported", `${effect.id}: ${textOf(told[0]).slice(-120)}`);
    if (times === 0) find("lost", `${effect.id} was handed over, and nobody was asked for it`);
  }
  let accounts = await checkAccounts(line, all.length);
  // A report that was read while the last call was being written is not yet a finding.
  for (let again = 0; accounts.length > 0 && again < REPORTS; again += 1) {
    await wait(REPORT_WAIT_MS);
    accounts = await checkAccounts(line, all.length);
  }
  findings.push(...accounts);
  for (const began = performance.now(); heard < count.outcomes && performance.now() - began < HEARD_MS; await wait(POLL_MS)) {
    ({ heard } = look());
  }
  if (heard < count.outcomes) findings.push(`a listener heard of ${heard} outcomes of ${count.outcomes}`);
  return { messages: all.length, effects, ...count, heard, findings };
}

export const isClean = (verdict: Verdict): boolean => verdict.findings.length === 0;

/** The user messages of a session, each at its first place, must stand as they were acknowledged. */
function checkOrder(acknowledged: readonly Acknowledged[], transcript: readonly HistoryMessage[], find: (sentence: string) => void): void {
  const known = new Set(acknowledged.map(({ errand }) => errand.runId));
  const seen = new Set(transcript.filter(({ role }) => role === "user").map((message) => message.__openclaw.runId));
  const stored = [...seen].filter((runId) => known.has(runId));
  const expected = acknowledged.map(({ errand }) => errand.runId).filter((runId) => seen.has(runId));
  const at = expected.findIndex((runId, index) => stored[index] !== runId);
  if (at !== -1) find(`${expected[at]} should be message ${at + 1} and ${stored[at]} is`);
}

/** With the ends of what was handed over in it: they come as messages of their own. */
async function readWhole(line: Line, session: string, acknowledged: readonly Acknowledged[]): Promise<readonly HistoryMessage[]> {
  const handsOver = acknowledged.some(({ errand: { effects } }) => effects.some(({ handedOver }) => handedOver !== undefined));
  for (const began = performance.now(); ; await wait(POLL_MS)) {
    const transcript = await readAll(line, session);
    const jobs = handsOver ? transcript.flatMap((message) => handedOverAs(textOf(message)) ?? []) : [];
    const isTold = (job: string): boolean => transcript.some((message) => tellsEndOf(job, message));
    if (jobs.every(isTold) || performance.now() - began > END_WAIT_MS) return transcript;
  }
}

const handedOverAs = (result: string): string | undefined => /^Handed over as (\S+);/.exec(result)?.[1];
const tellsEndOf = (job: string, message: HistoryMessage): boolean =>
  message.role === "user" && textOf(message).startsWith(`What was handed over as ${job} `);

interface Figures { readonly calls: number; readonly totalTokens: number }

/** Whatever was killed while accounts were written: agents and sessions paid for the same calls, and for each message at least one. */
async function checkAccounts(line: Line, messages: number): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const by of ["agent", "session"]) {
    const report = (await line.request("usage.cost", { days: 2, by })) as { readonly totals: Figures; readonly rows: readonly Figures[] };
    const { totals, rows } = report;
    for (const what of ["calls", "totalTokens"] as const) {
      const sum = rows.reduce((before, row) => before + row[what], 0);
      if (sum !== totals[what]) findings.push(`the accounts by ${by} hold ${sum} ${what}, and the whole ${totals[what]}`);
    }
    if (!(totals.calls >= messages)) findings.push(`${totals.calls} calls were paid for, for ${messages} messages`);
  }
  return findings;
}

interface QueueRow { readonly queue: string; readonly jobs: number }

/** Throws, naming them, when some are not. */
async function queuesEmpty(line: Line): Promise<void> {
  for (const began = performance.now(); ; ) {
    const { queues } = (await line.request("queue.list", {})) as { readonly queues: readonly QueueRow[] };
    const busy = queues.filter(({ jobs }) => jobs > 0).map(({ queue, jobs }) => `${jobs} in ${queue}`);
    if (busy.length === 0) return;
    if (performance.now() - began > QUEUES_MS) throw new Error(`still in their queues: ${busy.join(", ")}`);
    await wait(POLL_MS);
  }
}

async function readAll(line: Line, sessionKey: string): Promise<readonly HistoryMessage[]> {
  const pages: (readonly HistoryMessage[])[] = [];
  for (let offset = 0; ; ) {
    const page = (await line.request("chat.history", { sessionKey, limit: PAGE, offset })) as {
      readonly messages: readonly HistoryMessage[];
      readonly hasMore?: boolean;
    };
    pages.unshift(page.messages);
    offset += page.messages.length;
    if (page.messages.length === 0 || page.hasMore !== true) return pages.flat();
  }
}

function hasCalls({ content }: HistoryMessage): boolean {
  return content.some(({ type }) => type !== "text" && type !== "thinking");
}

function textOf(message: HistoryMessage | undefined): string {
  return (message?.content ?? []).map(({ text }) => text ?? "").join("");
}
