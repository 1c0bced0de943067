import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { VirtualClock } from "../../testkit/virtual-clock.ts";
import { systemIds } from "../base/ids.ts";
import { openMemoryEngine, openSqliteEngine, openStateDir, resolveStateDir } from "./engine.ts";

test("importing the engine loads no database and no thread", async () => {
  const door = new URL("./engine.ts", import.meta.url).href;
  const loaded = "process.moduleLoadList.filter((name) => / (sqlite|worker_threads)$/.test(name)).join()";
  const script = `await import(${JSON.stringify(door)}); console.log(${loaded});`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
  assert.equal(stdout.trim(), "");
});

test("the state directory and its engine open and close through the door", async (t) => {
  const home = mkdtempSync(join(tmpdir(), "engine-door-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const clock = new VirtualClock();
  await using state = await openStateDir({ dir: resolveStateDir({ env: {}, home }), clock, ids: systemIds, port: null });
  await using engine = await openSqliteEngine({ dir: state.dir, clock, ids: systemIds });
  await using memory = await openMemoryEngine({ clock });
  for (const each of [engine, memory]) {
    const claim = await each.log.claim(0, "owner");
    await each.log.append(claim, "session", [new Uint8Array([1])], "batch");
    assert.equal((await each.log.readSession(0, "session", 0)).length, 1);
  }
});
