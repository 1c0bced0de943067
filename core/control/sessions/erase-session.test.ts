/** A deletion that was cut off between the tombstone and the rest of it is finished by whoever owns the session next. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Engine, Records } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { OWNER } from "../../fabric/identity.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { makeKeyDir, openWorld } from "./world.testing.ts";

const KEY = "agent:main:secret";

async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  const stored = async (bucket: string): Promise<readonly number[]> =>
    (await engine.records.list(bucket, "")).map(({ value }) => value.length);
  const open = (on: Engine = engine) => openWorld({ engine: on, clock, keyDir: keys.dir });
  return { clock, engine, open, stored };
}

/** The same engine; `stop` may keep a write from ever happening. */
function withStop(engine: Engine, stop: (bucket: string, value: Uint8Array | null) => boolean): Engine {
  const { records } = engine;
  const own: Records = {
    get: (...args) => records.get(...args), list: (...args) => records.list(...args), watch: (...args) => records.watch(...args),
    write: (bucket, key, value, expected) =>
      stop(bucket, value) ? new Promise<never>(() => undefined) : records.write(bucket, key, value, expected),
  };
  return { ...engine, records: own };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    assert.ok(tries < 1_000, "it never came to hold");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const [what, bucket] of [["its key is destroyed", "session-keys"], ["its row is removed", "sessions"]] as const) {
  test(`a gateway that dies after the tombstone and before ${what} leaves that to the next one (S0.16, S4.7)`, async (t) => {
    const { engine, open, stored, clock } = await setUp(t);
    let stopped = 0;
    const first = await open(withStop(engine, (where, value) => {
      const isErasing = where === bucket && (value === null || value.length === 1);
      if (isErasing) stopped += 1;
      return isErasing;
    }));
    await first.send(KEY, "tell nobody");
    await until(async () => (await first.transcript(KEY)).length === 2);
    await clock.advance(1_000);
    await until(async () => (await stored("sessions")).length === 1);
    void first.sessions.delete(KEY, OWNER);
    await until(async () => stopped === 1);
    first.crash();

    const second = await open();
    await until(async () => (await stored("sessions")).length === 0);
    assert.deepEqual(await stored("session-keys"), [1], "nothing of the key is left");
    assert.deepEqual(await stored("snapshots"), []);
    await assert.rejects(second.send(KEY, "again"), (error) => hasCode(error, "KEY_DESTROYED"));
    await second.close();
  });
}

test("a store that fails in the middle of an erasing keeps neither the caller waiting nor the key (S4.7)", async (t) => {
  const { engine, open, stored, clock } = await setUp(t);
  let failures = 0;
  const first = await open(withStop(engine, (bucket, value) => {
    if (bucket !== "session-keys" || value?.length !== 1 || failures === 3) return false;
    failures += 1;
    throw new OpenClawError("ENGINE_UNAVAILABLE");
  }));
  await first.send(KEY, "tell nobody");
  await until(async () => (await first.transcript(KEY)).length === 2);
  const deleted = first.sessions.delete(KEY, OWNER);
  await until(async () => {
    await clock.advance(1_000);
    return failures === 3 && (await stored("session-keys"))[0] === 1;
  });
  assert.equal(await deleted, true);
  await assert.rejects(first.send(KEY, "again"), (error) => hasCode(error, "KEY_DESTROYED"));
  assert.equal(await first.sessions.delete(KEY, OWNER), false, "there is nothing left to delete");
});
