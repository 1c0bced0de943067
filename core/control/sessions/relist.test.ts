import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import type { SessionAddress, SessionLog, SessionState } from "../../fabric/journal.ts";
import { createRelist } from "./relist.ts";
import type { SessionRow } from "./session-row.ts";

const address: SessionAddress = { tenant: "home", token: "t", slot: 1 };

test("a store that does not answer is asked again: no session that moved before a crash stays off the list (S1.10, S0.40)", async () => {
  const clock = new VirtualClock();
  const put: string[] = [];
  let failures = 3;
  const unsure = <T>(value: T): Promise<T> =>
    (failures -= 1) >= 0 ? Promise.reject(new OpenClawError("ENGINE_UNAVAILABLE")) : Promise.resolve(value);
  const relist = createRelist({
    clock, closed: () => false, listLive: () => false,
    index: { row: () => unsure(null), put: (_, row) => void put.push(row.key) },
    journal: { load: () => unsure({ state: { key: "agent:main:main", deleted: false } } as unknown as SessionLog) },
    rowOf: ({ key }: SessionState) => ({ key }) as unknown as SessionRow,
    onFailed: (error) => assert.fail(String(error)),
  });
  relist.add([{ address, timeMs: 5 }]);
  const done = relist.done();
  await clock.advance(10_000);
  await done;
  assert.deepEqual(put, ["agent:main:main"]);
});

test("a gateway that stops stops asking, and what failed for good is told and holds up nobody (S0.40)", async () => {
  const clock = new VirtualClock();
  const failed: unknown[] = [];
  let closed = false;
  const relist = createRelist({
    clock, closed: () => closed, listLive: () => false,
    index: {
      row: ({ token }) => Promise.reject(new OpenClawError(token === "away" ? "ENGINE_UNAVAILABLE" : "INTERNAL")),
      put: () => assert.fail("not reached"),
    },
    journal: { load: () => assert.fail("not reached") },
    rowOf: () => assert.fail("not reached"),
    onFailed: (error) => void failed.push(error),
  });
  relist.add([{ address, timeMs: 5 }, { address: { ...address, token: "away" }, timeMs: 5 }]);
  const done = relist.done();
  await clock.advance(1_000);
  assert.equal(failed.length, 1);
  closed = true;
  await clock.advance(10_000);
  await done;
});
