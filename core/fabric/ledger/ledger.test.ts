/** The ledger over the in-memory engine: what it refuses, what survives a crash, what several gateways at once may spend. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { getHeapStatistics } from "node:v8";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Engine, Records } from "@openclaw/sdk";
import { withFaults } from "@openclaw/testkit/fault-engine";
import { seededRandom, VirtualClock } from "@openclaw/testkit/virtual-clock";
import { settleMemory } from "../../base/settle-memory.ts";
import { openMemoryEngine } from "../engine.ts";
import { smallestDailyLimit } from "./budgets.ts";
import { LEDGER_LIMITS, type LedgerConfig } from "./config.ts";
import type { Charge } from "./entry-log.ts";
import { openLedger, type Ledger, type Reservation, type ReserveOrder } from "./open-ledger.ts";

const PRICE = { input: 1, output: 10 };
const PLAIN = { seal: (_: string, plain: Uint8Array) => plain, unseal: (_: string, sealed: Uint8Array) => sealed };
const CHARGE: Charge = { tenant: "home", agentId: "main", session: "s1", purpose: "turn" };

/** 1,000 prompt tokens and at most 100 of answer: 2,000 millionths at these prices. */
const order = (id: string, more: Partial<ReserveOrder> = {}): ReserveOrder =>
  ({ id, charge: CHARGE, model: "wire/a", price: PRICE, priced: true, inputTokens: 1_000, outputTokensMax: 100, ...more });
const used = (inputTokens: number, outputTokens: number) => ({ usage: { inputTokens, outputTokens } });

interface Room {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  open(config?: LedgerConfig, writer?: string, records?: Records): Promise<Ledger>;
}

async function openRoom(t: TestContext): Promise<Room> {
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 10, 21, 12) });
  const engine = await openMemoryEngine({ clock });
  t.after(() => engine[Symbol.asyncDispose]());
  return {
    clock, engine,
    open: async (config = {}, writer = "one", records = engine.records) => await openLedger({
      records, clock, sealing: PLAIN, writer, config: () => ({ timeZone: "UTC", ...config }), log: { warn: () => undefined },
    }),
  };
}

const refusedAs = (code: "BUDGET_EXCEEDED", words: RegExp) => (error: unknown): boolean => {
  assert.ok(hasCode(error, code), String(error));
  assert.match(`${(error as OpenClawError).message} ${(error as OpenClawError).next}`, words);
  return true;
};

test("what a call may cost is reserved, and settled to what it did cost (C9)", async (t) => {
  const ledger = await (await openRoom(t)).open();
  const reservation = await ledger.reserve(order("a"));
  assert.deepEqual([reservation.costMicros, reservation.tokens], [2_000, 1_100]);
  await reservation.durable;
  const settled = reservation.settle(used(900, 20));
  assert.deepEqual(settled, { costMicros: 1_100, tokens: 920, inputTokens: 900, outputTokens: 20, basis: "usage", priced: true });
  assert.deepEqual(reservation.settle(used(1, 1)), settled, "a second time changes nothing");
  const { totals, daily } = await ledger.usage({ tenant: "home", days: 1 });
  assert.deepEqual([totals.calls, totals.costMicros, totals.inputTokens, totals.outputTokens], [1, 1_100, 900, 20]);
  assert.equal(daily[0]?.name, "2026-11-21");
});

test("a provider that tells no usage is settled at the reserve, one that refused costs nothing (C9)", async (t) => {
  const ledger = await (await openRoom(t)).open();
  assert.deepEqual((await ledger.reserve(order("a"))).settle({ usage: null }).costMicros, 2_000);
  const refused = (await ledger.reserve(order("b"))).settle({ usage: null, free: true, failed: true });
  assert.deepEqual([refused.costMicros, refused.basis], [0, "nothing"]);
  const { totals } = await ledger.usage({ tenant: "home", days: 1 });
  assert.deepEqual([totals.calls, totals.failed, totals.reserved, totals.costMicros], [2, 1, 1, 2_000]);
});

test("a call that would pass a budget is refused before it is made: which budget, what is left, when it renews, what to do "
  + "(C9)", async (t) => {
  const room = await openRoom(t);
  const ledger = await room.open({ budgets: { agent: { day: { cost: 0.005 } } } });
  (await ledger.reserve(order("a"))).settle(used(1_000, 100));
  (await ledger.reserve(order("b"))).settle(used(1_000, 100));
  await assert.rejects(ledger.reserve(order("c")), refusedAs("BUDGET_EXCEEDED",
    /agent main for a day is 0\.0050 USD; 0\.0010 USD are left.*0\.0020 USD.*2026-11-22 00:00 \(UTC\).*ledger\.budgets\.agent\.day\.cost/));
  const other = { ...CHARGE, agentId: "other" };
  await assert.doesNotReject(ledger.reserve(order("d", { charge: other })), "another agent's budget is its own");
  await assert.doesNotReject(ledger.reserve(order("e", { inputTokens: 0 })), "what still fits is made");
  await room.clock.advance(12 * 3_600_000);
  await assert.doesNotReject(ledger.reserve(order("f")), "the next day is a new budget");
});

