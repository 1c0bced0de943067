import { OpenClawError } from "@openclaw/protocol";
import type { Records, Usage } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { Logger } from "../telemetry.ts";
import { emptyMeter, type AccountName, type Amount, type Meter, type Sealing } from "./account.ts";
import { createAccountBook, type Limit, type OwnAccount } from "./account-book.ts";
import { accountsOf, exceeded, limitOf } from "./budgets.ts";
import { createCalendar, type Calendar } from "./calendar.ts";
import { LEDGER_DEFAULTS, LEDGER_LIMITS, type LedgerConfig } from "./config.ts";
import { loadRows, openEntryLog, type Charge, type Entry } from "./entry-log.ts";
import { costOf, type Price } from "./price.ts";
import { loadMark, saveMark } from "./mark.ts";
import type { BudgetState, UsageQuery, UsageReport } from "./report.ts";

export interface ReserveOrder {
  /** The step's: a reservation of that id is made once. */
  readonly id: string;
  readonly charge: Charge;
  /** `provider/model`. */
  readonly model: string;
  readonly price: Price;
  /** False where nobody configured the model's price, and `price` is the worst. */
  readonly priced: boolean;
  readonly inputTokens: number;
  /** The longest answer; absent: the configured reserve. */
  readonly outputTokensMax?: number;
}

/** What became of a call. */
export interface Outcome {
  /** As the provider counted it; null when it did not say, or only guessed. */
  readonly usage: Usage | null;
  /** The provider refused before it did anything: nothing is charged. */
  readonly free?: boolean;
  readonly failed?: boolean;
}

export interface Settled extends Amount {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What the figures are: the provider's count, the reserve for want of one, or nothing because nothing was done. */
  readonly basis: "usage" | "reserve" | "nothing";
  readonly priced: boolean;
}

export interface Reservation extends Amount {
  readonly id: string;
  /** The answer is no longer than this while a budget is in force; undefined without one. */
  readonly outputTokensMax: number | undefined;
  /** Resolves when a crash would no longer forget it. Nothing of the answer may be shown before. */
  readonly durable: Promise<void>;
  /** The first time counts; later ones give the same. */
  settle(outcome: Outcome): Settled;
}

export interface Ledger extends AsyncDisposable {
  /**
   * Sets aside what a call may cost at most. Waits for the disk only where a budget has to be asked anew. Throws
   * BUDGET_EXCEEDED, and the engine's errors where a budget could not be asked: without an answer nothing is spent.
   */
  reserve(order: ReserveOrder): Promise<Reservation>;
  usage(query: UsageQuery): Promise<UsageReport>;
  /** Every budget in force for these agents, and for that session, with what is left of it. */
  budgets(tenant: string, agentIds: readonly string[], session?: string): Promise<readonly BudgetState[]>;
  readonly currency: string;
}

export interface LedgerDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly sealing: Sealing;
  /** Names this gateway among others; the same at every start. */
  readonly writer: string;
  /** The configuration in force now. The same object until it changes. */
  readonly config: () => LedgerConfig;
  readonly log: Pick<Logger, "warn">;
}

interface Open extends Amount {
  readonly entry: Entry & { readonly kind: "reserved" };
  readonly seq: number;
}

/**
 * Reads what an earlier process left: accounts, its log, and the reservations it did not settle. Those are settled at their
 * reserve, for nobody knows what became of the calls.
 */
