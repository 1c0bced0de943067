/** What stands between an intent and the world, whoever proposed it: schema, target, pace, time, and the rule of its effect. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Actuator, ActuatorEnd, ActuatorLimits, ActuatorRequest } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { configureActuator, type ConfiguredActuator, type ConfigureDeps } from "./configured-actuator.ts";
import { tryIntent } from "./try-intent.ts";

const forever = new AbortController().signal;
const REQUEST: ActuatorRequest = { params: { name: "x" }, idempotencyKey: "k", attempt: 1, sessionKey: null, label: "owner" };
const LIMITS: ActuatorLimits = { perMinute: 60_000, concurrency: 4, timeoutMs: 1_000, attemptsMax: 3 };

interface Bench { readonly clock: VirtualClock; readonly configured: ConfiguredActuator; readonly attempts: number[] }

function open(limits: Partial<ActuatorLimits>, carryOut: (attempt: number, signal: AbortSignal) => Promise<ActuatorEnd>): Bench {
  const clock = new VirtualClock();
  const attempts: number[] = [];
  const actuator: Actuator = {
    id: "fake", label: "Fake", tool: { name: "fake", summary: "Acts." }, config: { type: "object" }, limits: { ...LIMITS, ...limits },
    params: { type: "object", additionalProperties: false, required: ["name"], properties: { name: { type: "string", maxLength: 8 } } },
    judge: (params) => {
      const { name } = params as { readonly name: string };
      return name === "away" ? { refused: "Not there." } : { effect: "unsafe", summary: "acts" };
    },
    open: () => ({
      carryOut: async ({ attempt }, signal) => {
        attempts.push(attempt);
        return await carryOut(attempt, signal);
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
  const lend = {} as ConfigureDeps["lend"];
  return { clock, attempts, configured: configureActuator({ name: "one", section: { use: "fake" }, actuator, clock, lend }) };
}

const done: ActuatorEnd = { ok: true, payload: "done" };

test("an actuator checks parameters and target by itself, whoever has checked them before (S2.40)", () => {
  const { configured } = open({}, async () => done);
  for (const params of [{}, { name: 1 }, { name: "much too long" }, { name: "x", more: 1 }, null, "x"]) {
    assert.throws(() => configured.judge(params), (error) => hasCode(error, "ACTUATOR_INTENT_INVALID"), JSON.stringify(params));
  }
  assert.throws(() => configured.judge({ name: "away" }), (error) => hasCode(error, "ACTUATOR_TARGET_FORBIDDEN"));
  assert.deepEqual(configured.judge({ name: "x" }), { effect: "unsafe", summary: "acts" });
});

test("attempts keep the pace: so many at once, so many a minute, and one that hangs holds its place until it is over (S2.40)", async () => {
  const gates: (() => void)[] = [];
  const held = (): Promise<ActuatorEnd> => new Promise((resolve) => gates.push(() => resolve(done)));
  const { clock, configured, attempts } = open({ concurrency: 2, perMinute: 60 }, held);
  const all = Array.from({ length: 8 }, () => configured.attempt(REQUEST, forever));
  await clock.advance(0);
  assert.deepEqual([attempts.length, configured.running, configured.waiting], [2, 2, 6], "two at once");
  await clock.advance(5_000);
  assert.deepEqual([attempts.length, configured.running], [2, 2], "nobody takes the place of what still goes on, given up or not");
  const letGo = async (): Promise<void> => {
    for (const open of gates.splice(0)) open();
    await clock.advance(0);
  };
  await letGo();
  for (let second = 0; second < 8; second++) {
    await letGo();
    await clock.advance(1_000);
  }
  await letGo();
  assert.equal(attempts.length, 8);
  await Promise.all(all);
});

test("the rate of a minute holds though nobody else is under way (S2.40)", async () => {
  const { clock, configured, attempts } = open({ perMinute: 60, concurrency: 100 }, async () => done);
  const all = Array.from({ length: 20 }, () => configured.attempt(REQUEST, forever));
  await clock.advance(0);
  assert.equal(attempts.length, 6, "a burst of a tenth of a minute");
  await clock.advance(5_000);
  assert.equal(attempts.length, 11, "then one a second");
  await clock.advance(10_000);
  assert.equal((await Promise.all(all)).length, 20);
});

test("an attempt that does not end has a time, and may have reached the world (S2.38)", async () => {
  const { clock, configured } = open({}, () => new Promise(() => undefined));
  const waiting = configured.attempt(REQUEST, forever);
  await clock.advance(2_000);
  const end = await waiting;
  assert.ok(!end.ok);
  assert.deepEqual([end.code, end.sent, end.again], ["ACTUATOR_TIMEOUT", true, true]);
});

test("what may be done again is tried again; what was sent and must not happen twice is not (S2.38, S2.41)", async () => {
  const cases: readonly (readonly ["idempotent" | "unsafe", sent: boolean, answered: boolean, attempts: number, code: string])[] = [
    ["idempotent", true, true, 3, "ACTUATOR_FAILED"], ["unsafe", false, false, 3, "ACTUATOR_FAILED"],
    ["unsafe", true, false, 1, "OUTCOME_UNKNOWN"], ["unsafe", true, true, 1, "ACTUATOR_FAILED"],
  ];
  for (const [effect, sent, answered, expected, code] of cases) {
    const away: ActuatorEnd = { ok: false, code: "ACTUATOR_FAILED", why: "Away.", sent, answered, again: true };
    const { clock, configured, attempts } = open({}, async () => away);
    const trying = tryIntent(configured, effect, REQUEST, { clock, ids: systemIds }, forever);
    trying.catch(() => undefined);
    await clock.advance(60_000);
    await assert.rejects(trying, (error) => hasCode(error, code as "ACTUATOR_FAILED"));
    assert.deepEqual(attempts, Array.from({ length: expected }, (_, at) => at + 1), `${effect}, sent: ${sent}`);
  }
});