test("every kind of budget refuses by itself: everything, agent, one agent, session, in money and in tokens (C9)", async (t) => {
  const room = await openRoom(t);
  const tokens = { tokens: 2_000 };
  const cases: readonly (readonly [string, LedgerConfig["budgets"]])[] = [
    ["tenant.day", { tenant: { day: tokens } }], ["tenant.month", { tenant: { month: tokens } }],
    ["agent.day", { agent: { day: tokens } }], ["agent.month", { agent: { month: tokens } }],
    ["agents.main.day", { agent: { day: { tokens: 1 } }, agents: { main: { day: tokens } } }],
    ["session.day", { session: { day: tokens } }], ["session.total", { session: { total: tokens } }],
    ["tenant.day", { tenant: { day: { cost: 0.0035 } } }],
  ];
  for (const [index, [key, budgets]] of cases.entries()) {
    const ledger = await room.open({ budgets: budgets ?? {} }, `w${index}`);
    const charge = { ...CHARGE, tenant: `t${index}` };
    await ledger.reserve(order("a", { charge }));
    await assert.rejects(ledger.reserve(order("b", { charge })), refusedAs("BUDGET_EXCEEDED", new RegExp(`ledger\\.budgets\\.${key}\\.`)));
  }
});

test("a budget of zero refuses every call, one that costs nothing too (C9)", async (t) => {
  const room = await openRoom(t);
  for (const [index, limit] of [{ cost: 0 }, { tokens: 0 }].entries()) {
    const ledger = await room.open({ budgets: { tenant: { day: limit } } }, `w${index}`);
    const free = order("a", { price: { input: 0, output: 0 }, inputTokens: 0, outputTokensMax: 1 });
    await assert.rejects(ledger.reserve(free), refusedAs("BUDGET_EXCEEDED", /is 0(\.00 USD| tokens); .*config set/));
    assert.equal((await ledger.usage({ tenant: "home", days: 1 })).totals.calls, 0);
  }
});

test("a day ends at midnight of the configured time zone, on days of 23 and 25 hours too (C9)", async (t) => {
  const room = await openRoom(t);
  const ledger = await room.open({ timeZone: "Pacific/Auckland", budgets: { tenant: { day: { tokens: 1_500 } } } });
  await ledger.reserve(order("a"));
  const { to } = await ledger.usage({ tenant: "home", days: 1 });
  assert.equal(to, "2026-11-22", "it is tomorrow there already");
  await assert.rejects(ledger.reserve(order("b")), refusedAs("BUDGET_EXCEEDED", /2026-11-23 00:00 \(Pacific\/Auckland\)/));
});

test("what was spent stays spent over a crash, a reservation nobody settled at its full amount (C1, C9, S0.16)", async (t) => {
  const room = await openRoom(t);
  const before = await room.open();
  const settled = await before.reserve(order("a"));
  settled.settle(used(900, 20));
  await (await before.reserve(order("b"))).durable;
  const again = await room.open(); // nothing was disposed: the process died
  const { totals } = await again.usage({ tenant: "home", days: 1 });
  assert.deepEqual([totals.calls, totals.costMicros, totals.reserved], [2, 1_100 + 2_000, 1]);
  const third = await room.open();
  assert.equal((await third.usage({ tenant: "home", days: 1 })).totals.costMicros, 3_100, "and nothing is charged twice");
});

test("what was settled while the log was folded into the accounts is not forgotten by a crash (C1, C9)", async (t) => {
  for (const isWritten of [true, false]) {
    const room = await openRoom(t);
    const ledger = await room.open();
    const reservation = await ledger.reserve(order("a"));
    await reservation.durable;
    await room.clock.advance(LEDGER_LIMITS.foldAfterMs - 1);
    reservation.settle(used(900, 20));
    await room.clock.advance(1);
    if (isWritten) await room.clock.advance(LEDGER_LIMITS.settleDelayMs);
    const again = await room.open(); // nothing was disposed: the process died
    const { totals } = await again.usage({ tenant: "home", days: 1 });
    assert.deepEqual([totals.calls, totals.costMicros], [1, isWritten ? 1_100 : 2_000]);
  }
});