export async function openLedger(deps: LedgerDeps): Promise<Ledger> {
  const { records, clock, sealing, writer, config, log } = deps;
  const [mark, rows] = await Promise.all([loadMark(deps), loadRows(deps)]);
  const entries = openEntryLog(deps, {
    seq: Math.max(mark.upTo, rows.at(-1)?.seq ?? 0), revisions: new Map(rows.map(({ seq, revision }) => [seq, revision])),
  });
  const book = createAccountBook({ records, sealing, writer, durableSeq: () => entries.durableSeq });
  const open = new Map<string, Open>();
  /** Settled, and a fold may still end before the row that says so: its mark has to know what they were settled from. */
  const settling = new Map<string, Open & { readonly settledSeq: number }>();
  const calendarOf = keptCalendar(config);
  let folding: Promise<void> | undefined;
  /** Callers who wait for the accounts to be up to date; the first of them cuts short the present rest. */
  let waitedFor = 0;
  let hurry = new AbortController();
  let timer: { close(): void } | undefined;
  let markRevision = mark.revision;
  let closed = false;

  const ownOf = (entry: Entry): readonly OwnAccount[] => accountsOf(entry.charge, entry.day, entry.month).map(book.get);

  const note = (entry: Entry, seq: number): void => {
    if (entry.kind === "reserved") {
      if (open.has(entry.id)) return;
      open.set(entry.id, { ...entry.amount, entry, seq });
      for (const own of ownOf(entry)) {
        own.open = { costMicros: own.open.costMicros + entry.amount.costMicros, tokens: own.open.tokens + entry.amount.tokens };
      }
      return;
    }
    const reserved = open.get(entry.id);
    if (reserved === undefined) return;
    open.delete(entry.id);
    settling.set(entry.id, { ...reserved, settledSeq: seq });
    for (const own of ownOf(reserved.entry)) {
      own.open = { costMicros: own.open.costMicros - reserved.costMicros, tokens: own.open.tokens - reserved.tokens };
      book.add(own, seq, entry.model, entry.charge.purpose, entry.meter);
    }
    if (folding === undefined) forgetSettled();
  };

  /** The next fold goes as far as the log is durable at least: it passes these rows. */
  const forgetSettled = (): void => {
    for (const [id, { settledSeq }] of settling) {
      if (settledSeq > entries.durableSeq) return;
      settling.delete(id);
    }
  };

  const add = (entry: Entry): Promise<void> => {
    const seq = entries.nextSeq;
    note(entry, seq);
    const durable = entries.add(entry);
    durable.catch((error: unknown) => log.warn("ledger.entry.failed", { error }));
    if (entries.rows >= LEDGER_LIMITS.foldEvery) void fold().catch(() => undefined);
    else if (!closed) timer ??= clock.after(LEDGER_LIMITS.foldAfterMs, () => void fold().catch(() => undefined));
    return durable;
  };

  /** Writes the log into the accounts, then forgets it. A crash in between writes nothing twice: accounts know how far they are. */
  const foldNow = async (): Promise<void> => {
    timer?.close();
    timer = undefined;
    const upTo = entries.durableSeq;
    for (const batch of batchesOf([...book.all()].filter(({ buckets }) => buckets.length > 0), FOLD_BATCH)) {
      const beganMs = clock.monotonic();
      await Promise.all(batch.map((own) => book.fold(own, upTo)));
      const tookMs = clock.monotonic() - beganMs;
      // Nobody waits for it, unless somebody asked: calls are to find the disk free in between.
      if (tookMs > 0 && waitedFor === 0) await clock.wait(tookMs, hurry.signal).catch(() => undefined);
    }
    for (const [id, { settledSeq }] of settling) if (settledSeq <= upTo) settling.delete(id);
    const left = [...open.values(), ...settling.values()].filter(({ seq }) => seq <= upTo).map(({ entry }) => entry);
    crashPoint("ledger.folded");
    markRevision = await saveMark(deps, { upTo, open: left }, markRevision);
    crashPoint("ledger.marked");
    await entries.forget(upTo);
  };

  const fold = (): Promise<void> => (folding ??= foldNow().catch((error: unknown) => {
    log.warn("ledger.fold.failed", { error });
    if (!closed) timer ??= clock.after(LEDGER_LIMITS.foldAfterMs, () => void fold().catch(() => undefined));
    throw error;
  }).finally(() => {
    folding = undefined;
  }));

  /** The accounts as they are now; without the engine, as they were. */
  const catchUp = async (): Promise<void> => {
    waitedFor += 1;
    hurry.abort();
    try {
      await entries.flush();
      await folding?.catch(() => undefined);
      await fold().catch(() => undefined);
    } finally {
      waitedFor -= 1;
      if (waitedFor === 0) hurry = new AbortController();
    }
  };

  const settleAs = ({ entry }: Open, meter: Meter): Entry => {
    const { id, charge, model, day, month } = entry;
    return { kind: "settled", id, charge, model, day, month, meter };
  };

  // What an earlier process left: first as it was, then what it did not settle at its reserve.
  for (const entry of mark.open) note(entry, mark.upTo);
  for (const { seq, entries: stored } of rows) if (seq > mark.upTo) for (const entry of stored) note(entry, seq);
  for (const left of [...open.values()]) {
    const { inputTokens, amount: { costMicros, tokens } } = left.entry;
    const meter = { ...emptyMeter(), calls: 1, failed: 1, reserved: 1, costMicros, inputTokens, outputTokens: tokens - inputTokens };
    void add(settleAs(left, meter)).catch(() => undefined);
  }

  const take = async (charge: Charge, need: Amount, nowMs: number): Promise<boolean> => {
    const calendar = calendarOf();
    const names = accountsOf(charge, calendar.day(nowMs), calendar.month(nowMs));
    const limited = names.flatMap((name) => {
      const limit = limitOf(name, config());
      return limit === undefined ? [] : [{ own: book.get(name), limit, name }];
    });
    const refuse = (name: AccountName, own: OwnAccount, limit: Limit): never => {
      throw exceeded({ name, limit, left: book.left(own, limit), need }, config(), calendar, nowMs);
    };
    for (let round = 1; round <= LEDGER_LIMITS.reserveRounds; round++) {
      const short = limited.find(({ own, limit }) => isZero(limit) || !book.fits(own, limit, need));
      if (short === undefined) {
        for (const { own, limit } of limited) widenSoon(own, limit, need);
        return limited.length > 0;
      }
      const { own, limit, name } = short;
      if (isZero(limit) || !(await book.widen(own, limit, need))) refuse(name, own, limit);
    }
    throw new OpenClawError("BACKPRESSURE", { why: "Too many calls ask for the same budget at once." });
  };

  /** So that the next call of this size need not wait for the disk. */
  const widenSoon = (own: OwnAccount, limit: Limit, need: Amount): void => {
    const next = { costMicros: need.costMicros * 2, tokens: need.tokens * 2 };
    if (own.widening || book.fits(own, limit, next)) return;
    void book.widen(own, limit, next).catch(() => undefined);
  };

  const reserve = async (order: ReserveOrder): Promise<Reservation> => {
    if (closed) throw new OpenClawError("CLOSED");
    const { id, charge, model, price, priced, inputTokens } = order;
    const outputTokens = order.outputTokensMax ?? config().outputTokensReserved ?? LEDGER_DEFAULTS.outputTokensReserved;
    const worst = { inputTokens, outputTokens };
    const amount = { costMicros: costOf(worst, price), tokens: inputTokens + outputTokens };
    const nowMs = clock.now();
    const isLimited = await take(charge, amount, nowMs);
    const calendar = calendarOf();
    const facts = { id, charge, model, day: calendar.day(nowMs), month: calendar.month(nowMs) };
    const durable = add({ kind: "reserved", ...facts, amount, inputTokens });
    let settled: Settled | undefined;
    return {
      id, ...amount, durable, outputTokensMax: isLimited ? outputTokens : undefined,
      settle: (outcome) => (settled ??= (() => {
        const result = settlementOf(outcome, worst, price, priced);
        const { costMicros, inputTokens: input, outputTokens: output, basis } = result;
        const meter: Meter = {
          calls: 1, failed: outcome.failed === true ? 1 : 0, inputTokens: input, outputTokens: output, costMicros,
          cacheReadTokens: outcome.usage?.cacheReadTokens ?? 0, cacheWriteTokens: outcome.usage?.cacheWriteTokens ?? 0,
          unpriced: priced || costMicros === 0 ? 0 : 1, reserved: basis === "reserve" ? 1 : 0,
        };
        void add({ kind: "settled", ...facts, meter }).catch(() => undefined);
        return result;
      })()),
    };
  };

  return {
    reserve,
    usage: async (query) => {
      await catchUp();
      const { readUsage } = await import("./report.ts");
      return await readUsage({ records, sealing, calendar: calendarOf(), nowMs: clock.now(), currency: currencyOf(config()) }, query);
    },
    budgets: async (tenant, agentIds, session) => {
      await catchUp();
      const { readBudgets } = await import("./report.ts");
      return await readBudgets({
        records, sealing, calendar: calendarOf(), nowMs: clock.now(), currency: currencyOf(config()),
      }, { tenant, agentIds, session, config: config() });
    },
    get currency() {
      return currencyOf(config());
    },
    [Symbol.asyncDispose]: async () => {
      if (closed) return;
      closed = true;
      timer?.close();
      await catchUp();
      timer?.close();
      entries.close();
    },
  };
}

