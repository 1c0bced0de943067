/** A byte that flips on the disk closes the session it belongs to, and no other of its slot. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { hasCode, type OpenClawError } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openSqliteEngine } from "../../fabric/engine.ts";
import { OWNER } from "../../fabric/identity.ts";
import { openWorld, type World } from "./world.testing.ts";

const never = new AbortController().signal;

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "damaged-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const logged: string[] = [];
  /** One life of a gateway over the real store; what `use` did is on the disk when it resolves. */
  const live = async <T>(use: (world: World) => Promise<T>): Promise<T> => {
    await using engine = await openSqliteEngine({ dir, clock: systemClock, ids: systemIds });
    const world = await openWorld({ engine, clock: systemClock, keyDir: dir, onLog: (line) => logged.push(line) });
    try {
      return await use(world);
    } finally {
      // Nothing is written down at the end: the next life reads the log.
      world.crash();
    }
  };
  /** Changes one byte of a session's entry of that kind, counted from its end or its start. */
  const flip = (token: string, kind: "offer" | "event", at: number): void => {
    const database = new DatabaseSync(join(dir, "state", "openclaw.sqlite"));
    const row = database.prepare("SELECT place, body FROM entries WHERE session = ? AND kind = ? ORDER BY place LIMIT 1").get(token, kind);
    const { place, body } = row as { place: number; body: Uint8Array };
    const index = at < 0 ? body.length + at : at;
    body[index] = (body[index] ?? 0) ^ 0xff;
    database.prepare("UPDATE entries SET body = ? WHERE place = ?").run(body, place);
    database.close();
  };
  return { live, flip, logged };
}

/** Two sessions that share a slot. */
function neighbours(world: World): readonly [string, string] {
  const slots = new Map<number, string>();
  for (let at = 0; ; at += 1) {
    const key = `agent:main:n${at}`;
    const { slot } = world.journal.address(key);
    const other = slots.get(slot);
    if (other !== undefined) return [other, key];
    slots.set(slot, key);
  }
}

async function answer(world: World, key: string, text: string): Promise<void> {
  await world.send(key, text, `${key}/${text}`);
  assert.equal((await world.sessions.wait(`${key}/${text}`, 10_000, never))?.status, "ok");
}

const PLACES = [["the header", "event", 8], ["the body", "event", -3], ["a message", "offer", -3], ["the layout", "offer", 0]] as const;

for (const [where, kind, at] of PLACES) {
  test(`a flipped byte in ${where} closes that session with a code and a next step; its neighbours are served (C14)`, async (t) => {
    const { live, flip, logged } = await setUp(t);
    const { bad, good, token } = await live(async (world) => {
      const [one, two] = neighbours(world);
      await answer(world, one, "hello");
      await answer(world, two, "hello");
      return { bad: one, good: two, token: world.journal.address(one).token };
    });
    flip(token, kind, at);
    logged.length = 0;
    await live(async (world) => {
      await answer(world, good, "still there?");
      for (let times = 0; times < 3; times += 1) {
        await assert.rejects(world.send(bad, "hello?", `again-${times}`), (error) =>
          hasCode(error, "SESSION_DAMAGED") && /sessions export/.test((error as OpenClawError).next));
      }
      await answer(world, good, "and now?");
      assert.equal(await world.sessions.keyOf(world.journal.address(bad)), "", "whoever follows the slot goes on past it");
      const report = await world.sessions.verify(bad);
      assert.notEqual(report.brokenAt, null);
      const dumped = await world.sessions.dump(bad, 0, 100);
      assert.equal(dumped.filter((entry) => entry.damaged !== undefined).length, 1);
      assert.ok(dumped.some((entry) => entry.body !== undefined), "what can be read can be saved");
    });
    assert.equal(logged.filter((line) => line.includes("session.damaged")).length, 1, "it is said once");
    assert.equal(logged.filter((line) => line.includes("slot.failed")).length, 0);
    await live(async (world) => {
      await assert.rejects(world.send(bad, "hello?", "later"), (error) => hasCode(error, "SESSION_DAMAGED"));
      await answer(world, good, "after a restart");
      assert.equal(await world.sessions.delete(bad, OWNER), true, "it can be deleted");
      await assert.rejects(world.send(bad, "hello?", "last"), (error) => hasCode(error, "KEY_DESTROYED"));
    });
  });
}

test("a session whose bytes were put back is opened again (C14)", async (t) => {
  const { live, flip } = await setUp(t);
  const { bad, token } = await live(async (world) => {
    const [one] = neighbours(world);
    await answer(world, one, "hello");
    return { bad: one, token: world.journal.address(one).token };
  });
  flip(token, "event", -3);
  await live((world) => assert.rejects(world.send(bad, "x", "x"), (error) => hasCode(error, "SESSION_DAMAGED")));
  flip(token, "event", -3);
  await live((world) => answer(world, bad, "healed"));
});