test("a crash at any write of the ledger neither forgets nor doubles what was confirmed (C1, C9)", async (t) => {
  const room = await openRoom(t);
  for (let dies = 1; dies <= 40; dies++) {
    const tenant = `t${dies}`;
    const charge = { ...CHARGE, tenant };
    let writes = 0;
    const dying: Records = {
      ...room.engine.records, get: (...args) => room.engine.records.get(...args), list: (...args) => room.engine.records.list(...args),
      write: (...args) => (++writes > dies ? new Promise<number>(() => undefined) : room.engine.records.write(...args)),
    };
    const ledger = await room.open({ budgets: { tenant: { day: { cost: 1 } } } }, tenant, dying);
    let confirmed = 0;
    const work = (async (): Promise<void> => {
      for (let call = 1; call <= 6; call++) {
        const reservation = await ledger.reserve(order(`c${call}`, { charge }));
        await reservation.durable;
        confirmed += 1;
        reservation.settle(used(1_000, 10));
        if (call === 3) await ledger.usage({ tenant, days: 1 });
      }
    })();
    await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 5))]);
    const next = await room.open({ budgets: { tenant: { day: { cost: 1 } } } }, tenant);
    const { totals } = await next.usage({ tenant, days: 1 });
    assert.ok(totals.calls >= confirmed && totals.calls <= confirmed + 1, `died at ${dies}: ${totals.calls} calls, ${confirmed} confirmed`);
    assert.ok(totals.costMicros >= confirmed * 1_100 && totals.costMicros <= 7 * 2_000, `died at ${dies}: ${totals.costMicros}`);
    const [budget] = await next.budgets(tenant, []);
    assert.equal(budget?.costSpentMicros, totals.costMicros);
  }
});

test("several gateways that reserve at once never pass a budget together, whatever the engine does, and every settled call is "
  + "counted once (C9)", async (t) => {
  for (let seed = 1; seed <= 25; seed++) {
    const room = await openRoom(t);
    const random = seededRandom(seed);
    const limit = 60_000;
    const rates = { before: 0.1, after: 0.1 };
    const config: LedgerConfig = { budgets: { tenant: { day: { cost: limit / 1_000_000 } }, agent: { month: { tokens: 45_000 } } } };
    const gateways = await Promise.all(["one", "two", "three"].map(async (writer, index) => {
      const { records } = withFaults(room.engine, { seed: seed * 10 + index, rates });
      for (;;) {
        try {
          return await room.open(config, writer, records);
        } catch (error) {
          if (!hasCode(error, "ENGINE_UNAVAILABLE")) throw error;
        }
      }
    }));
    let granted = 0;
    let spent = 0;
    let open = 0;
    let refused = 0;
    const call = async (ledger: Ledger, id: string): Promise<void> => {
      let reservation: Reservation;
      try {
        reservation = await ledger.reserve(order(id));
      } catch (error) {
        assert.ok(hasCode(error, "BUDGET_EXCEEDED") || hasCode(error, "BACKPRESSURE"), String(error));
        refused += 1;
        return;
      }
      granted += 1;
      open += reservation.costMicros;
      assert.ok(spent + open <= limit, `seed ${seed}: ${spent} spent and ${open} reserved of ${limit}`);
      for (let turns = Math.floor(random() * 6); turns > 0; turns--) await new Promise(setImmediate);
      open -= reservation.costMicros;
      spent += reservation.settle(used(1_000, Math.floor(random() * 100))).costMicros;
    };
    await Promise.all(Array.from({ length: 90 }, async (_, index) => {
      for (let turns = Math.floor(random() * 40); turns > 0; turns--) await new Promise(setImmediate);
      const ledger = gateways[index % gateways.length];
      if (ledger !== undefined) await call(ledger, `c${index}`);
    }));
    assert.ok(spent <= limit && granted * 1_100 <= 45_000);
    assert.ok(granted >= 20 && refused > 0, `seed ${seed}: ${granted} granted, ${refused} refused`);
    for (const ledger of gateways) {
      for (let attempt = 0; attempt < 20; attempt++) {
        await room.clock.advance(30_000);
        await ledger.usage({ tenant: "home", days: 1 }).catch(() => undefined);
      }
    }
    const reader = await room.open({}, "reader");
    const { totals } = await reader.usage({ tenant: "home", days: 1 });
    assert.deepEqual([totals.calls, totals.costMicros], [granted, spent], `seed ${seed}`);
  }
});

