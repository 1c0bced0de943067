import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import type { Claim, Intent } from "@openclaw/sdk";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { createJournal, type NewEvent, type SessionLog } from "../../fabric/journal.ts";
import { openVault } from "../../fabric/vault.ts";
import type { ListenersConfig } from "./config.ts";
import { openFanOut, type FanOut } from "./open-fan-out.ts";
import type { TopicEvent } from "./topic-event.ts";
import { openQueueWatch, type QueueRow } from "./watch-queues.ts";

const SESSION = "agent:main:main";
const call = { id: "c", name: "webhook", arguments: "{}" };
const intent: Intent = { actuator: "outside", to: "ci", kind: "webhook", effect: "unsafe", params: { body: {} }, summary: "POST" };
const decision = { answer: "allow", rule: "outside.standing", reason: "r", label: "owner" } as const;

interface Stage {
  readonly clock: VirtualClock;
  readonly engine: Awaited<ReturnType<typeof openMemoryEngine>>;
  readonly log: SessionLog;
  readonly claim: Claim;
  readonly heard: { readonly listener: string; readonly event: TopicEvent }[];
  /** One whole act: its start and its end. */
  act(stepId: string): Promise<void>;
  open(config: ListenersConfig, deaf?: (listener: string) => Promise<void>): Promise<FanOut>;
}

