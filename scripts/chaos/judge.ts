/**
 * The verdict: what was acknowledged against what the transcripts hold, and what the results say against what really
 * happened. Nothing here believes the program where the world can be asked.
 */
import type { HistoryMessage } from "../../testkit/conversation.ts";
import { saysDone, type Effect } from "./errand.ts";
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
  /** One sentence each. */
  readonly findings: readonly string[];
}

const PAGE = 500;
/** Codes that say for certain that nothing happened. */
const NEVER_BEGAN =
  /^(?:Error: )?(?:NODE_OFFLINE|NODE_UNKNOWN|NODE_BUSY|NODE_NOT_READY|COMMAND_NOT_STARTED|GATE_REFUSED|NODE_COMMAND_NOT_ALLOWED)\b/;

/** `happened` counts how often each effect's id stands in the witness files. */
export async function judge(line: Line, all: readonly Acknowledged[], happened: ReadonlyMap<string, number>): Promise<Verdict> {
  const findings: string[] = [];
  const count = {
    lost: 0, duplicated: 0, reordered: 0, wrong: 0, unfound: 0, happenedOnce: 0, unknown: 0, unknownHappened: 0, failed: 0, happenedTwice: 0,
    misreported: 0,
  };
  const find = (what: keyof typeof count, sentence: string): void => {
    count[what] += 1;
    findings.push(sentence);
  };
  const bySession = Map.groupBy(all, ({ errand }) => errand.session);
  let effects = 0;
  for (const [session, acknowledged] of bySession) {
    const transcript = await readAll(line, session);
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
        effects += 1;
        checkEffect(effect, results[at], happened.get(effect.id) ?? 0);
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
  return { messages: all.length, effects, ...count, findings };
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
