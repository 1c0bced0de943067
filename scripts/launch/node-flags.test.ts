import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

interface Settings { readonly nodeFlags: readonly string[]; readonly allocatorSettings: Readonly<Record<string, string>> }

test("the command line tells Node and the allocator what the launcher tells them (S1.46)", async () => {
  const { nodeFlags, allocatorSettings } = (await import(join(import.meta.dirname, "node-flags.mjs"))) as Settings;
  const script = readFileSync(join(import.meta.dirname, "../../core/bin/openclaw"), "utf8");
  for (const flag of nodeFlags) assert.ok(script.includes(` ${flag} `), flag);
  for (const [name, value] of Object.entries(allocatorSettings)) assert.ok(script.includes(` ${name}=${value}`), name);
});

test("under these flags Node takes what it has compiled ahead, and all processes of the program have one cache (S0.40)", async () => {
  const { nodeFlags } = (await import(join(import.meta.dirname, "node-flags.mjs"))) as Settings;
  const tag = (flags: readonly string[]): string =>
    spawnSync(process.execPath, [...flags, "--print", "v8.cachedDataVersionTag()"], { encoding: "utf8" }).stdout.trim();
  assert.match(tag([]), /^\d+$/);
  assert.equal(tag(nodeFlags), tag([]));
});
