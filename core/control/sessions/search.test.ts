import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { OWNER } from "../../fabric/identity.ts";
import { formatBlock, newBlock, readBlock } from "./search-block.ts";
import { wordsOf } from "./search-words.ts";
import { settle, setUpWorld, type World, type WorldOfTest } from "./world.testing.ts";

const never = new AbortController().signal;

const setUp = (t: TestContext): Promise<WorldOfTest> => setUpWorld(t, { skipNumbers: true });

async function found(world: World, query: string, more: object = {}): Promise<readonly string[]> {
  const { results } = await world.sessions.search({ query, limit: 20, ...more }, never);
  return results.map(({ key, role, snippet }) => `${key} ${role}: ${snippet}`);
}

test("words are whole, folded and without marks of punctuation; scripts without spaces give pairs", () => {
  assert.deepEqual([...wordsOf("Don't PANIC, Größe 42! ﬁne")], ["don", "t", "panic", "größe", "42", "fine"]);
  assert.deepEqual([...wordsOf("東京都へ行く")], ["東京", "京都", "都へ", "へ行", "行く"]);
  assert.deepEqual([...wordsOf("猫 と iPhone買う")], ["猫", "と", "iphone", "買う"]);
  assert.equal(wordsOf("a b c d", 2).size, 2);
});

test("a block reads back as it was written, and goes on growing", () => {
  const block = newBlock(7);
  block.mark = 3;
  block.entries.push({ position: 9, timeMs: 1, role: "user" }, { position: 12, timeMs: 2, role: "toolResult" });
  block.words.set("ff00ff00ff00ff00", [0, 1]).set("00000000000000aa", [1]);
  const read = readBlock(formatBlock(block));
  assert.deepEqual(read.open(), { ...block, words: new Map([...block.words].sort()) });
  assert.deepEqual(read.find(Buffer.from("ff00ff00ff00ff00", "hex")), [0, 1]);
  assert.deepEqual(read.find(Buffer.from("00000000000000ab", "hex")), []);
  assert.deepEqual(readBlock(formatBlock(newBlock(0))).find(Buffer.alloc(8)), []);
});

test("what was said is found by its words, in every role, newest first, also after a restart and what a crash left out", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send("agent:main:a", "the blue whale sings", "a1");
  await settle(clock, 10_000);
  await world.send("agent:main:b", "act a WHALE watch", "b1");
  await settle(clock);
  assert.deepEqual((await found(world, "whale")).map((line) => line.slice(0, 40)), [
    "agent:main:b assistant: did: a WHALE wat", "agent:main:b toolResult: a WHALE watch h", "agent:main:b user: act a WHALE watch",
    "agent:main:a assistant: echo: the blue w", "agent:main:a user: the blue whale sings",
  ]);
  assert.deepEqual(await found(world, "whale blue", { agentId: "other" }), []);
  assert.equal((await found(world, "Blue whale")).length, 2, "all words of the query in one message");
  assert.equal((await found(world, "whal")).length, 0, "whole words");
  assert.equal((await found(world, "whale", { key: "agent:main:a" })).length, 2);
  await world.send("agent:main:a", "narwhal", "a2");
  await settle(clock);
  world.crash();
  const again = await open();
  await settle(clock);
  assert.equal((await found(again, "narwhal")).length, 2);
});

test("a session of many messages goes on in new blocks, and a reset hides nothing of it from search", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  for (let at = 0; at < 300; at += 1) {
    await world.send("agent:main:long", `message number${at} of many`, `m${at}`);
    await clock.advance(1);
  }
  await settle(clock);
  const resetting = world.sessions.reset("agent:main:long", "reset", OWNER);
  await settle(clock);
  await resetting;
  for (const at of [0, 127, 128, 255, 299]) assert.equal((await found(world, `number${at}`)).length, 2, String(at));
  const { results, complete } = await world.sessions.search({ query: "message many", limit: 10 }, never);
  assert.deepEqual([results.length, complete], [10, false]);
  assert.match(results[0]?.snippet ?? "", /number299/);
});

test("a deleted session is not found, and none of its blocks is left", async (t) => {
  const { clock, engine, open } = await setUp(t);
  const world = await open();
  await world.send("agent:main:gone", "xylophone", "g1");
  await settle(clock, 20_000);
  assert.equal((await found(world, "xylophone")).length, 2);
  assert.equal((await engine.records.list("search", "")).length, 1);
  const deleting = world.sessions.delete("agent:main:gone", OWNER);
  await settle(clock);
  assert.equal(await deleting, true);
  assert.deepEqual(await found(world, "xylophone"), []);
  assert.deepEqual(await engine.records.list("search", ""), []);
  await settle(clock, 30_000);
  assert.deepEqual(await engine.records.list("search", ""), [], "and none comes back");
});

test("switched off, nothing is indexed and a search says so", async (t) => {
  const { clock, engine, open } = await setUp(t);
  const world = await open({ session: { search: false } });
  await world.send("agent:main:a", "hello", "a1");
  await settle(clock, 20_000);
  await assert.rejects(found(world, "hello"), (error) => hasCode(error, "SEARCH_OFF"));
  assert.deepEqual(await engine.records.list("search", ""), []);
});

test("what is stored of a word differs from session to session and does not hold the word", async (t) => {
  const { clock, engine, open } = await setUp(t);
  const world = await open();
  for (const name of ["a", "b"]) await world.send(`agent:main:${name}`, "canaryword", name);
  await settle(clock, 20_000);
  const stored = await engine.records.list("search", "");
  assert.equal(stored.length, 2);
  for (const { value } of stored) assert.equal(Buffer.from(value).includes("canaryword"), false);
  assert.notDeepEqual(stored[0]?.value, stored[1]?.value);
});

test("an archived session is left out of lists and searches until somebody speaks in it again", async (t) => {
  const { clock, open } = await setUp(t);
  const world = await open();
  await world.send("agent:main:trip", "pack the tent", "t1");
  await settle(clock);
  const patching = world.sessions.patch("agent:main:trip", { archived: true }, OWNER);
  await settle(clock);
  assert.equal((await patching).archived, true);
  assert.deepEqual(await found(world, "tent"), []);
  assert.equal((await found(world, "tent", { archived: "all" })).length, 2);
  await world.send("agent:main:trip", "and the stove", "t2");
  await settle(clock);
  assert.equal((await world.sessions.describe("agent:main:trip"))?.archived, undefined);
  assert.equal((await found(world, "tent")).length, 2);
});
