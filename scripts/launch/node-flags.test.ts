import assert from "node:assert/strict";
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
