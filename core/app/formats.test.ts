import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type OpenClawError } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../fabric/engine.ts";
import { checkFormats, FORMATS, type Format } from "../fabric/formats.ts";

test("no bucket or table stands twice in the table of formats (S1.6)", () => {
  const listed: readonly Format[] = Object.values(FORMATS);
  const names = listed.flatMap(({ buckets = [], tables = [] }) => [...buckets, ...tables]);
  assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
});

test("a directory with a newer format is refused with the program it needs, and stays as it is; an older one is taken (S1.6)", async () => {
  const { records } = await openMemoryEngine({ clock: new VirtualClock() });
  await checkFormats(records, "0.1.0");
  const [before] = await records.list("formats", "");
  await checkFormats(records, "0.1.0");
  assert.equal((await records.list("formats", ""))[0]?.revision, before?.revision, "nothing new, nothing written");
  const newer = { ...FORMATS, facts: { ...FORMATS.facts, version: 2 } };
  await checkFormats(records, "0.9.0", newer);
  const [after] = await records.list("formats", "");
  await assert.rejects(checkFormats(records, "0.1.0"), (error) => {
    const { message, next } = error as OpenClawError;
    return hasCode(error, "STATE_NEWER") && /facts of version 2, this program knows 1/.test(message) && /0\.9\.0 or newer/.test(next);
  });
  assert.equal((await records.list("formats", ""))[0]?.revision, after?.revision);
  const unheard = checkFormats(records, "0.1.0", { facts: newer.facts });
  await assert.rejects(unheard, (error) => hasCode(error, "STATE_NEWER"), "formats it never heard of");
});
