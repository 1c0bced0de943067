import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openclaw } from "./run-openclaw.testing.ts";

test("doctor --lint says one line a finding, changes nothing, and fails for any of them (S4.4)", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-lint-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const text = '{ gateway: { port: "no port" } }';
  await writeFile(join(dir, "openclaw.json"), text, { mode: 0o600 });
  const env = { OPENCLAW_STATE_DIR: dir };
  const said = await openclaw(["doctor", "--lint"], env);
  assert.equal(said.code, 1);
  assert.match(said.stdout, /^problem configuration CONFIG_INVALID: .*\n/);
  assert.ok(said.stdout.trimEnd().split("\n").every((line) => /^(problem|attention) /.test(line)), said.stdout);
  assert.equal(await readFile(join(dir, "openclaw.json"), "utf8"), text);
  await writeFile(join(dir, "openclaw.json"), "{}", { mode: 0o600 });
  const well = await openclaw(["doctor", "--lint"], env);
  assert.deepEqual([well.code, well.stdout], [0, ""]);
  assert.equal((await openclaw(["doctor", "--lint", "--mend"], env)).code, 2);
});
