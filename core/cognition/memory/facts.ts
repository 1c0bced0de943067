import { OpenClawError, type Label } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import type { DataKey, Vault } from "../../fabric/vault.ts";

export interface Fact { readonly id: string; readonly text: string; readonly label: Label; readonly timeMs: number }

export interface Memory {
  /** Idempotent by `id`. Throws BACKPRESSURE when the agent holds as many facts as it may. */
  remember(agentId: string, id: string, text: string, label: Label): Promise<void>;
  /** Best matches first, at most `limit`; all of them, newest first, for an empty query. */
  recall(agentId: string, query: string, limit?: number): Promise<readonly Fact[]>;
}

export const FACTS_MAX = 2_000;
const FACTS = "facts";
const PAGE = 256;

export function createMemory({ records, vault, clock }: { readonly records: Records; readonly vault: Vault; readonly clock: Clock }): Memory {
  const prefixOf = (agentId: string): string => `${HOME_TENANT}.${vault.token(HOME_TENANT, `agent/${agentId}`)}.`;

  const all = async (agentId: string): Promise<Fact[]> => {
    const key = await vault.tenantKey(HOME_TENANT);
    const prefix = prefixOf(agentId);
    const facts: Fact[] = [];
    for (let after: string | undefined; ; ) {
      const page = await records.list(FACTS, prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const entry of page) facts.push(openFact(key, entry.key, entry.value));
      after = page.at(-1)?.key;
      if (page.length < PAGE) return facts;
    }
  };

  return {
    remember: async (agentId, id, text, label) => {
      const recordKey = prefixOf(agentId) + id;
      if ((await records.get(FACTS, recordKey)) !== null) return;
      if ((await all(agentId)).length >= FACTS_MAX) throw new OpenClawError("BACKPRESSURE", { why: `An agent keeps at most ${FACTS_MAX} facts.`, next: "Forget some first." });
      const key = await vault.tenantKey(HOME_TENANT);
      const fact: Fact = { id, text, label, timeMs: clock.now() };
      await records.write(FACTS, recordKey, key.seal(`fact/${recordKey}`, Buffer.from(JSON.stringify(fact))), 0);
    },
    recall: async (agentId, query, limit = 20) => {
      const words = wordsOf(query);
      const scored = (await all(agentId)).map((fact) => ({ fact, score: words.length === 0 ? 1 : overlap(words, wordsOf(fact.text)) }));
      return scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || b.fact.timeMs - a.fact.timeMs).slice(0, limit).map(({ fact }) => fact);
    },
  };
}

function openFact(key: DataKey, recordKey: string, sealed: Uint8Array): Fact {
  return JSON.parse(Buffer.from(key.unseal(`fact/${recordKey}`, sealed)).toString("utf8")) as Fact;
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];
}

/** Share of the query's words that the fact has, long words counting more than short ones. */
function overlap(query: readonly string[], fact: readonly string[]): number {
  const present = new Set(fact);
  let score = 0;
  for (const word of query) if (present.has(word)) score += word.length;
  return score;
}
