import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tool } from "@openclaw/sdk";
import { openTools } from "./open-tools.ts";

const noop = { name: "noop", summary: "Does nothing.", args: { type: "object" }, effect: "none" } as unknown as Tool;

test("tools are found once, when somebody waits for them; before that nobody is told that there are none (S0.7)", async () => {
  let found = 0;
  const tools = openTools(async () => {
    found += 1;
    return [noop];
  });
  assert.throws(() => tools.faces(), /before they were there/);
  assert.equal(found, 0);
  await Promise.all([tools.ready(), tools.ready()]);
  assert.equal(found, 1);
  assert.deepEqual(tools.faces().map(({ name }) => name), ["noop"]);
  assert.equal(tools.get("noop"), noop);
});
