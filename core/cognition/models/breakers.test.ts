import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { BREAKER_LIMITS, createBreakers, type Breakers, type Failure, type Target } from "./breakers.ts";

const SECTION = {};
const target = (model: string, credential = "wire"): Target => ({ credential, model: `${credential}/${model}`, section: SECTION });

function room(): { readonly clock: VirtualClock; readonly breakers: Breakers } {
  const clock = new VirtualClock();
  return { clock, breakers: createBreakers(clock) };
}

function fail(breakers: Breakers, to: Target, failure: Failure, times = 1): void {
  for (let time = 0; time < times; time++) {
    const ticket = breakers.ask(to);
    assert.ok(!("kind" in ticket), `it rests already: ${JSON.stringify(ticket)}`);
    ticket.failed(failure);
  }
}

const rests = (breakers: Breakers, to: Target): boolean => {
  const answer = breakers.ask(to);
  if ("kind" in answer) return true;
  answer.dropped();
  return false;
};

test("one model's limit of requests says nothing of another model of the same credential (C25)", () => {
  const { breakers } = room();
  fail(breakers, target("a"), { code: "MODEL_RATE_LIMITED" }, 2);
  const targets = [target("a"), target("b"), target("a", "other")];
  assert.deepEqual(targets.map((one) => rests(breakers, one)), [true, false, false]);
});

test("a refused key and a spent account rest all models of the credential, and no other credential (C25)", () => {
  const failures: readonly Failure[] = [
    { code: "MODEL_AUTH" }, { code: "MODEL_REJECTED", status: 402 }, { code: "MODEL_REJECTED", status: 429 },
  ];
  for (const failure of failures) {
    const { breakers } = room();
    fail(breakers, target("a"), failure, 2);
    assert.deepEqual([rests(breakers, target("b")), rests(breakers, target("b", "wire/second"))], [true, false], JSON.stringify(failure));
  }
});

test("a request that was refused for what it holds opens nothing, however often (C25)", () => {
  const { breakers } = room();
  for (const code of ["MODEL_REJECTED", "INTERNAL", "MODEL_NOT_CONFIGURED", "BUDGET_EXCEEDED"] as const) {
    fail(breakers, target("a"), { code, status: 400 }, 20);
  }
  assert.deepEqual(breakers.list(), []);
});

test("each kind opens after its own number of failures in a row; a success between them starts the count again (C25)", () => {
  const kinds: readonly (readonly [keyof typeof BREAKER_LIMITS.failures, ErrorCode])[] = [
    ["auth", "MODEL_AUTH"], ["rate", "MODEL_RATE_LIMITED"], ["server", "MODEL_UNAVAILABLE"], ["silent", "MODEL_TIMEOUT"],
    ["garbled", "MODEL_OUTPUT_INVALID"],
  ];
  for (const [kind, code] of kinds) {
    const { breakers } = room();
    const most = BREAKER_LIMITS.failures[kind];
    fail(breakers, target("a"), { code }, most - 1);
    const good = breakers.ask(target("a"));
    assert.ok(!("kind" in good));
    good.succeeded();
    fail(breakers, target("a"), { code }, most - 1);
    assert.equal(rests(breakers, target("a")), false, kind);
    fail(breakers, target("a"), { code });
    assert.equal(rests(breakers, target("a")), true, kind);
    assert.deepEqual(breakers.list().map((one) => [one.kind, one.code]), [[kind, code]]);
  }
});

test("after its rest one call at a time is let through; one that works closes it for all (C25)", async () => {
  const { clock, breakers } = room();
  fail(breakers, target("a"), { code: "MODEL_UNAVAILABLE" }, 3);
  await clock.advance(4_999);
  assert.equal(rests(breakers, target("a")), true);
  await clock.advance(1);
  const trying = breakers.ask(target("a"));
  assert.ok(!("kind" in trying), "the first may try");
  assert.equal(rests(breakers, target("a")), true, "the second waits for what becomes of it");
  assert.equal(breakers.list()[0]?.trying, true);
  trying.succeeded();
  assert.equal(rests(breakers, target("a")), false);
  assert.deepEqual(breakers.list(), []);
});

test("a try that fails doubles the rest, up to the longest; a try that nobody waited for lets the next one try (C25)", async () => {
  const { clock, breakers } = room();
  fail(breakers, target("a"), { code: "MODEL_UNAVAILABLE" }, 3);
  for (const restMs of [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000]) {
    const [resting] = breakers.list();
    assert.equal((resting?.nextTryAtMs ?? 0) - clock.now(), restMs);
    await clock.advance(restMs);
    const dropped = breakers.ask(target("a"));
    assert.ok(!("kind" in dropped));
    dropped.dropped();
    fail(breakers, target("a"), { code: "MODEL_UNAVAILABLE" });
  }
});

test("a wait the provider asks for is kept, from the first failure on (C25)", async () => {
  const { clock, breakers } = room();
  fail(breakers, target("a"), { code: "MODEL_RATE_LIMITED", retryAfterMs: 47_000 });
  await clock.advance(46_999);
  assert.equal(rests(breakers, target("a")), true);
  await clock.advance(1);
  assert.equal(rests(breakers, target("a")), false);
});

test("calls that began together and fail together count once as the reason of one rest (C25)", () => {
  const { breakers } = room();
  const tickets = Array.from({ length: 50 }, () => breakers.ask(target("a")));
  for (const ticket of tickets) if (!("kind" in ticket)) ticket.failed({ code: "MODEL_RATE_LIMITED", retryAfterMs: 1_000 });
  const [resting] = breakers.list();
  assert.equal(resting?.failures, 1);
  assert.ok((resting?.nextTryAtMs ?? 0) <= Date.UTC(2026, 0, 1) + 5_000, "not doubled fifty times");
});

test("a new key, and a change of the provider's section, end what was learned under the old one (C25)", () => {
  const { breakers } = room();
  fail(breakers, target("a"), { code: "MODEL_AUTH" }, 2);
  breakers.keyChanged("wire");
  assert.equal(rests(breakers, target("a")), false);
  fail(breakers, target("a"), { code: "MODEL_UNAVAILABLE" }, 3);
  assert.equal(rests(breakers, { ...target("a"), section: {} }), false);
});

test("what is remembered is bounded (C25)", () => {
  const { breakers } = room();
  for (let model = 0; model < 1_500; model++) fail(breakers, target(`m${model}`), { code: "MODEL_RATE_LIMITED", retryAfterMs: 60_000 });
  assert.equal(breakers.list().length, BREAKER_LIMITS.kept);
});
