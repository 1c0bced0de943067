import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CRASH_POINTS, parseCrashAt } from "./crash-point.ts";

const CORE = join(import.meta.dirname, "..");
const MODULE = join(import.meta.dirname, "crash-point.ts");

/** Passes `turn.ended` three times and says so each time. */
function run(crashAt: string | undefined): { readonly signal: string | null; readonly said: string } {
  const program = `
    const { crashPoint } = await import(${JSON.stringify(MODULE)});
    for (const at of [1, 2, 3]) { process.stdout.write(String(at)); crashPoint("turn.ended"); }`;
  const env = { PATH: process.env["PATH"] ?? "", ...(crashAt === undefined ? {} : { OPENCLAW_CRASH_AT: crashAt }) };
  const { signal, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { env, encoding: "utf8" });
  return { signal, said: stdout };
}

test("every label of the registry stands in exactly one place of the code, and no other label does (S0.16, S1.10)", () => {
  const placed: string[] = [];
  for (const name of readdirSync(CORE, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts") || /\.test(?:ing)?\.ts$/.test(name)) continue;
    for (const found of readFileSync(join(CORE, name), "utf8").matchAll(/crashPoint\("([^"]+)"\)/g)) placed.push(found[1] ?? "");
  }
  assert.deepEqual(placed.toSorted(), Object.keys(CRASH_POINTS).toSorted());
});

test("a process dies by SIGKILL at the passage it was armed for, and at no other label (S0.16)", () => {
  assert.deepEqual(run("turn.ended"), { signal: "SIGKILL", said: "1" });
  assert.deepEqual(run("turn.ended:3"), { signal: "SIGKILL", said: "123" });
  for (const other of [undefined, "", "turn.ended:4", "model.asked", "turn.ending", "constructor.name"]) {
    assert.deepEqual(run(other), { signal: null, said: "123" }, other);
  }
});

test("with a marker it dies once, and leaves the marker as the witness (S0.16)", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "crash-point-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const crashAt = `turn.ended:2@${join(dir, "dead")}`;
  assert.deepEqual(run(crashAt), { signal: "SIGKILL", said: "12" });
  assert.match(readFileSync(join(dir, "dead"), "utf8"), /^\d+\n$/);
  assert.deepEqual(readdirSync(dir), ["dead"], "it was made under another name, and is whole as soon as it has its own");
  assert.deepEqual(run(crashAt), { signal: null, said: "123" });
  assert.equal(run(`turn.ended@${join(dir, "no", "such")}`).signal, "SIGKILL", "where no marker can be made it dies all the same");
});

test("what arms is a known label with a whole number behind it, or nothing", () => {
  assert.deepEqual(parseCrashAt("turn.ended:12@/tmp/a:b@c"), { label: "turn.ended", left: 12, marker: "/tmp/a:b@c" });
  for (const wrong of [undefined, "", "turn", "turn.ended:0", "turn.ended:-1", "turn.ended:x", "turn.ended@", "x.y", "toString"]) {
    assert.equal(parseCrashAt(wrong), undefined, wrong);
  }
});
