import { setTimeout as wait } from "node:timers/promises";
import { nowMs, openConnection, runTurn, type Connection } from "../connection.ts";
import { bytesBelow } from "../disk.ts";
import { openBenchGateway, untilNode, type BenchGateway } from "../gateway.ts";
import type { Bench, Measure } from "../measure.ts";
import { openModel, type Model } from "../stand.ts";
import { forgetOrder, measureFirst, measureLists, measureOlder } from "./list.ts";
import { PSS_WITHHELD } from "../processes.ts";
import { quantile, slopeOf } from "../statistics.ts";

const CONNECTIONS = 8;
const IN_PARALLEL = 64;
const PROBES = 150;
/** Longer than the gateway takes between two looks at who sleeps. */
const ASLEEP_MS = 17_000;
const READY_MS_MAX = 30_000;
/** Seconds between two looks at the event loop under load. */
const LOOK_EVERY = 10;

/** Sessions in memory: what each costs, and whether the others feel it. */
export const live: Measure = {
  name: "live",
  about: "the own time of a turn beside sessions that are in memory and quiet",
  limitMs: 120_000,
  run: async (bench) => {
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: { ...(model.config as object), session: { dormantAfterMs: 86_400_000 } } });
    const { connection } = await gateway.start();
    await untilNode(connection, (node) => node.displayName === "local");
    for (let at = 0; at < 50; at += 1) await runTurn(connection, "live-0", "hello");
    await wait(1_000);
    const before = gateway.memory().pssMb;
    let have = 1;
    for (const sessions of [1, 64, 1_000, 5_000] as const) {
      await eachOnce(gateway, have, sessions, (at) => `live-${at}`);
      have = sessions;
      const own = await ownTimes(connection, model, Array.from({ length: bench.count(PROBES) }, (_, at) => `live-${(at * 37) % sessions}`));
      bench.put(`live.${sessions}.p50`, quantile(own, 0.5), `${own.length} turns`);
      bench.put(`live.${sessions}.p99`, quantile(own, 0.99));
    }
    const after = gateway.memory().pssMb;
    if (before === undefined || after === undefined) bench.lack("live.session", PSS_WITHHELD);
    else bench.put("live.session", ((after - before) * 1_024) / have, `growth of PSS with ${have} sessions`);
    connection.close();
  },
};

/** Sessions on disk: what each costs, and what it takes to wake one. */
export const dormant: Measure = {
  name: "dormant",
  about: "sessions that nobody uses, each with one turn in its log; the list of them",
  limitMs: 450_000,
  run: async (bench) => {
    await using model = await openModel();
    const session = { dormantAfterMs: 100, liveMax: 1_000 };
    await using gateway = await openBenchGateway({ config: { ...(model.config as object), session } });
    let { connection } = await gateway.start();
    await untilNode(connection, (node) => node.displayName === "local");
    await eachOnce(gateway, 0, 500, (at) => `warm-${at}`);
    await wait(ASLEEP_MS);
    const before = { pss: gateway.memory().pssMb, disk: bytesBelow(gateway.stateDir) };
    const sessions = bench.quick ? 5_000 : 100_000;
    await eachOnce(gateway, 0, sessions, (at) => `dormant-${at}`);
    await wait(ASLEEP_MS);
    const after = { pss: gateway.memory().pssMb, disk: bytesBelow(gateway.stateDir) };
    if (before.pss === undefined || after.pss === undefined) bench.lack("dormant.memory", PSS_WITHHELD);
    else bench.put("dormant.memory", ((after.pss - before.pss) * 1_024) / sessions, `growth of PSS with ${sessions} sessions`);
    bench.put("dormant.disk", (after.disk - before.disk) / 1_024 / sessions);
    await measureWaking(bench, connection, model, sessions);
    await measureLists(bench, gateway, connection, sessions);
    connection.close();
    await gateway.kill();
    const killedMs = nowMs();
    ({ connection } = await gateway.start());
    bench.put("dormant.hello", nowMs() - killedMs, `kill -9 beside ${sessions} sessions`);
    await untilReady(gateway);
    bench.put("dormant.ready", nowMs() - killedMs);
    await measureFirst(bench, connection);
    connection.close();
    await gateway.stop();
    forgetOrder(gateway.stateDir);
    ({ connection } = await gateway.start());
    await measureOlder(bench, gateway, connection);
    connection.close();
  },
};

async function measureWaking(bench: Bench, connection: Connection, model: Model, sessions: number): Promise<void> {
  const step = Math.max(1, Math.floor(sessions / 500));
  const keyOf = (at: number): string => `dormant-${(at * step) % sessions}`;
  const read: number[] = [];
  for (let at = 0; at < bench.count(200); at += 1) {
    const began = performance.now();
    await connection.call("chat.history", { sessionKey: keyOf(at), limit: 10 });
    read.push(performance.now() - began);
  }
  bench.put("dormant.wake.p50", quantile(read, 0.5), `${read.length} sessions`);
  bench.put("dormant.wake.p99", quantile(read, 0.99));
  const own = await ownTimes(connection, model, Array.from({ length: bench.count(200) }, (_, at) => keyOf(250 + at)));
  bench.put("dormant.turn.p50", quantile(own, 0.5));
  bench.put("dormant.turn.p99", quantile(own, 0.99));
}