test("usage is told by day, agent, session, model and purpose; silent calls are in it (C9, C8)", async (t) => {
  const room = await openRoom(t);
  const ledger = await room.open();
  (await ledger.reserve(order("a"))).settle(used(100, 10));
  (await ledger.reserve(order("b", { model: "wire/b", charge: { ...CHARGE, agentId: "other", session: "s2" } }))).settle(used(200, 10));
  (await ledger.reserve(order("c", { charge: { ...CHARGE, purpose: "summary" } }))).settle(used(300, 10));
  await room.clock.advance(24 * 3_600_000);
  (await ledger.reserve(order("d", { priced: false }))).settle(used(400, 10));
  const by = async (what: "day" | "agent" | "session" | "model" | "purpose"): Promise<unknown> =>
    (await ledger.usage({ tenant: "home", days: 7, by: what })).rows.map(({ name, meter }) => [name, meter.inputTokens]);
  assert.deepEqual(await by("day"), [["2026-11-21", 600], ["2026-11-22", 400]]);
  assert.deepEqual(await by("agent"), [["main", 800], ["other", 200]]);
  assert.deepEqual(await by("session"), [["s1", 800], ["s2", 200]]);
  assert.deepEqual(await by("model"), [["wire/a", 800], ["wire/b", 200]]);
  assert.deepEqual(await by("purpose"), [["turn", 700], ["summary", 300]]);
  const report = await ledger.usage({ tenant: "home", days: 7 });
  assert.deepEqual([report.from, report.to, report.daily.length, report.totals.unpriced], ["2026-11-16", "2026-11-22", 7, 1]);
  const one = await ledger.usage({ tenant: "home", days: 7, session: "s2" });
  assert.equal(one.totals.inputTokens, 200);
});

test("a ledger that is closed has written everything, and its log is folded away (C9)", async (t) => {
  const room = await openRoom(t);
  const ledger = await room.open();
  for (let call = 1; call <= 20; call++) (await ledger.reserve(order(`c${call}`))).settle(used(10, 1));
  await ledger[Symbol.asyncDispose]();
  assert.deepEqual(await room.engine.records.list("ledger-entries", ""), []);
  assert.equal(room.clock.pending, 0);
  assert.equal((await (await room.open()).usage({ tenant: "home", days: 1 })).totals.calls, 20);
});

test("a budget that was lowered or is new counts what was spent and reserved before it (C9)", async (t) => {
  const room = await openRoom(t);
  const config: { now: LedgerConfig } = { now: {} };
  const ledger = await openLedger({
    records: room.engine.records, clock: room.clock, sealing: PLAIN, writer: "one", config: () => config.now,
    log: { warn: () => undefined },
  });
  (await ledger.reserve(order("a"))).settle(used(1_000, 100));
  await ledger.reserve(order("b"));
  config.now = { timeZone: "UTC", budgets: { session: { day: { cost: 0.005 } } } };
  await assert.rejects(ledger.reserve(order("c")), (error) => hasCode(error, "BUDGET_EXCEEDED"));
  config.now = { timeZone: "UTC", budgets: { session: { day: { cost: 0.006 } } } };
  await ledger.reserve(order("d"));
  config.now = { timeZone: "UTC", budgets: { session: { day: { cost: 0.004 } } } };
  await assert.rejects(ledger.reserve(order("e")), (error) => hasCode(error, "BUDGET_EXCEEDED"));
});

test("a turn's share is of the smallest budget that a day has, whosever it is (C9, C10)", () => {
  const agents = { rich: { day: { cost: 50 } } };
  const budgets = { tenant: { day: { cost: 5 } }, agent: { day: { cost: 2, tokens: 900 } }, agents, session: {} };
  assert.deepEqual(smallestDailyLimit({ budgets }, "main"), { costMicros: 2_000_000, tokens: 900 });
  assert.deepEqual(smallestDailyLimit({ budgets }, "rich"), { costMicros: 5_000_000 });
  assert.deepEqual(smallestDailyLimit({ budgets: { session: { day: { tokens: 0 } } } }, "main"), { tokens: 0 });
  assert.equal(smallestDailyLimit({ budgets: { agent: { month: { cost: 1 } } } }, "main"), undefined);
});

test("what is settled and on the disk is not held until the next fold (C9, S0.40)", async (t) => {
  const room = await openRoom(t);
  const ledger = await room.open();
  const heapBytes = (): number => {
    settleMemory();
    return getHeapStatistics().used_heap_size;
  };
  const round = async (name: string): Promise<void> => {
    const reserved = await Promise.all(Array.from({ length: 500 }, (_, at) => ledger.reserve(order(`${name}-${at}`))));
    await Promise.all(reserved.map(({ durable }) => durable));
    for (const each of reserved) each.settle(used(900, 20));
    await room.clock.advance(2 * LEDGER_LIMITS.settleDelayMs);
  };
  await round("warm");
  const rowBytes = async (): Promise<number> =>
    (await room.engine.records.list("ledger-entries", "")).reduce((sum, { value }) => sum + value.byteLength, 0);
  const before = heapBytes();
  const rowsBefore = await rowBytes();
  for (let at = 0; at < 20; at += 1) await round(`r${at}`);
  const grown = heapBytes() - before;
  assert.ok((await rowBytes()) > rowsBefore, "nothing was folded");
  assert.ok(grown < 1_500_000, `${grown} bytes for 10,000 calls`);
});
