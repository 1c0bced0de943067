import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { openSaidOnce, type SaidOnce } from "./said-once.ts";

const ANSWER = { sessionKey: "agent:main:a", end: 7, conversation: "telegram.default.42" };

test("an answer to several messages of one conversation is said for the first of them, also after a start, and elsewhere as well "
  + "(S4.26, C2)", async () => {
  const clock = new VirtualClock();
  await using engine = await openMemoryEngine({ clock });
  const open = (): Promise<SaidOnce> =>
    openSaidOnce({ clock, records: engine.records, seal: (_, plain) => plain, unseal: (_, sealed) => sealed });
  const first = await open();
  assert.deepEqual(await Promise.all(["one", "two"].map((id) => first.isSaidBy(id, ANSWER))), [true, false]);
  const again = await open();
  assert.deepEqual(await Promise.all(["two", "one"].map((id) => again.isSaidBy(id, ANSWER))), [false, true]);
  for (const other of [{ end: 8 }, { conversation: "telegram.default.43" }, { sessionKey: "agent:main:b" }]) {
    assert.equal(await again.isSaidBy("two", { ...ANSWER, ...other }), true, JSON.stringify(other));
  }
  await clock.advance(172_800_001);
  await open();
  assert.equal((await engine.records.list("channel-answers", "")).length, 0, "and is kept no longer than it is owed");
});
