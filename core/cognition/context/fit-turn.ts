import { saidIn, type SessionState, type TranscriptMessage } from "../../fabric/journal.ts";
import { BUDGET } from "./budget.ts";
import type { TokenCounts } from "./count-tokens.ts";
import { withoutLooseEnds } from "./loose-ends.ts";
import { shrinkMessage } from "./shrink-message.ts";

/** What a message keeps when there is no room for it: its mark. */
const LEAST_TOKENS = 48;
const LEFT_OUT_TOKENS = 32;

export interface FittedTurn {
  readonly messages: readonly TranscriptMessage[];
  readonly tokens: number;
}

/** An answer of the model with the results of its calls, or one thing that a person said. */
interface Unit {
  readonly isQuestion: boolean;
  readonly messages: readonly TranscriptMessage[];
}

/**
 * The turn under way within `room`: what it answers always, cut in the middle where it alone is too large. Of its steps the
 * newest are whole, older ones lose their results' middles first, and the oldest go where not even that fits, which is said.
 */
export function fitTurn(view: SessionState, room: number, counts: TokenCounts): FittedTurn {
  const messages = withQuestion(view, view.messages.filter(({ runId }) => runId === view.turn?.runId));
  const whole = messages.reduce((sum, message) => sum + counts.message(message), 0);
  if (whole <= room) return { messages, tokens: whole };
  const units = unitsOf(withoutLooseEnds(messages));
  const questions = units.filter(({ isQuestion }) => isQuestion).flatMap((unit) => unit.messages);
  const steps = units.filter(({ isQuestion }) => !isQuestion);
  const asked = fitQuestions(questions, steps.length === 0 ? room : Math.floor(room * BUDGET.question), counts);
  const taken = fitSteps(steps, room - asked.tokens, counts);
  const shown = units.flatMap((unit) => unit.messages.flatMap((message) => asked.fitted.get(message) ?? taken.fitted.get(message) ?? []));
  return { messages: shown, tokens: asked.tokens + taken.tokens };
}

/** A long turn pushes its own beginning out of memory; the state still holds what was asked. */
function withQuestion({ turn }: SessionState, messages: readonly TranscriptMessage[]): readonly TranscriptMessage[] {
  if (turn === null || messages.some(({ content }) => content.role === "user")) return messages;
  const asked = turn.inputs.map(({ position, timeMs, label, message }): TranscriptMessage => ({
    position, seq: 0, timeMs, runId: turn.runId, label, content: saidIn(message),
  }));
  return [...asked, ...messages];
}

function unitsOf(messages: readonly TranscriptMessage[]): readonly Unit[] {
  const units: { isQuestion: boolean; messages: TranscriptMessage[] }[] = [];
  for (const message of messages) {
    const { role } = message.content;
    if (role === "tool") units.at(-1)?.messages.push(message);
    else units.push({ isQuestion: role === "user", messages: [message] });
  }
  return units;
}

interface Fitted {
  readonly fitted: ReadonlyMap<TranscriptMessage, TranscriptMessage>;
  readonly tokens: number;
}

/** Small ones stay whole; what they leave goes to the larger ones. Of very many, the newest. */
function fitQuestions(questions: readonly TranscriptMessage[], room: number, counts: TokenCounts): Fitted {
  const fitted = new Map<TranscriptMessage, TranscriptMessage>();
  const most = Math.max(1, Math.floor(room / LEAST_TOKENS));
  const kept = questions.slice(-most).sort((a, b) => counts.message(a) - counts.message(b));
  let left = room;
  kept.forEach((message, index) => {
    const cut = shrinkMessage(message, Math.floor(left / (kept.length - index)), counts);
    if (cut === undefined) return;
    left -= counts.message(cut);
    fitted.set(message, cut);
  });
  return { fitted, tokens: room - left };
}

function fitSteps(steps: readonly Unit[], whole: number, counts: TokenCounts): Fitted {
  const fitted = new Map<TranscriptMessage, TranscriptMessage>();
  const room = whole - LEFT_OUT_TOKENS;
  let used = 0;
  let oldest = steps.length;
  // First the least of each, newest first; then what room is left, newest first again.
  for (; oldest > 0; oldest--) {
    const least = leastOf(steps[oldest - 1] as Unit, room - used, counts);
    if (least === undefined) break;
    for (const [message, cut] of least) {
      fitted.set(message, cut);
      used += counts.message(cut);
    }
  }
  for (const message of steps.slice(oldest).flatMap((unit) => unit.messages).reverse()) {
    const least = fitted.get(message);
    if (least === undefined || least === message) continue;
    const better = shrinkMessage(message, counts.message(least) + room - used, counts) ?? least;
    if (counts.message(better) <= counts.message(least)) continue;
    used += counts.message(better) - counts.message(least);
    fitted.set(message, better);
  }
  if (oldest > 0) used += markLeftOut(steps, oldest, fitted, counts);
  return { fitted, tokens: used };
}

/** Every message of the unit at its smallest; undefined where that is more than `room`. */
function leastOf(unit: Unit, room: number, counts: TokenCounts): readonly (readonly [TranscriptMessage, TranscriptMessage])[] | undefined {
  const each = Math.min(LEAST_TOKENS, Math.floor(room / unit.messages.length));
  let used = 0;
  const least: (readonly [TranscriptMessage, TranscriptMessage])[] = [];
  for (const message of unit.messages) {
    const cut = shrinkMessage(message, each, counts);
    if (cut === undefined) return undefined;
    used += counts.message(cut);
    least.push([message, cut]);
  }
  return used <= room ? least : undefined;
}

/** Says in the oldest answer that is left how many went before it. Returns what the words cost. */
function markLeftOut(
  steps: readonly Unit[], leftOut: number, fitted: Map<TranscriptMessage, TranscriptMessage>, counts: TokenCounts,
): number {
  const first = steps[leftOut]?.messages[0];
  const shown = first === undefined ? undefined : fitted.get(first);
  if (first === undefined || shown === undefined) return 0;
  const text = `[… ${leftOut} earlier steps of this turn left out to save room …]\n${shown.content.text}`.trim();
  const marked = { ...shown, content: { ...shown.content, text } };
  const cost = counts.message(marked) - counts.message(shown);
  if (cost > LEFT_OUT_TOKENS) return 0;
  fitted.set(first, marked);
  return Math.max(0, cost);
}
