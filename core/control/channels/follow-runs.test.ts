/** What a person sees of a turn before its answer, and that the answer is the same whatever they saw. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveEvent } from "../../cognition/runtime.ts";
import { openRoom, type RoomOfTest } from "./channels-world.testing.ts";

const live = ({ room, clock, offered }: RoomOfTest, stream: LiveEvent["stream"], data: LiveEvent["data"]): void => room.live({
  runId: offered.at(-1)?.idempotencyKey ?? "", sessionKey: "agent:main:main", agentId: "main", stream, seq: 1, ts: clock.now(), data,
});
const answer = (world: RoomOfTest, text: string): Promise<void> => world.deliver(text, {
  from: { sessionKey: "agent:main:main", agentId: "main", runId: world.offered.at(-1)?.idempotencyKey ?? "" },
});
const edits = ({ messenger }: RoomOfTest): readonly string[] =>
  messenger.calls.filter(({ kind }) => kind === "edit").map(({ text }) => text);
const typed = ({ messenger }: RoomOfTest): number => messenger.calls.filter(({ kind }) => kind === "typing").length;

async function begun(config = {}) {
  const world = await openRoom({ allowFrom: [1], ...config });
  world.owners = ["1"];
  await world.say({ text: "tell me" });
  live(world, "lifecycle", { phase: "start" });
  return world;
}

test("an answer is shown while it is written, by changing one message no faster than the messenger takes it, and ends as it would "
  + "have without "
  + "(S1.8, S4.26)", async () => {
  const world = await begun();
  for (let at = 0; at < 40; at += 1) {
    live(world, "assistant", { delta: `${at} ` });
    await world.clock.advance(200);
  }
  assert.ok(edits(world).length >= 3 && edits(world).length <= 5, `${edits(world).length} changes in 8 seconds`);
  assert.ok(edits(world).every((text, n) => n === 0 || text.startsWith(edits(world)[n - 1] ?? "")));
  live(world, "lifecycle", { phase: "end" });
  const whole = Array.from({ length: 40 }, (_, at) => `${at} `).join("");
  await answer(world, whole);
  await world.clock.advance(60_000);
  assert.deepEqual(world.messenger.shown("1"), [whole]);
  const plain = await begun({ streaming: "off" });
  live(plain, "assistant", { delta: "0 " });
  await plain.clock.advance(10_000);
  assert.deepEqual(plain.messenger.shown("1"), []);
  await answer(plain, whole);
  assert.deepEqual(plain.messenger.shown("1"), [whole]);
  await world.close();
  await plain.close();
});

test("a quick answer comes at once and whole; after a tool its words begin anew", async () => {
  const world = await begun();
  live(world, "assistant", { delta: "yes" });
  await world.clock.advance(100);
  await answer(world, "yes");
  assert.deepEqual(edits(world), ["yes"]);
  await world.say({ text: "and" });
  live(world, "assistant", { delta: "I look." });
  await world.clock.advance(3_000);
  live(world, "tool", { phase: "start" });
  live(world, "assistant", { delta: "Found." });
  await world.clock.advance(3_000);
  assert.deepEqual(edits(world), ["yes", "I look.", "Found."]);
  await world.close();
});

test("typing is shown while a turn runs, and ends with it, with an error, and while it waits for a person", async () => {
  for (const end of [{ phase: "end" }, { phase: "error", code: "MODEL_AUTH" }]) {
    const world = await begun();
    await world.clock.advance(20_000);
    const shown = typed(world);
    assert.ok(shown >= 4, `${shown}`);
    live(world, "approval", { phase: "pending", approvalId: "ap1", title: "rm -rf /" });
    await world.clock.advance(20_000);
    assert.equal(typed(world), shown);
    live(world, "approval", { phase: "resolved", approvalId: "ap1" });
    await world.clock.advance(10_000);
    const more = typed(world);
    assert.ok(more > shown);
    live(world, "lifecycle", end);
    await world.clock.advance(60_000);
    assert.equal(typed(world), more);
    await world.close();
  }
});

test("while a turn waits for an approval its reader is told so and where to answer: the owner in private what for, nobody "
  + "else", async () => {
  const world = await begun();
  live(world, "approval", { phase: "pending", approvalId: "ap1", title: "rm -rf /tmp/x" });
  live(world, "approval", { phase: "pending", approvalId: "ap1", title: "rm -rf /tmp/x" });
  await world.clock.advance(5_000);
  assert.equal(world.messenger.shown("1").length, 1);
  assert.match(world.messenger.shown("1")[0] ?? "", /waits for your approval: rm -rf \/tmp\/x\n\n.*\/approve ap1 allow-once/);
  world.owners = [];
  await world.say({ text: "and I?" });
  live(world, "approval", { phase: "pending", approvalId: "ap2", title: "rm -rf /tmp/y" });
  await world.clock.advance(5_000);
  assert.match(world.messenger.shown("1")[1] ?? "", /waits for the owner's approval/);
  assert.ok(!world.messenger.shown("1").join("").includes("/tmp/y"));
  await world.close();
});
