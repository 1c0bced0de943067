import assert from "node:assert/strict";
import { test } from "node:test";
import { late } from "./late.ts";

const createModule = (said: string[]) => ({
  say: async (word: string): Promise<string> => {
    said.push(word);
    return word.toUpperCase();
  },
});

test("a late function loads its module at its first call, once, and calls keep their order (S0.7)", async () => {
  const said: string[] = [];
  let loads = 0;
  const say = late(async () => {
    loads += 1;
    return createModule(said);
  }, "say");
  assert.equal(loads, 0);
  assert.deepEqual(await Promise.all([say("a"), say("b")]), ["A", "B"]);
  assert.equal(await say("c"), "C");
  assert.deepEqual(said, ["a", "b", "c"]);
  assert.equal(loads, 1);
});

test("once its module is loaded, a late function begins within the call", async () => {
  const said: string[] = [];
  const say = late(async () => createModule(said), "say");
  await say("a");
  const second = say("b");
  assert.deepEqual(said, ["a", "b"]);
  await second;
});
