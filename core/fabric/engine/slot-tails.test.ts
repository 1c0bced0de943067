import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEntry } from "@openclaw/sdk";
import { SlotTails } from "./slot-tails.ts";

test("an entry that was read from a page and is pushed afterwards is seen once", async () => {
  const stored: LogEntry[] = [entryAt(1), entryAt(4)];
  const tails = new SlotTails((_, after) => stored.filter(({ position }) => position > after));
  const controller = new AbortController();
  const reader = tails.read(0, 0, controller.signal);
  assert.equal((await reader.next()).value?.position, 1);
  assert.equal((await reader.next()).value?.position, 4);
  const next = reader.next();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  for (const position of [1, 4, 9]) tails.push(entryAt(position));
  assert.equal((await next).value?.position, 9);
  assert.equal(tails.has(0), true);
  controller.abort();
  assert.equal((await reader.next()).done, true);
  assert.equal(tails.has(0), false);
});

function entryAt(position: number): LogEntry {
  return { slot: 0, position, session: "s", kind: "event", id: String(position), body: new Uint8Array() };
}