/** Accounts written side by side: whoever waits for a commit of his own waits no longer than these take. */
const FOLD_BATCH = 16;

const isZero = ({ costMicros, tokens }: Limit): boolean => costMicros === 0 || tokens === 0;
const currencyOf = ({ currency }: LedgerConfig): string => currency ?? LEDGER_DEFAULTS.currency;

function settlementOf({ usage, free }: Outcome, worst: Usage, price: Price, priced: boolean): Settled {
  if (free === true) return { costMicros: 0, tokens: 0, inputTokens: 0, outputTokens: 0, basis: "nothing", priced };
  const counted = usage ?? worst;
  const { inputTokens, outputTokens } = counted;
  return {
    costMicros: costOf(counted, price), tokens: inputTokens + outputTokens, inputTokens, outputTokens,
    basis: usage === null ? "reserve" : "usage", priced,
  };
}

/** Made anew only when the time zone changes. */
function keptCalendar(config: () => LedgerConfig): () => Calendar {
  let kept: { readonly zone: string | undefined; readonly calendar: Calendar } | undefined;
  return () => {
    const { timeZone: zone } = config();
    if (kept === undefined || kept.zone !== zone) kept = { zone, calendar: createCalendar(zone) };
    return kept.calendar;
  };
}

function* batchesOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
