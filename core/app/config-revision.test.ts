import assert from "node:assert/strict";
import { test } from "node:test";
import { configRevision } from "./config-revision.ts";

test("the revision names what is in force: the same values in another order are the same, --yes-local is another (S2.10)", () => {
  const one = configRevision({ agents: { defaults: { model: "a/b" } }, tools: {} }, false);
  assert.equal(configRevision({ tools: {}, agents: { defaults: { model: "a/b" } } }, false), one);
  assert.notEqual(configRevision({ tools: {}, agents: { defaults: { model: "a/c" } } }, false), one);
  assert.notEqual(configRevision({ tools: {}, agents: { defaults: { model: "a/b" } } }, true), one);
});
