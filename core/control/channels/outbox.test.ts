/** Each message once, whole and in order, whatever dies in between and however slow the messenger is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { openRoom, type FakeFate, type RoomOfTest } from "./channels-world.testing.ts";
import { OUTBOX_LIMITS } from "./outbox.ts";

const LONG = `${"a".repeat(300)}${"b".repeat(300)}c`;
const again = (retryAfterMs?: number): FakeFate => ({
  ok: false, outcome: "again", why: "too many", ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** The session's log brings an outcome again until it is told that it has arrived. */
async function deliverOverDeaths(world: RoomOfTest, text: string): Promise<number> {
  for (let deaths = 0; ; deaths += 1) {
    const done = world.deliver(text).then(() => true);
    await world.clock.advance(60_000);
    if (await Promise.race([done, Promise.resolve(false)])) return deaths;
    await world.reopen();
  }
}

test("an answer is placed, then made to say its text: died at whichever call, before or after it took effect, people see it once and "
  + "whole, "
  + "with an empty message at worst (S1.8, C1, C2)", async () => {
  for (const fate of ["dies-before", "dies-after"] as const) {
    for (let at = 0; at < 6; at += 1) {
      const world = await openRoom();
      world.messenger.fates.push(...Array.from({ length: at }, () => undefined as unknown as FakeFate), fate);
      assert.equal(await deliverOverDeaths(world, LONG), 1, `${fate} ${at}`);
      const said = world.messenger.shown("1").filter((text) => text !== "…");
      assert.deepEqual(said, ["a".repeat(300), "b".repeat(300), "c"], `${fate} ${at}`);
      assert.ok(world.messenger.shown("1").length <= 4);
      await world.deliver(LONG);
      assert.equal(world.messenger.shown("1").filter((text) => text !== "…").length, 3, "what has arrived is not brought again");
      await world.close();
    }
  }
});

test("where messages cannot be changed, one of which nobody knows is held for a person, who sends it again or forgets it "
  + "(S1.8)", async () => {
  for (const fate of ["dies-before", "dies-after", "takes-and-is-unsure"] as const) {
    const world = await openRoom({}, { canEdit: false });
    world.messenger.fates.push(fate);
    assert.equal(await deliverOverDeaths(world, "the **answer**"), fate === "takes-and-is-unsure" ? 0 : 1);
    const taken = fate === "dies-before" ? [] : ["the **answer**"];
    assert.deepEqual(world.messenger.shown("1"), taken);
    const [held] = world.room.outbox.held();
    assert.deepEqual([held?.text, held?.at.to], ["the **answer**", "1"], "as it was written");
    assert.deepEqual(world.room.issues().map(({ kind }) => kind), ["unsure"]);
    await world.reopen();
    await world.room.outbox.settle(held?.id ?? "", fate === "dies-before" ? "resend" : "discard");
    await world.clock.advance(10_000);
    assert.deepEqual(world.messenger.shown("1"), ["the **answer**"]);
    assert.deepEqual(world.room.outbox.held(), []);
    await assert.rejects(world.room.outbox.settle(held?.id ?? "", "resend"), (error) => hasCode(error, "NOT_FOUND"));
    await world.close();
  }
});

test("with the policy again it is sent again; what certainly was not sent always is", async () => {
  const world = await openRoom({ unsure: "again" }, { canEdit: false });
  world.messenger.fates.push("dies-after");
  assert.equal(await deliverOverDeaths(world, "twice at worst"), 1);
  assert.deepEqual(world.messenger.shown("1"), ["twice at worst", "twice at worst"]);
  const careful = await openRoom({}, { canEdit: false });
  careful.messenger.fates.push(again(), again());
  assert.equal(await deliverOverDeaths(careful, "once"), 0);
  await careful.reopen();
  assert.equal(await deliverOverDeaths(careful, "once"), 0);
  careful.messenger.fates.push(...Array.from({ length: OUTBOX_LIMITS.attempts }, () => again()));
  const late = { from: { sessionKey: "s", agentId: "main", runId: "late" } };
  const given = assert.rejects(careful.deliver("late", late), (error) => hasCode(error, "CHANNEL_DOWN"));
  await careful.clock.advance(300_000);
  await given;
  await careful.reopen();
  await careful.deliver("late", late);
  assert.deepEqual(careful.messenger.shown("1"), ["once", "late"]);
  assert.deepEqual(careful.room.outbox.held(), []);
  await world.close();
  await careful.close();
});

test("a messenger that says wait is asked again no sooner, and no other conversation waits with it (S1.8)", async () => {
  const world = await openRoom();
  world.messenger.fates.push(again(30_000));
  const slow = world.deliver("slow");
  const quick = world.deliver("quick", { to: "2", from: { sessionKey: "s2", agentId: "main", runId: "r2" } });
  await world.clock.advance(1_000);
  await quick;
  assert.deepEqual([world.messenger.shown("1"), world.messenger.shown("2")], [[], ["quick"]]);
  await world.clock.advance(28_500);
  assert.deepEqual(world.messenger.shown("1"), []);
  await world.clock.advance(1_000);
  await slow;
  assert.deepEqual(world.messenger.shown("1"), ["slow"]);
  await world.close();
});

