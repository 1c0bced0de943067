import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { openStateDir } from "../fabric/engine.ts";
import { leave, planLeaving, type LeaveOptions } from "./leave.ts";

const never = new AbortController().signal;

test("what is removed is what was listed: lines of ours in a person's file, and nothing of theirs; backups stay unless they are named "
  + "(S3.13)", async (t) => {
  const { home, options } = await openHome(t);
  await using gateway = await openStateDir({ dir: options.stateDir, clock: systemClock, ids: systemIds, port: null });
  await assert.rejects(leave(options, await planLeaving(options), () => undefined, never), (error) => hasCode(error, "STATE_HELD"));
  assert.ok(existsSync(join(options.stateDir, "credentials")), "nothing goes while a gateway runs");
  await gateway[Symbol.asyncDispose]();

  await writeFile(join(home, "dotfiles"), "alias a=b\nsource <(openclaw completion zsh)\nexport C=1\n");
  await symlink("dotfiles", join(home, ".zshrc"));
  const left: string[] = [];
  await leave(options, await planLeaving(options), ({ kind }) => left.push(kind), never);
  assert.deepEqual(left, ["state", "node", "runtime", "cache", "completion"]);
  assert.deepEqual((await readdir(home)).sort(), [".cache", ".openclaw-backups", ".zshrc", "dotfiles", "mine"]);
  assert.deepEqual(await readdir(join(home, ".cache")), ["theirs"], "and folders that are empty without it");
  assert.equal(await readFile(join(home, "dotfiles"), "utf8"), "alias a=b\nexport C=1\n");
  assert.deepEqual(await planLeaving(options), [], "a second time there is nothing to remove");
  assert.deepEqual((await planLeaving({ ...options, withBackups: true })).map(({ kind }) => kind), ["backups"]);
  await rm(join(options.stateDir.concat("-backups"), "openclaw-1.tar"));
  assert.deepEqual((await planLeaving(options)).map(({ what }) => what), ["a folder for backups, empty"]);
});

test("a directory that another program filled is not removed, whatever it is called (S3.13)", async (t) => {
  const { home, options } = await openHome(t);
  const theirs = { ...options, stateDir: join(home, "mine"), nodeDir: join(home, "none") };
  await assert.rejects(leave(theirs, await planLeaving(theirs), () => undefined, never), (error) => hasCode(error, "STATE_FOREIGN"));
  const node = { ...options, stateDir: join(home, "none"), nodeDir: join(home, "mine") };
  await assert.rejects(leave(node, await planLeaving(node), () => undefined, never), (error) => hasCode(error, "STATE_FOREIGN"));
  assert.equal(await readFile(join(home, "mine", "letter"), "utf8"), "keep me");
});

async function openHome(t: TestContext): Promise<{ readonly home: string; readonly options: LeaveOptions }> {
  const home = await mkdtemp(join(tmpdir(), "openclaw-leave-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const options: LeaveOptions = {
    stateDir: join(home, ".openclaw"), nodeDir: join(home, ".openclaw-node"), withBackups: false, services: [],
    shared: { runtimeDir: join(home, ".local/share/openclaw/runtime"), cacheDir: join(home, ".cache/openclaw"), home, programs: [] },
    clock: systemClock, ids: systemIds,
  };
  for (const dir of ["mine", ".openclaw-node", ".openclaw-backups", ".local/share/openclaw/runtime", ".cache/openclaw"]) {
    await mkdir(join(home, dir), { recursive: true });
  }
  await writeFile(join(home, "mine", "letter"), "keep me");
  await writeFile(join(home, ".openclaw-backups", "openclaw-1.tar"), "");
  await mkdir(join(home, ".cache", "theirs"));
  await writeFile(join(home, ".openclaw-node", "identity.json"), "{}");
  await (await openStateDir({ dir: options.stateDir, clock: systemClock, ids: systemIds, port: null }))[Symbol.asyncDispose]();
  return { home, options };
}
