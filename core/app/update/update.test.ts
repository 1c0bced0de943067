/** Programs that are a few lines each change places for real; what they keep is a file that says in which form it is. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { changeProgram } from "./change-program.ts";
import { placeOfProgram, readPrevious, writePrevious } from "./program-place.ts";
import { openChildRunner } from "./runner.ts";

type Kind = "good" | "dies" | "never ready" | "dies once ready";

/** `reads`: the newest form of what is kept that it knows; it writes that one. */
interface Program { readonly name: string; readonly kind: Kind; readonly reads: number }

const PROGRAM = `
const { createServer } = require("node:http"), fs = require("node:fs");
const [dir, kind, reads] = [process.env.STATE, process.env.KIND, Number(process.env.READS)];
const kept = fs.existsSync(dir + "/form") ? Number(fs.readFileSync(dir + "/form", "utf8")) : 0;
if (kept > reads) { console.error("this is of a later version"); process.exit(3); }
fs.writeFileSync(dir + "/form", String(reads));
if (kind === "dies") { console.error("it does not work here"); process.exit(2); }
const server = createServer((_, response) => { response.statusCode = kind === "never ready" ? 503 : 200; response.end(); });
server.listen(0, "127.0.0.1", () => {
  fs.writeFileSync(dir + "/owner.json", JSON.stringify({ pid: process.pid, port: server.address().port }));
});
let asked = 0;
server.on("request", () => { if (kind === "dies once ready" && ++asked > 1) process.exit(4); });
process.on("SIGTERM", () => { fs.rmSync(dir + "/owner.json"); process.exit(0); });
`;

/** `patienceMs`: with the next version; what is to come up gets all the time a busy machine takes. */
async function openWorld(t: TestContext, present: Program, next: Program, patienceMs = 60_000) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-update-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const stateDir = join(dir, "state");
  await mkdir(stateDir);
  const make = async (root: string, { name, kind, reads }: Program): Promise<string> => {
    await mkdir(join(root, "bin"), { recursive: true });
    await writeFile(join(root, "name"), name);
    await writeFile(join(root, "program.cjs"), PROGRAM);
    const program = join(dir, "modules", "openclaw", "program.cjs");
    const script = `STATE='${stateDir}' KIND='${kind}' READS='${reads}' exec '${process.execPath}' '${program}'`;
    await writeFile(join(root, "bin", "openclaw"), `#!/bin/sh\n${script}\n`);
    await chmod(join(root, "bin", "openclaw"), 0o755);
    return root;
  };
  const place = placeOfProgram(await make(join(dir, "modules", "openclaw"), present));
  const fresh = await make(join(place.stage, "openclaw"), next);
  const runner = openChildRunner({
    stateDir, clock: systemClock, stayMs: 150, command: join(place.root, "bin", "openclaw"), args: [], environment: process.env,
    get readyMs() {
      return readFileSync(join(place.root, "name"), "utf8") === next.name ? patienceMs : 60_000;
    },
  });
  t.after(() => runner.leave());
  await writeFile(join(stateDir, "form"), "1");
  await cp(stateDir, join(dir, "backup"), { recursive: true });
  const restore = async (): Promise<string> => {
    await rename(stateDir, join(dir, "aside"));
    await cp(join(dir, "backup"), stateDir, { recursive: true });
    return join(dir, "aside");
  };
  return {
    place, fresh, runner, restore,
    change: (to: string | undefined, signal = new AbortController().signal) => changeProgram({ place, runner, restore }, to, signal),
    present: () => readFile(join(place.root, "name"), "utf8"),
    form: () => readFile(join(stateDir, "form"), "utf8"),
    runs: () => existsSync(join(stateDir, "owner.json")),
  };
}

const old: Program = { name: "old", kind: "good", reads: 1 };

test("a version that works takes the place, and the one before can be gone back to (S1.34)", async (t) => {
  const world = await openWorld(t, old, { name: "new", kind: "good", reads: 1 });
  assert.deepEqual(await world.change(world.fresh), { kind: "changed" });
  assert.deepEqual([await world.present(), world.runs()], ["new", true]);
  await world.runner.leave();
  assert.equal(world.runs(), false, "it was only tried out");
  assert.equal(await readPrevious(world.place), undefined, "nothing is said of where it came from");
  await writePrevious(world.place, { from: "1", to: "2", atMs: 0, backup: null });
  assert.equal((await readPrevious(world.place))?.from, "1");
  assert.deepEqual(await world.change(undefined), { kind: "changed" });
  assert.equal(await world.present(), "old");
});

for (const kind of ["dies", "never ready", "dies once ready"] as const) {
  test(`a version that ${kind === "never ready" ? "is never ready" : kind} is taken back, and what is kept stays (S1.34)`, async (t) => {
    const world = await openWorld(t, old, { name: "new", kind, reads: 1 }, kind === "never ready" ? 300 : undefined);
    const change = await world.change(world.fresh);
    assert.equal(change.kind, "back");
    assert.match(change.kind === "back" ? change.why : "", {
      dies: /ended with 2: it does not work here/, "never ready": /not ready after/, "dies once ready": /ended with 4|no more/,
    }[kind]);
    assert.deepEqual([await world.present(), world.runs(), "movedTo" in change], ["old", true, false]);
    assert.equal(existsSync(`${world.place.stage}-failed`), false);
  });
}

test("what a version that was taken back had made unreadable comes from the backup; what it wrote lies aside (S1.34)", async (t) => {
  const world = await openWorld(t, old, { name: "new", kind: "dies", reads: 2 });
  const change = await world.change(world.fresh);
  assert.deepEqual([change.kind, await world.present(), await world.form(), world.runs()], ["back", "old", "1", true]);
  assert.equal(change.kind === "back" ? await readFile(join(change.movedTo ?? "", "form"), "utf8") : "", "2");
});

test("where the present version did not work either, nothing that is kept is put back (S1.34)", async (t) => {
  const world = await openWorld(t, { ...old, kind: "dies" }, { name: "new", kind: "dies", reads: 2 });
  const change = await world.change(world.fresh);
  assert.deepEqual([change.kind, await world.present(), await world.form()], ["broken", "old", "2"]);
});

test("a version before that cannot read what is kept by now does not stay (S1.34)", async (t) => {
  const world = await openWorld(t, old, { name: "new", kind: "good", reads: 2 });
  assert.deepEqual(await world.change(world.fresh), { kind: "changed" });
  await world.runner.leave();
  const back = await changeProgram({ ...world, restore: undefined }, undefined, new AbortController().signal);
  assert.deepEqual([back.kind, await world.present(), await world.form(), world.runs()], ["back", "new", "2", true]);
});

test("who interrupts amid the change gets the present version back (S1.34)", async (t) => {
  const world = await openWorld(t, old, { name: "new", kind: "never ready", reads: 1 });
  const interruption = new AbortController();
  const changing = world.change(world.fresh, interruption.signal);
  while (await world.present().catch(() => "") !== "new") await new Promise((resolve) => setTimeout(resolve, 5));
  interruption.abort(new Error("interrupted"));
  assert.deepEqual([(await changing).kind, await world.present(), world.runs()], ["back", "old", true]);
});
