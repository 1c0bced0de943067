import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { Actuator, ActuatorEnd, ActuatorRequest, Engine, Intent } from "@openclaw/sdk";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { ActuatorsConfig } from "./actuators-config.ts";
import type { IntentOrder } from "./carry-out.ts";
import type { HandedEnd } from "./handed-over.ts";
import { openActuators, type Actuators } from "./open-actuators.ts";

const forever = new AbortController().signal;
type Answer = (request: ActuatorRequest, signal: AbortSignal) => Promise<ActuatorEnd> | ActuatorEnd;

/** A fake actuator: what it is told to do is what the test says. */
function fake(answer: Answer): Actuator {
  return {
    id: "fake", label: "Fake", tool: { name: "fake", summary: "Does as told." },
    config: { type: "object", additionalProperties: false, properties: { only: { type: "string", maxLength: 8 } } },
    params: {
      type: "object", additionalProperties: false, required: ["what"],
      properties: { what: { type: "string", maxLength: 64 }, effect: { enum: ["read", "idempotent", "unsafe"] } },
    },
    limits: { perMinute: 60_000, concurrency: 2, timeoutMs: 1_000, attemptsMax: 3 },
    judge: (params) => {
      const { what, effect = "idempotent" } = params as { what: string; effect?: "read" | "idempotent" | "unsafe" };
      return what === "forbidden" ? { refused: "Not that." } : { effect, summary: what };
    },
    open: () => ({ carryOut: async (request, signal) => answer(request, signal), [Symbol.asyncDispose]: async () => {} }),
  };
}

interface Desk {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly actuators: Actuators;
  readonly requests: ActuatorRequest[];
  readonly told: { readonly id: string; readonly end: HandedEnd }[];
}

async function open(t: TestContext, answer: Answer, config: ActuatorsConfig = { it: { use: "fake" } }): Promise<Desk> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const requests: ActuatorRequest[] = [];
  const told: { id: string; end: HandedEnd }[] = [];
  const actuator = fake((request, signal) => {
    requests.push(request);
    return answer(request, signal);
  });
  const actuators = await openActuators({
    config, load: async () => actuator, queues: engine.queues, records: engine.records, seal: (_, plain) => plain,
    unseal: (_, sealed) => sealed, clock, ids: systemIds, lend: {} as never, log: { warn: () => undefined },
    onEnd: async (id, _, end) => void told.push({ id, end }),
  });
  t.after(async () => {
    const closing = actuators[Symbol.asyncDispose]();
    await settle();
    await clock.advance(10_000); // what is stuck is not waited for
    await closing;
    await engine[Symbol.asyncDispose]();
  });
  return { clock, engine, actuators, requests, told };
}

type More = Partial<IntentOrder> & { readonly handOver?: true; readonly to?: string; readonly effect?: "unsafe" };

const order = (params: object, more: More = {}): IntentOrder => {
  const { handOver, to = "it", effect, ...rest } = more;
  const intent: Intent = {
    actuator: "outside", to, kind: "fake", effect: effect ?? "idempotent",
    params: { ...params, ...(effect === undefined ? {} : { effect }) },
    summary: "s", ...(handOver === undefined ? {} : { handOver }),
  };
  const fence = { slot: 1, epoch: 1 };
  return { invocationId: "inv-1", intent, nodeId: null, sessionKey: "agent:main:main", label: "owner", fence, ...rest };
};

const ok: ActuatorEnd = { ok: true, payload: "done" };
const later = (sent: boolean): ActuatorEnd => ({ ok: false, code: "ACTUATOR_FAILED", why: "busy", sent, again: true });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
}

test("the actuator checks for itself: schema, its own rules, the declared effect, the name (S2.40)", async (t) => {
  const { actuators, requests } = await open(t, () => ok);
  const cases: readonly (readonly [IntentOrder, string])[] = [
    [order({ what: 7 }), "ACTUATOR_INTENT_INVALID"], [order({ what: "x", more: 1 }), "ACTUATOR_INTENT_INVALID"],
    [order({ what: "forbidden" }), "ACTUATOR_TARGET_FORBIDDEN"], [order({ what: "x", effect: "unsafe" }), "ACTUATOR_INTENT_INVALID"],
    [order({ what: "x" }, { to: "other" }), "ACTUATOR_UNKNOWN"],
  ];
  for (const [wrong, code] of cases) await assert.rejects(actuators.carryOut(wrong, forever), { code });
  assert.deepEqual(requests, []);
  assert.equal(await actuators.carryOut(order({ what: "x" }), forever), "done");
});

test("without configuration there is no tool; with it there is one for each kind, and `to` where there are several (S2.39)", async (t) => {
  assert.deepEqual((await open(t, () => ok, {})).actuators.tools, []);
  const one = (await open(t, () => ok)).actuators.tools;
  assert.deepEqual(one.map(({ name }) => name), ["fake"]);
  assert.equal(one[0]!.args.properties?.["to"], undefined);
  const config = { a: { use: "fake" }, b: { use: "fake", unasked: true }, broken: { use: "fake", what: 1 } as never };
  const [two] = (await open(t, () => ok, config)).actuators.tools;
  assert.ok(two !== undefined && two.effect !== "none");
  assert.deepEqual([two.args.properties?.["to"]?.enum, two.args.required], [["a", "b"], ["what", "to"]]);
  const proposed = two.propose({ what: "x", to: "b", async: true }, {} as never);
  const { handOver, unasked, params } = proposed as Extract<Intent, { actuator: "outside" }>;
  assert.deepEqual([handOver, unasked, params], [true, true, { what: "x" }]);
});