test("the messenger's pace is kept: in one conversation, and over all of them; within one, everything goes in its order "
  + "(S1.8)", async () => {
  const world = await openRoom();
  const to = (n: number): string => String(n % 20);
  const all = Array.from({ length: 100 }, (_, n) =>
    world.deliver(`${n}`, { to: to(n), from: { sessionKey: `s${n}`, agentId: "main", runId: `r${n}` } }));
  await world.clock.advance(60_000);
  await Promise.all(all);
  for (let n = 0; n < 20; n += 1) assert.deepEqual(world.messenger.shown(`${n}`), [0, 20, 40, 60, 80].map((more) => `${n + more}`));
  const calls = world.messenger.calls.filter(({ kind }) => kind !== "typing");
  for (const { atMs } of calls) {
    const within = calls.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1_000);
    assert.ok(within.length <= 40, "20 in a second, beyond a burst of 20");
    const own = calls.filter((other) => other.to === "0" && other.atMs >= atMs && other.atMs < atMs + 3_000);
    assert.ok(own.length <= 5 + 3, "one in a second, beyond a burst of five");
  }
  await world.close();
});

test("what a messenger refuses is given up at once; a placed message that somebody took away is replaced once", async () => {
  const world = await openRoom();
  world.messenger.fates.push({ ok: false, outcome: "refused", why: "blocked by the user" });
  await assert.rejects(world.deliver("no"), (error) => hasCode(error, "CHANNEL_REFUSED"));
  await assert.rejects(world.deliver("no"), (error) => hasCode(error, "CHANNEL_REFUSED"));
  assert.equal(world.messenger.calls.length, 1);
  world.messenger.fates.push(undefined as unknown as FakeFate, { ok: false, outcome: "refused", why: "message to edit not found" });
  await world.deliver("yes", { from: { sessionKey: "s", agentId: "main", runId: "other" } });
  assert.equal(world.messenger.shown("1").at(-1), "yes");
  await world.close();
});

test("send, with no agent in between: once under its key; kept and owed while the account is away, and gone when it is back "
  + "(C1)", async () => {
  const world = await openRoom();
  const send = (text: string, idempotencyKey: string) =>
    world.room.send({ at: { to: "1" }, text, idempotencyKey }, new AbortController().signal);
  assert.deepEqual(await send("hello", "k1"), { channel: "fake", accountId: "default", state: "sent", messageIds: ["1"], messageId: "1" });
  assert.equal((await send("hello", "k1")).state, "sent");
  assert.deepEqual(world.messenger.shown("1"), ["hello"]);
  await world.room.stop("fake");
  assert.equal((await send("later", "k2")).state, "owed");
  await world.reopen();
  await world.clock.advance(1_000);
  assert.deepEqual(world.messenger.shown("1"), ["hello", "later"]);
  await assert.rejects(
    world.room.send({ channel: "none", at: { to: "1" }, text: "x", idempotencyKey: "k3" }, new AbortController().signal),
    (error) => hasCode(error, "CHANNEL_UNKNOWN"),
  );
  await world.close();
});

test("one answer to several messages is said once, in the message that showed it while it was written (S4.26, C2)", async () => {
  const world = await openRoom({ allowFrom: [1] });
  await world.say({ text: "one" });
  await world.say({ text: "two" });
  const [first = "", second = ""] = world.offered.map(({ idempotencyKey }) => idempotencyKey);
  const from = { sessionKey: "agent:main:fake:direct:1", agentId: "main" };
  world.room.live({ ...from, runId: first, stream: "assistant", seq: 1, ts: 0, data: { delta: "to b" } });
  await world.clock.advance(1_000);
  assert.deepEqual(world.messenger.shown("1"), ["to b"]);
  for (const runId of [first, second]) await world.deliver("to both", { from: { ...from, runId }, sharedEnd: 7 });
  assert.deepEqual(world.messenger.shown("1"), ["to both"]);
  await world.close();
});

test("what ended two days ago is forgotten while the gateway runs on, and what is held is not", async () => {
  const world = await openRoom({}, { canEdit: false });
  await world.deliver("done");
  world.messenger.fates.push("takes-and-is-unsure");
  await world.deliver("held", { from: { sessionKey: "s", agentId: "main", runId: "held" } });
  const kept = async (): Promise<number> => (await world.engine.records.list("channel-outbox", "")).length;
  assert.equal(await kept(), 2);
  await world.clock.advance(OUTBOX_LIMITS.keptMs + OUTBOX_LIMITS.sweepEveryMs);
  assert.deepEqual([await kept(), world.room.outbox.held().length], [1, 1]);
  await world.close();
});

test("what went wrong is one plain sentence with what to do, and nothing of the inside", async () => {
  const world = await openRoom();
  await world.deliver("half", { status: "error", code: "MODEL_REJECTED", why: "key sk-secret was refused at 10.0.0.7" });
  assert.equal(
    world.messenger.shown("1")[0],
    "half\n\n⚠️ That did not work. The model provider refused the request. (MODEL_REJECTED) Whoever runs this assistant can look: "
      + "openclaw explain MODEL_REJECTED",
  );
  await world.close();
});
