import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createRandom } from "../random.ts";
import { createDiskModel, LOSSES, type Loss } from "./disk-model.ts";
import type { DiskCall } from "./read-trace.ts";

const ROOT = "/state";

/** A disk to which calls were made, and what a file of it may be after a loss. */
function setUp(t: TestContext, calls: readonly DiskCall[]) {
  const disk = createDiskModel(ROOT, (path) => path.startsWith("logs"));
  for (const call of calls) disk.apply({ ...call, atMs: 0 });
  const after = (loss: Loss, name: string, seed = 1): string | null => {
    const target = mkdtempSync(join(tmpdir(), "disk-model-"));
    t.after(() => rmSync(target, { recursive: true }));
    disk.rebuild(target, loss, createRandom(seed));
    return existsSync(join(target, name)) ? readFileSync(join(target, name), "utf8") : null;
  };
  return { disk, after };
}

const open = (name: string): DiskCall =>
  ({ kind: "open", path: `${ROOT}/${name}`, create: true, truncate: false, append: false, handle: name });
const write = (name: string, text: string, offset: number | null = null): DiskCall =>
  ({ kind: "write", path: `${ROOT}/${name}`, handle: name, data: Buffer.from(text), offset });
const sync = (name: string): DiskCall => ({ kind: "sync", path: name === "" ? ROOT : `${ROOT}/${name}` });
const rename = (from: string, to: string): DiskCall => ({ kind: "rename", from: `${ROOT}/${from}`, path: `${ROOT}/${to}` });

test("bytes are certain after a sync of the file, a name after a sync of its directory, and nothing before (S0.16)", (t) => {
  assert.equal(setUp(t, [open("a"), write("a", "one"), sync("a")]).after("dropped", "a"), null, "no name");
  assert.equal(setUp(t, [open("a"), write("a", "one"), sync("")]).after("dropped", "a"), "", "no bytes");
  const both = [open("a"), write("a", "one"), sync("a"), sync("")];
  for (const loss of LOSSES) assert.equal(setUp(t, both).after(loss, "a"), "one", loss);
  const { after, disk } = setUp(t, [...both, write("a", "two"), { kind: "truncate", path: `${ROOT}/a`, length: 4 }]);
  assert.equal(after("dropped", "a"), "one");
  assert.equal(after("kept", "a"), "onet");
  assert.equal(disk.uncertain, 2);
});

test("a rename within a directory is there or not, never half", (t) => {
  const before = [open("a"), write("a", "old"), sync("a"), sync("")];
  const begun = [...before, open("a.new"), write("a.new", "new"), sync("a.new"), rename("a.new", "a")];
  assert.deepEqual([setUp(t, begun).after("dropped", "a"), setUp(t, begun).after("kept", "a")], ["old", "new"]);
  for (let seed = 1; seed <= 20; seed += 1) assert.ok(["old", "new"].includes(setUp(t, begun).after("torn", "a", seed) ?? ""));
  assert.equal(setUp(t, [...begun, sync("")]).after("dropped", "a.new"), null);
});

test("an unsynced write may be torn at a sector, and its sectors may come without those before them", (t) => {
  const sectors = ["a", "b", "c", "d"].map((letter) => letter.repeat(512)).join("");
  const calls = [open("f"), sync(""), write("f", sectors, 0)];
  const seen = { torn: new Set<string>(), reordered: new Set<string>() };
  for (let seed = 1; seed <= 60; seed += 1) {
    for (const loss of ["torn", "reordered"] as const) {
      seen[loss].add((setUp(t, calls).after(loss, "f", seed) ?? "").replace(/(.)\1{511}/gs, "$1"));
    }
  }
  for (const prefix of seen.torn) assert.ok("abcd".startsWith(prefix), JSON.stringify(prefix));
  assert.ok(seen.torn.size > 3);
  assert.ok([...seen.reordered].some((text) => /^\0+b|^\0+c|^\0+d/.test(text)), "a later sector without the first");
});

test("appends go to the end, ignored paths are not followed, folders that were removed take their files along", (t) => {
  const append: DiskCall = { kind: "open", path: `${ROOT}/a`, create: true, truncate: false, append: true, handle: "again" };
  const { after } = setUp(t, [
    open("a"), write("a", "one"), append, { ...write("a", "two"), handle: "again" } as DiskCall, sync("a"), sync(""),
    { kind: "mkdir", path: `${ROOT}/logs` }, open("logs/x"), { kind: "mkdir", path: `${ROOT}/d` }, open("d/x"), sync("d"), sync(""),
    { kind: "unlink", path: `${ROOT}/d` }, sync(""),
  ]);
  assert.equal(after("dropped", "a"), "onetwo");
  assert.equal(after("kept", "logs/x"), null);
  assert.equal(after("kept", "d/x"), null);
});

test("bytes that no trace holds are an error where they matter, and nothing elsewhere", (t) => {
  const copy = (name: string): DiskCall => ({ kind: "copy", path: `${ROOT}/${name}` });
  assert.equal(setUp(t, [open("a"), sync(""), copy("logs/x")]).after("kept", "a"), "");
  assert.throws(() => setUp(t, [open("a"), copy("a")]), /not known/);
});
