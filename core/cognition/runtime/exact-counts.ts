import type { ModelInfo } from "@openclaw/sdk";
import { isAside, type SessionState } from "../../fabric/journal.ts";
import { BUDGET, ESTIMATES, estimateAhead, type TokenCounts } from "../context.ts";
import type { RuntimeDeps } from "./turn-work.ts";

/**
 * Real counts of what may be shown, newest first; undefined where estimates do: as long as all of it fits with ease by
 * an estimate, which is on the safe side, nothing is gained by counting better.
 */
export async function exactCounts(
  view: SessionState, { tokenizers }: Pick<RuntimeDeps, "tokenizers">,
  info: Pick<ModelInfo, "id" | "contextTokens" | "tokenizer">, signal: AbortSignal,
): Promise<{ readonly counts: TokenCounts; readonly tokenizer: string } | undefined> {
  if (tokenizers === undefined) return undefined;
  const upToSeq = view.summary?.upToSeq ?? 0;
  const shown = view.messages.filter((message) => message.seq > upToSeq && !isAside(message));
  await estimateAhead(shown);
  if (shown.reduce((sum, message) => sum + ESTIMATES.message(message), 0) <= info.contextTokens * BUDGET.countBeyond) {
    return undefined;
  }
  const tokenizer = await tokenizers.encodingOf(info.id, info.tokenizer);
  if (tokenizer === undefined) return undefined;
  const counts = await tokenizers.count(tokenizer, shown.toReversed(), info.contextTokens, signal);
  return counts === undefined ? undefined : { counts, tokenizer };
}