async function open(t: TestContext): Promise<Stage> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const dir = await mkdtemp(join(tmpdir(), "fan-out-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const journal = createJournal({ engine, vault, clock, ids: systemIds });
  const address = journal.address(SESSION);
  const claim = await engine.log.claim(address.slot, "here");
  const log = await journal.load(address);
  const heard: { listener: string; event: TopicEvent }[] = [];
  const opened: FanOut[] = [];
  t.after(async () => {
    const closing = Promise.all(opened.map((fanOut) => fanOut[Symbol.asyncDispose]()));
    await settle();
    await clock.advance(10_000);
    await closing;
    await engine[Symbol.asyncDispose]();
  });
  return {
    clock, engine, log, claim, heard,
    act: async (stepId) => {
      const started: NewEvent = {
        type: "step.started", label: "owner",
        body: { stepId, kind: "tool", call, intent, effect: "unsafe", invocationId: stepId, nodeId: null, decision },
      };
      const ended: NewEvent = {
        type: "step.ended", label: "outside", body: { stepId, kind: "tool", call, text: "Answered 200.", isError: false, label: "outside" },
      };
      await log.append(claim, "agent:main", [started]);
      await log.append(claim, "agent:main", [ended]);
      for (const fanOut of opened) fanOut.touched(address.slot);
    },
    open: async (config, deaf = async () => {}) => {
      const hear = async (listener: string, event: TopicEvent): Promise<void> => {
        await deaf(listener);
        heard.push({ listener, event });
      };
      const fanOut = openFanOut({
        engine, config, clock, seal: (_, plain) => plain, unseal: (_, sealed) => sealed, log: { warn: () => undefined },
        peek: journal.peek, open: journal.open, sessionKeyOf: async () => SESSION,
        deliver: {
          agent: (listener, _, event) => hear(listener, event), log: hear,
          actuator: (listener, _, params, event) => hear(listener, { ...event, text: JSON.stringify(params) }),
        },
      });
      opened.push(fanOut);
      await fanOut.start();
      return fanOut;
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
}

const topics = (stage: Stage, listener: string): string[] =>
  stage.heard.filter((each) => each.listener === listener).map(({ event }) => event.topic);

test("each listener hears what it follows, in order, from the present on; the outcome knows whose it is (S2.42)", async (t) => {
  const stage = await open(t);
  await stage.act("before");
  await stage.open({
    all: { topics: [">"], to: "log" }, outcomes: { topics: ["outcome.webhook"], to: "log" },
    hook: { topics: ["intent.>"], to: "actuator", actuator: "x", params: { name: "$id.json", deep: { body: "$event" } } },
    itself: { topics: [">"], to: "agent", sessionKey: SESSION },
  });
  await stage.act("one");
  await settle();
  assert.deepEqual(topics(stage, "all"), ["intent.webhook", "outcome.webhook"]);
  assert.deepEqual(topics(stage, "outcomes"), ["outcome.webhook"]);
  assert.deepEqual(topics(stage, "itself"), []);
  const hook = stage.heard.find(({ listener }) => listener === "hook")!.event;
  const params = JSON.parse(hook.text!) as { name: string; deep: { body: TopicEvent } };
  assert.deepEqual([params.name, params.deep.body.topic, params.deep.body.intent?.summary], [`${hook.id}.json`, "intent.webhook", "POST"]);
});

test("whoever dies between an act and its telling: the next one tells it, under the same id (S2.42)", async (t) => {
  const stage = await open(t);
  const config: ListenersConfig = { all: { topics: [">"], to: "log" } };
  const first = await stage.open(config);
  await stage.act("one");
  await settle();
  await first[Symbol.asyncDispose]();
  await stage.act("two"); // nobody reads
  await stage.open(config);
  await settle();
  assert.deepEqual(topics(stage, "all"), ["intent.webhook", "outcome.webhook", "intent.webhook", "outcome.webhook"]);
  assert.equal(new Set(stage.heard.map(({ event }) => event.id)).size, 4);
});

test("what happened in a new part of the log before a place there was ever written down is told after a crash "
  + "(S2.42, S0.16)", async (t) => {
  const stage = await open(t);
  const config: ListenersConfig = { all: { topics: [">"], to: "log" } };
  const first = await stage.open(config);
  await first[Symbol.asyncDispose]();
  await stage.act("one"); // nobody reads
  await stage.open(config);
  await settle();
  assert.deepEqual(topics(stage, "all"), ["intent.webhook", "outcome.webhook"]);
});

test("a listener stalled for ever holds up neither the log nor another listener; beyond what it may retain come dead letters, "
  + "then a count; an alert rises, and falls (S2.41, S2.42)", async (t) => {
  const stage = await open(t);
  const free = Promise.withResolvers<void>();
  const fanOut = await stage.open({
    stalled: { topics: ["intent.>"], to: "log", retainedMax: 10, lagAlertMs: 30_000 },
    healthy: { topics: [">"], to: "log", perMinute: 100_000 },
  }, (listener) => (listener === "stalled" ? free.promise : Promise.resolve()));
  const alerts: QueueRow[] = [];
  using watch = openQueueWatch({
    queues: stage.engine.queues, clock: stage.clock, limitMsOf: () => 30_000, onChange: (row) => alerts.push(row),
  });
  for (let at = 0; at < 50; at += 1) await stage.act(`step-${at}`);
  await settle();
  assert.equal(topics(stage, "healthy").length, 100);
  assert.deepEqual(await stage.engine.queues.depth("listener-stalled").then((found) => [found?.jobs, found?.dead]), [10, 10]);
  assert.equal(fanOut.list().find(({ name }) => name === "stalled")?.dropped, 30);
  await stage.clock.advance(36_000);
  assert.deepEqual(alerts.map(({ queue, lagging }) => [queue, lagging]), [["listener-stalled", true]]);
  free.resolve();
  await settle();
  await stage.clock.advance(6_000);
  assert.equal(topics(stage, "stalled").length, 10);
  await watch.look();
  assert.deepEqual(alerts.map(({ lagging }) => lagging), [true, false]);
});

test("a listener that fails is tried again, then its event is a dead letter with the code (S2.42)", async (t) => {
  const stage = await open(t);
  await stage.open({ broken: { topics: ["intent.>"], to: "log", attemptsMax: 2 } }, async () => {
    throw new OpenClawError("ACTUATOR_FAILED");
  });
  await stage.act("one");
  await settle();
  await stage.clock.advance(5_000);
  await settle();
  const [letter] = await stage.engine.queues.dead("listener-broken");
  assert.deepEqual([letter?.code, letter?.attempts], ["ACTUATOR_FAILED", 2]);
});
