import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { openSqliteEngine } from "../fabric/engine.ts";
import { pruneUnsealed } from "./prune-unsealed.ts";

test("what was kept unsealed goes with its notes, also after an end in the middle; nothing else goes (S4.27)", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-unsealed-"));
  t.after(() => rm(dir, { recursive: true }));
  await using engine = await openSqliteEngine({ dir, clock: systemClock, ids: systemIds });
  const { records, blobs } = engine;
  const digests: string[] = [];
  for (const text of ["one", "two", "three"]) {
    const { digest } = await blobs.put(Buffer.from(text));
    digests.push(digest);
    await records.write("media-kept", `000000000000001-${digest}`, Buffer.from('{"bytes":3}'), 0);
  }
  const { digest: other } = await blobs.put(Buffer.from("of a conversation"));
  await records.write("blobs-unnamed", `x-${other}`, Buffer.from("{}"), 0);
  await blobs.delete(digests[0] ?? ""); // as far as the last one came
  const told: object[] = [];
  const log = { info: (event: string, fields: object = {}): void => void told.push({ event, ...fields }) };
  assert.equal(await pruneUnsealed({ bucket: "media-kept", records, blobs, log }), 3);
  const left = await Promise.all([...digests, other].map(async (digest) => (await blobs.stat(digest)) !== null));
  assert.deepEqual(left, [false, false, false, true]);
  assert.deepEqual([(await records.list("media-kept", "")).length, (await records.list("blobs-unnamed", "")).length], [0, 1]);
  assert.equal(await pruneUnsealed({ bucket: "media-kept", records, blobs, log }), 0);
  assert.deepEqual(told, [{ event: "media.unsealed_removed", files: 3 }]);
});
