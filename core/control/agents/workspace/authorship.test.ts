import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openMemoryEngine } from "../../../fabric/engine.ts";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { createAuthorship, type Authorship } from "./authorship.ts";

interface Setting {
  readonly clock: VirtualClock;
  readonly first: Authorship;
  /** As after a restart. */
  again(): Authorship;
}

async function open(t: TestContext): Promise<Setting> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  t.after(() => engine[Symbol.asyncDispose]());
  const plain = (_: string, bytes: Uint8Array): Uint8Array => bytes;
  const again = (): Authorship => createAuthorship({ records: engine.records, seal: plain, unseal: plain, clock });
  return { clock, first: again(), again };
}

const look = async (authorship: Authorship, content: string, agentId = "main"): Promise<string | undefined> =>
  (await authorship.labelsOf(agentId, new Map([["SOUL.md", Buffer.from(content)]]))).get("SOUL.md");

test("what changes while no effect was noted is the owner's; what changes after one carries its label, also after a restart "
  + "(S2.38)", async (t) => {
  const { first, again } = await open(t);
  assert.equal(await look(first, "a"), "owner");
  assert.equal(await look(first, "b"), "owner", "an editor");
  await (await first.note("agent", false))();
  assert.equal(await look(again(), "c"), "agent");
  assert.equal(await look(again(), "c"), "agent", "it stays what it is");
  assert.equal(await look(again(), "d"), "owner", "nothing was noted since");
  const last = again();
  await (await last.note("outside", false))();
  await last.owned("main", "SOUL.md", Buffer.from("e"));
  assert.equal(await look(last, "e"), "owner");
});

test("an effect that is under way when a look is taken counts for what it writes afterwards (S2.38)", async (t) => {
  const { first, again } = await open(t);
  await look(first, "a");
  const done = await first.note("outside", false);
  assert.equal(await look(first, "a"), "owner");
  await done();
  assert.equal(await look(again(), "b"), "outside");
});

test("the least trusted of all that was noted counts, and each agent looks for itself (S2.38)", async (t) => {
  const { first } = await open(t);
  await look(first, "a");
  await look(first, "a", "other");
  await (await first.note("agent", false))();
  await (await first.note("outside", false))();
  await (await first.note("owner", false))();
  assert.equal(await look(first, "b"), "outside");
  await (await first.note("outside", false))();
  assert.equal(await look(first, "b", "other"), "outside");
});

test("what goes on writing for itself counts for a day (S2.38)", async (t) => {
  const { first, clock } = await open(t);
  await (await first.note("outside", true))();
  await look(first, "a");
  await clock.advance(3_600_000);
  assert.equal(await look(first, "b"), "outside");
  await clock.advance(86_400_000);
  assert.equal(await look(first, "c"), "owner");
});

test("a workspace is seeded once, and an agent that is gone leaves nothing (S4.12)", async (t) => {
  const { first, again } = await open(t);
  assert.equal(await first.wasSeeded("main"), false);
  await first.seeded("main");
  assert.equal(await again().wasSeeded("main"), true);
  const later = again();
  await later.forget("main");
  assert.equal(await again().wasSeeded("main"), false);
});
