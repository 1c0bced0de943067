import { joinLabels, type Label } from "@openclaw/protocol";
import { isAside, STATE_LIMITS, type SessionState, type TranscriptMessage } from "../../fabric/journal.ts";
import { BUDGET, type ContextBudget } from "./budget.ts";
import type { TokenCounts } from "./count-tokens.ts";

export interface SummaryPlan {
  /** Covers what comes after the summary before, up to here: always the end of a turn. */
  readonly upToSeq: number;
  /** What of it memory holds. */
  readonly held: readonly TranscriptMessage[];
  /** Messages after this one and before the first that is held have to be read from the log. */
  readonly fromSeq: number;
}

/**
 * Is a summary due, and of what? Undefined while the part of the conversation that has none is small, or nothing but the last
 * turn could be covered. `force`: now, all but the last turn.
 */
export function planSummary(state: SessionState, budget: ContextBudget, counts: TokenCounts, force = false): SummaryPlan | undefined {
  if (state.deleted || state.messageCount === 0) return undefined;
  const fromSeq = state.summary?.upToSeq ?? 0;
  // A turn that is under way is not covered, and what it says comes after all that is.
  const open = state.messages.filter((message) => message.seq > fromSeq && message.runId !== state.turn?.runId && !isAside(message));
  let tokens = 0;
  let chars = 0;
  for (const message of open) {
    tokens += counts.message(message);
    chars += message.content.text.length;
  }
  const isDue = tokens > budget.whole * BUDGET.summariseBeyond || open.length > STATE_LIMITS.messagesKept / 2 ||
    chars > STATE_LIMITS.messageCharsKept / 2;
  if (!isDue && !force) return undefined;
  const held = open.slice(0, open.length - keptRecent(open, force ? 0 : budget.whole * BUDGET.keepRecent, counts));
  const upToSeq = held.at(-1)?.seq ?? 0;
  return upToSeq > fromSeq ? { upToSeq, held, fromSeq } : undefined;
}

/** How many of the newest messages stay as they were said: whole turns, and the last one whatever its size. */
function keptRecent(open: readonly TranscriptMessage[], most: number, counts: TokenCounts): number {
  let tokens = 0;
  let kept = 0;
  for (let at = open.length - 1; at >= 0; at--) {
    const message = open[at] as TranscriptMessage;
    tokens += counts.message(message);
    const isFirstOfTurn = open[at - 1]?.runId !== message.runId;
    if (tokens > most && kept > 0) break;
    if (isFirstOfTurn) kept = open.length - at;
  }
  return kept;
}

/** The least trusted of all that a summary covers. */
export function labelOfSummary(previous: { readonly label: Label } | null, messages: readonly { readonly label: Label }[]): Label {
  return messages.reduce<Label>((label, message) => joinLabels(label, message.label), previous?.label ?? "owner");
}
