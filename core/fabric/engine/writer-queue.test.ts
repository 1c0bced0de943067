import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { WriterQueue } from "./writer-queue.ts";

test("when the writer dies, what it had is ENGINE_UNAVAILABLE, and what waited goes to a new one", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "engine-writer-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, "mortal.mjs");
  // Dies of the owner "poison"; answers everything else with the number of operations in the group.
  writeFileSync(program, `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (group) => {
      if (group === "close") return parentPort.close();
      if (group.ops.some((op) => op.owner === "poison")) process.exit(3);
      parentPort.postMessage({ results: group.ops.map(() => ({ value: group.ops.length, count: 0, duplicate: false })), foreign: false });
    });
  `);
  const queue = new WriterQueue({
    clock: new VirtualClock(), passed: () => 0, onForeign: () => {}, program: pathToFileURL(program),
    options: { path: "", batchRows: 128, dedupeMs: 0, lockWaitMs: 0, pagesMax: undefined },
  });
  const claim = (owner: string): Promise<number> => queue.submit({ op: "claim", slot: 1, owner }, 0).then(({ value }) => value);
  assert.deepEqual(await Promise.all([claim("a"), claim("b")]), [2, 2]);
  const later = Promise.resolve().then(() => undefined).then(() => claim("b"));
  assert.deepEqual(await Promise.all([claim("a"), later]), [2, 2], "what one step of the program writes shares a commit");
  const posted = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
  const poisoned = [claim("poison"), claim("neighbour")];
  await posted();
  const behind = claim("ready behind it");
  await posted();
  const waiting = claim("not yet posted");
  for (const lost of [...poisoned, behind]) await assert.rejects(lost, { code: "ENGINE_UNAVAILABLE" });
  assert.equal(await waiting, 1);
  await queue.drain();
  const last = claim("last");
  await queue.close();
  assert.equal(await last, 1);
  await assert.rejects(claim("too late"), { code: "CLOSED" });
});

test("those whose group is on the disk are told in its order, some in a turn of the loop, which is free in between (S0.40)", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "engine-writer-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, "echo.mjs");
  writeFileSync(program, `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (group) => group === "close" ? parentPort.close() : parentPort.postMessage({
      results: group.ops.map(({ slot }) => ({ value: slot, count: 0, duplicate: false })), foreign: false,
    }));
  `);
  const { wait, after } = new VirtualClock();
  let atMs = 0;
  const queue = new WriterQueue({
    clock: { now: () => 0, monotonic: () => atMs, wait, after }, passed: () => 0, onForeign: () => {}, program: pathToFileURL(program),
    options: { path: "", batchRows: 128, dedupeMs: 0, lockWaitMs: 0, pagesMax: undefined },
  });
  const told: number[] = [];
  let turn = 0;
  let over = false;
  const turns = (): void => {
    turn += 1;
    if (!over) setImmediate(turns);
  };
  turns();
  const byTurn = new Map<number, number>();
  await Promise.all(Array.from({ length: 100 }, async (_, slot) => {
    told.push((await queue.submit({ op: "claim", slot, owner: "a" }, 0)).value);
    atMs += 1; // what each does next
    byTurn.set(turn, (byTurn.get(turn) ?? 0) + 1);
  }));
  over = true;
  assert.deepEqual(told, Array.from({ length: 100 }, (_, slot) => slot));
  assert.ok(Math.max(...byTurn.values()) <= 8, `${Math.max(...byTurn.values())} in one turn`);
  await queue.close();
});
