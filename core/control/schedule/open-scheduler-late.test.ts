import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentsConfig } from "../agents.ts";
import { openBench, OWNER_AUTHOR, pass } from "./schedule-world.testing.ts";

const MINUTE = 60_000;
const heartbeats = (told: readonly { readonly event: string }[]): number => told.filter(({ event }) => event === "heartbeat").length;

test("a heartbeat that is configured while the gateway runs begins when the schedule is told of the change (S0.7)", async (t) => {
  const { clock, open } = await openBench(t);
  const agents: { -readonly [name in keyof AgentsConfig]: AgentsConfig[name] } = {};
  const life = await open({ agents });
  await pass(clock, 30 * MINUTE);
  assert.equal(heartbeats(life.told), 0);
  agents.defaults = { heartbeat: { every: "10m" } };
  await life.scheduler.start();
  await pass(clock, 25 * MINUTE, 50);
  assert.equal(heartbeats(life.told), 2);
  await life.close();
});

test("a job that is made in a gateway that had none fires, and is taken up by the next one (S0.7)", async (t) => {
  const { clock, open } = await openBench(t);
  const before = await open();
  const input = { schedule: { kind: "every", everyMs: 10 * MINUTE }, payload: { kind: "agentTurn", message: "look" } };
  const { job } = await before.scheduler.add(input, OWNER_AUTHOR);
  await pass(clock, 15 * MINUTE, 30);
  before.kill();
  const after = await open();
  await pass(clock, 10 * MINUTE, 20);
  assert.deepEqual([before.offered.length, after.offered.length], [1, 1]);
  assert.deepEqual((await after.scheduler.list()).map((stored) => stored.job.id), [job.id]);
  await after.close();
});