test("what may be repeated is tried again with the same key; an unsafe one that was sent never is (S2.38)", async (t) => {
  let answers: ActuatorEnd[] = [];
  const { actuators, requests, clock } = await open(t, () => answers.shift() ?? ok);
  answers = [later(true), later(true)];
  const tried = actuators.carryOut(order({ what: "x" }), forever);
  for (let at = 0; at < 2; at += 1) {
    await settle();
    await clock.advance(1_000);
  }
  assert.equal(await tried, "done");
  assert.deepEqual(requests.map(({ idempotencyKey, attempt }) => [idempotencyKey, attempt]), [["inv-1", 1], ["inv-1", 2], ["inv-1", 3]]);

  requests.length = 0;
  answers = [later(true)];
  await assert.rejects(actuators.carryOut(order({ what: "x" }, { effect: "unsafe" }), forever), { code: "OUTCOME_UNKNOWN" });
  assert.equal(requests.length, 1);
  answers = [{ ...later(true), answered: true } as ActuatorEnd];
  await assert.rejects(actuators.carryOut(order({ what: "x" }, { effect: "unsafe" }), forever), { code: "ACTUATOR_FAILED" });
  answers = [later(false)]; // certainly not sent
  const unsent = actuators.carryOut(order({ what: "x" }, { effect: "unsafe" }), forever);
  await settle();
  await clock.advance(1_000);
  assert.equal(await unsent, "done");
});

test("after a crash an unsafe intent is unknown and not repeated, an idempotent one is carried out again (S2.38)", async (t) => {
  const { actuators, requests } = await open(t, () => ok);
  await assert.rejects(actuators.carryOut(order({ what: "x" }, { effect: "unsafe", resumed: true }), forever), { code: "OUTCOME_UNKNOWN" });
  assert.equal(requests.length, 0);
  assert.equal(await actuators.carryOut(order({ what: "x" }, { resumed: true }), forever), "done");
});

test("an attempt past its time is over for its caller and keeps its place until it really ends (S2.40)", async (t) => {
  const config = { it: { use: "fake", limits: { attemptsMax: 1, waitingMax: 1 } } };
  const { actuators, clock } = await open(t, () => new Promise(() => {}), config);
  const stuck = [1, 2].map(() => actuators.carryOut(order({ what: "x" }), forever).catch((error: unknown) => error));
  await settle();
  await clock.advance(1_250);
  for (const end of await Promise.all(stuck)) assert.ok(hasCode(end, "ACTUATOR_TIMEOUT"));
  assert.equal(actuators.list()[0]!.running, 2);
  void actuators.carryOut(order({ what: "x" }), forever).catch(() => undefined);
  await assert.rejects(actuators.carryOut(order({ what: "x" }), forever), { code: "BACKPRESSURE" });
});

test("what is handed over ends once, is told once, and is not done again when its step is resumed long after (S2.41, S1.20)", async (t) => {
  const { actuators, clock, requests, told } = await open(t, () => ok);
  const handed = order({ what: "x" }, { handOver: true, effect: "unsafe" });
  assert.deepEqual(await actuators.carryOut(handed, forever), { handedOver: "inv-1", queue: "actuator-it" });
  await settle();
  await clock.advance(3_600_000); // the engine has forgotten the id
  await actuators.carryOut({ ...handed, resumed: true }, forever);
  await settle();
  assert.equal(requests.length, 1);
  assert.deepEqual(told.map(({ id, end }) => [id, end.ok]), [["inv-1", true]]);
});

test("one actuator stalled for ever: another's work and the caller's go on as without it, and what waits is bounded "
  + "(S2.41)", async (t) => {
  const config = { it: { use: "fake" }, stuck: { use: "fake", limits: { timeoutMs: 3_600_000, queueJobsMax: 50 } } };
  const { actuators, engine, told } = await open(t, ({ params }) =>
    (params as { what: string }).what === "stall" ? new Promise(() => {}) : ok, config);
  let full = 0;
  for (let at = 0; at < 200; at += 1) {
    const handed = { handOver: true as const, invocationId: `stuck-${at}`, to: "stuck" };
    await actuators.carryOut(order({ what: "stall" }, handed), forever).catch((error: unknown) => {
      assert.ok(hasCode(error, "BACKPRESSURE"));
      full += 1;
    });
    await actuators.carryOut(order({ what: "go" }, { handOver: true, invocationId: `go-${at}` }), forever);
    assert.equal(await actuators.carryOut(order({ what: "go" }, { invocationId: `now-${at}` }), forever), "done");
  }
  await settle();
  assert.equal(full, 150);
  assert.equal(told.filter(({ end }) => end.ok).length, 200);
  assert.deepEqual(await engine.queues.depth("actuator-stuck").then((found) => [found?.jobs, found?.dead]), [50, 0]);
  assert.equal(await engine.queues.depth("actuator-it"), null);
});
