/**
 * The ledger's own log: what was reserved and settled since the accounts were last written.
 *
 * Entries made while a row is being written share the next one, so that a thousand calls a second cost a few hundred rows.
 * A row is written until it is durable; its number rises by one and is never used again.
 */
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import type { Amount, Meter, Sealing } from "./account.ts";
import { LEDGER_LIMITS } from "./config.ts";

/** Who pays for a call, and for what it is made. */
export interface Charge {
  readonly tenant: string;
  readonly agentId: string;
  /** Token of the session; `none` for a call that belongs to none. */
  readonly session: string;
  /** `turn`, `summary`, `heartbeat`: whatever makes the call. */
  readonly purpose: string;
}

interface EntryFacts {
  /** The reservation's. */
  readonly id: string;
  readonly charge: Charge;
  readonly model: string;
  readonly day: string;
  readonly month: string;
}

export type Entry =
  | (EntryFacts & { readonly kind: "reserved"; readonly amount: Amount; readonly inputTokens: number })
  | (EntryFacts & { readonly kind: "settled"; readonly meter: Meter });

export interface StoredRow {
  readonly seq: number;
  readonly revision: number;
  readonly entries: readonly Entry[];
}

export interface EntryLog {
  /** Number of the row in which an entry made now will stand. */
  readonly nextSeq: number;
  /** Every row up to here is on the disk. */
  readonly durableSeq: number;
  /** Rows not yet forgotten. */
  readonly rows: number;
  /** Resolves when the entry is durable; rejects when it could not be written in a few attempts, and goes on trying. */
  add(entry: Entry): Promise<void>;
  /** Deletes rows that are part of their accounts. */
  forget(upTo: number): Promise<void>;
  /** Resolves when everything added is durable, or cannot be made so now. */
  flush(): Promise<void>;
  close(): void;
}

export interface EntryLogDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly sealing: Sealing;
  /** Of this gateway: nobody else writes rows under it. */
  readonly writer: string;
}

const BUCKET = "ledger-entries";
const SEQ_DIGITS = 12;
const PAGE = 512;
const FORGOTTEN_AT_ONCE = 16;

const keyOf = (writer: string, seq: number): string => `${writer}.${String(seq).padStart(SEQ_DIGITS, "0")}`;

/** Every row that is there, oldest first. */
export async function loadRows({ records, sealing, writer }: EntryLogDeps): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = [];
  for (let after: string | undefined; ; ) {
    const page = await records.list(BUCKET, `${writer}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key, value, revision } of page) {
      const entries = JSON.parse(Buffer.from(sealing.unseal(`${BUCKET}/${key}`, value)).toString("utf8")) as readonly Entry[];
      rows.push({ seq: Number(key.slice(writer.length + 1)), entries, revision });
    }
    after = page.at(-1)?.key;
    if (page.length < PAGE) return rows;
  }
}

/** `from`: the newest number ever used, and the rows that are there with their revisions. */
export function openEntryLog(
  deps: EntryLogDeps, from: { readonly seq: number; readonly revisions: ReadonlyMap<number, number> },
): EntryLog {
  const { records, clock, sealing, writer } = deps;
  const revisions = new Map(from.revisions);
  const stopped = new AbortController();
  let durableSeq = from.seq;
  let nextSeq = from.seq + 1;
  let gathering: Entry[] = [];
  let gathered = Promise.withResolvers<void>();
  let newest: Promise<void> = Promise.resolve();
  let writing = false;
  let timer: { close(): void } | undefined;

  const writeRow = async (seq: number, value: Uint8Array): Promise<number> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await records.write(BUCKET, keyOf(writer, seq), value, 0);
      } catch (error) {
        // Nobody else writes this row: what stands there is what an unconfirmed attempt left.
        if (hasCode(error, "CONFLICT")) return (await records.get(BUCKET, keyOf(writer, seq)))?.revision ?? 0;
        if (attempt >= LEDGER_LIMITS.writeAttempts) throw error;
      }
    }
  };

  const writeAll = async (): Promise<void> => {
    while (gathering.length > 0 && !stopped.signal.aborted) {
      const [entries, done] = [gathering, gathered];
      gathering = [];
      gathered = Promise.withResolvers<void>();
      gathered.promise.catch(() => undefined);
      const seq = nextSeq++;
      const value = sealing.seal(`${BUCKET}/${keyOf(writer, seq)}`, Buffer.from(JSON.stringify(entries)));
      for (let retryMs: number = LEDGER_LIMITS.retryFirstMs; !stopped.signal.aborted; ) {
        try {
          revisions.set(seq, await writeRow(seq, value));
          if (entries.some(({ kind }) => kind === "reserved")) crashPoint("ledger.reserved");
          if (entries.some(({ kind }) => kind === "settled")) crashPoint("ledger.settled");
          durableSeq = seq;
          done.resolve();
          break;
        } catch (error) {
          done.reject(error);
          gathered.reject(error); // whoever comes meanwhile need not wait to hear of it
          await clock.wait(retryMs, stopped.signal).catch(() => undefined);
          retryMs = Math.min(retryMs * 2, LEDGER_LIMITS.retryLastMs);
        }
      }
      done.reject(new OpenClawError("CLOSED"));
    }
    writing = false;
  };

  /** Not in this very moment: what is added together is written together. */
  const start = (): void => {
    timer?.close();
    timer = undefined;
    if (writing || gathering.length === 0) return;
    writing = true;
    void Promise.resolve().then(writeAll);
  };

  gathered.promise.catch(() => undefined);
  return {
    get nextSeq() {
      return nextSeq;
    },
    get durableSeq() {
      return durableSeq;
    },
    get rows() {
      return revisions.size;
    },
    add: (entry) => {
      gathering.push(entry);
      const { promise } = gathered;
      newest = promise;
      // What was settled may wait a moment for company: a crash until then only leaves its reservation standing in full.
      if (entry.kind === "reserved") start();
      else timer ??= clock.after(LEDGER_LIMITS.settleDelayMs, start);
      return promise;
    },
    forget: async (upTo) => {
      const old = [...revisions].filter(([seq]) => seq <= upTo);
      // A few at a time: calls that are made meanwhile have to get their own rows in between.
      for (let at = 0; at < old.length; at += FORGOTTEN_AT_ONCE) {
        await Promise.all(old.slice(at, at + FORGOTTEN_AT_ONCE).map(async ([seq, revision]) => {
          await records.write(BUCKET, keyOf(writer, seq), null, revision).catch((error: unknown) => {
            if (!hasCode(error, "CONFLICT")) throw error; // it has gone already
          });
          revisions.delete(seq);
        }));
      }
    },
    flush: async () => {
      start();
      await newest.catch(() => undefined);
    },
    close: () => {
      timer?.close();
      stopped.abort(new OpenClawError("CLOSED"));
    },
  };
}
