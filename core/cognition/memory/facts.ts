import { OpenClawError, hasCode, type Label } from "@openclaw/protocol";
import type { RecordEntry, Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import type { DataKey, Vault } from "../../fabric/vault.ts";

export interface Fact { readonly id: string; readonly text: string; readonly label: Label; readonly timeMs: number }

export interface Memory {
  /** Idempotent by `id`. Throws BACKPRESSURE when the agent holds as many facts as it may. */
  remember(agentId: string, id: string, text: string, label: Label): Promise<void>;
  /** Best matches first, at most `limit`; all of them, newest first, for an empty query. */
  recall(agentId: string, query: string, limit?: number): Promise<readonly Fact[]>;
  /** Names what the agent remembers at this moment; another name after every change. */
  revision(agentId: string): Promise<string>;
}

export const FACTS_MAX = 2_000;
const FACTS = "facts";
const PAGE = 256;

export interface MemoryDeps {
  readonly records: Records;
  readonly vault: Vault;
  readonly clock: Clock;
}

export function createMemory({ records, vault, clock }: MemoryDeps): Memory {
  const prefixOf = (agentId: string): string => `${HOME_TENANT}.${vault.token(HOME_TENANT, `agent/${agentId}`)}.`;

  const stored = async (agentId: string): Promise<readonly RecordEntry[]> => {
    const prefix = prefixOf(agentId);
    const entries: RecordEntry[] = [];
    for (let after: string | undefined; ; ) {
      const page = await records.list(FACTS, prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      entries.push(...page);
      after = page.at(-1)?.key;
      if (page.length < PAGE) return entries;
    }
  };

  /** By agent; read at first use, forgotten with every change. */
  const revisions = new Map<string, Promise<string>>();
  const revision = async (agentId: string): Promise<string> => {
    const facts = await stored(agentId);
    return `${facts.length}-${facts.reduce((newest, entry) => Math.max(newest, entry.revision), 0)}`;
  };

  return {
    revision: (agentId) => {
      let known = revisions.get(agentId);
      if (known === undefined) {
        revisions.set(agentId, (known = revision(agentId)));
        known.catch(() => revisions.delete(agentId));
      }
      return known;
    },
    remember: async (agentId, id, text, label) => {
      const recordKey = prefixOf(agentId) + id;
      if ((await records.get(FACTS, recordKey)) !== null) return;
      if ((await stored(agentId)).length >= FACTS_MAX) {
        throw new OpenClawError("BACKPRESSURE", { why: `An agent keeps at most ${FACTS_MAX} facts.`, next: "Forget some first." });
      }
      const key = await vault.tenantKey(HOME_TENANT);
      const fact: Fact = { id, text, label, timeMs: clock.now() };
      try {
        await records.write(FACTS, recordKey, key.seal(`fact/${recordKey}`, Buffer.from(JSON.stringify(fact))), 0);
        crashPoint("fact.recorded");
      } catch (error) {
        if (!hasCode(error, "CONFLICT")) throw error; // the same fact, kept by a repeat of this call
      } finally {
        revisions.delete(agentId);
      }
    },
    recall: async (agentId, query, limit = 20) => {
      const words = wordsOf(query);
      const key = await vault.tenantKey(HOME_TENANT);
      const facts = (await stored(agentId)).map((entry) => openFact(key, entry));
      const scored = facts.map((fact) => ({ fact, score: words.length === 0 ? 1 : overlap(words, wordsOf(fact.text)) }));
      return scored
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score || b.fact.timeMs - a.fact.timeMs)
        .slice(0, limit)
        .map(({ fact }) => fact);
    },
  };
}

function openFact(key: DataKey, { key: recordKey, value }: RecordEntry): Fact {
  return JSON.parse(Buffer.from(key.unseal(`fact/${recordKey}`, value)).toString("utf8")) as Fact;
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