/** The same load for a long time: memory must not follow it. */
export const soak: Measure = {
  name: "soak",
  about: "500 sessions, 64 turns at a time, for a minute",
  limitMs: 150_000,
  run: async (bench) => {
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    const { connection } = await gateway.start();
    await untilNode(connection, (node) => node.displayName === "local");
    let turns = 0;
    let over = false;
    const connections = await openConnections(gateway);
    const workers = Promise.all(Array.from({ length: IN_PARALLEL }, async (_, at) => {
      const own = connections[at % connections.length];
      for (let round = 0; !over && own !== undefined; round += 1, turns += 1) {
        await runTurn(own, `soak-${(at + round * IN_PARALLEL) % 500}`, "hello");
      }
    }));
    let failure: Error | undefined;
    workers.catch(async (error: Error) => {
      await wait(500); // a process that died is known to have after its connections are
      // What it wrote last tells more than a lost connection.
      failure = new Error(gateway.died() ?? `${error.message}\n${gateway.toldOfEnds()}`);
    });
    await wait(bench.quick ? 3_000 : 20_000);
    await loopDelay(connection);
    const [began, cpuBefore, turnsBefore] = [performance.now(), gateway.cpuMs(), turns];
    const samples: { readonly x: number; readonly y: number }[] = [];
    const delays: number[] = [];
    for (let at = 1, count = bench.count(60); at <= count; at += 1) {
      await wait(1_000);
      if (failure !== undefined) throw failure;
      const { pssMb } = gateway.memory();
      if (pssMb !== undefined) samples.push({ x: turns, y: pssMb * 1_024 });
      if (at % LOOK_EVERY !== 0 && at < count) continue;
      const p99 = await loopDelay(connection);
      if (p99 !== undefined) delays.push(p99);
    }
    const seconds = (performance.now() - began) / 1_000;
    const [did, cpuMs] = [turns - turnsBefore, gateway.cpuMs() - cpuBefore];
    over = true;
    await workers.catch(() => wait(1_000));
    if (failure !== undefined) throw failure;
    if (samples.length < 2) bench.lack("soak.slope", PSS_WITHHELD);
    // The first half still fills what the program may hold.
    else {
      const second = samples.slice(samples.length >> 1); // the first half still fills what may be held
      bench.put("soak.slope", slopeOf(second) * 1_000, `second half of ${did} turns in ${Math.round(seconds)} s`);
    }
    if (delays.length === 0) bench.lack("soak.loop", "the gateway had not measured long enough");
    else bench.put("soak.loop", Math.max(...delays), `the worst of ${delays.length} looks`);
    bench.put("soak.turns", did / seconds);
    bench.put("soak.core", did / (cpuMs / 1_000), "turns a second of CPU of the gateway's tree");
    for (const each of [connection, ...connections]) each.close();
  },
};

/** Of the time since it was asked last; the gateway stops measuring a minute after that. */
async function loopDelay(connection: Connection): Promise<number | undefined> {
  const { eventLoop } = (await connection.call("status", {})) as { readonly eventLoop: { readonly delayMs?: { readonly p99: number } } };
  return eventLoop.delayMs?.p99;
}

function openConnections(gateway: BenchGateway): Promise<readonly Connection[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(gateway)));
}

/** One turn in each session, many side by side. */
async function eachOnce(gateway: BenchGateway, from: number, to: number, keyOf: (at: number) => string): Promise<void> {
  const connections = await openConnections(gateway);
  let next = from;
  await Promise.all(Array.from({ length: IN_PARALLEL }, async (_, worker) => {
    const connection = connections[worker % connections.length];
    while (next < to && connection !== undefined) await runTurn(connection, keyOf(next++), "hello");
  }));
  for (const connection of connections) connection.close();
}

let named = 0;

/** Of turns one after another, what is left when the time the model held them is taken off. */
async function ownTimes(connection: Connection, model: Model, keys: readonly string[]): Promise<readonly number[]> {
  await model.held();
  const times: { readonly id: string; readonly totalMs: number }[] = [];
  for (const key of keys) {
    const id = `scale-${(named += 1)}`;
    times.push({ id, totalMs: (await runTurn(connection, key, `hello [[id ${id}]]`)).totalMs });
  }
  const held = await model.held();
  return times.map(({ id, totalMs }) => totalMs - (held[id] ?? []).reduce((sum, { arrivedMs, endedMs }) => sum + endedMs - arrivedMs, 0));
}

async function untilReady({ port }: BenchGateway): Promise<void> {
  for (const began = nowMs(); nowMs() - began < READY_MS_MAX; await wait(10)) {
    const { ok } = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => ({ ok: false }));
    if (ok) return;
  }
  throw new Error("the gateway did not become ready");
}
