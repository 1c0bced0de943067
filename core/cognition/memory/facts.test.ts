import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { openVault } from "../../fabric/vault.ts";
import { FACTS_MAX, createMemory } from "./facts.ts";

async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const dir = await mkdtemp(join(tmpdir(), "facts-"));
  const engine = await openMemoryEngine({ clock });
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const { records } = engine;
  const vaultOf = () => openVault({ records, keyFile: join(dir, "key"), ids: systemIds });
  const open = async () => createMemory({ records, vault: await vaultOf(), clock });
  return { clock, records, open, memory: await open(), vault: await vaultOf() };
}

const textsOf = (facts: readonly { readonly text: string }[]): string[] => facts.map(({ text }) => text);

test("what was remembered is recalled after a restart, with the label and time it came with", async (t) => {
  const { clock, open, memory } = await setUp(t);
  await memory.remember("main", "1", "The printer is called Ada", "outside");
  const [fact] = await (await open()).recall("main", "printer");
  assert.deepEqual(fact, { id: "1", text: "The printer is called Ada", label: "outside", timeMs: clock.now() });
});

test("the same id is one fact, remembered again later or at the same moment, and the first one stays", async (t) => {
  const { memory } = await setUp(t);
  await Promise.all(["first", "second", "third"].map((text) => memory.remember("main", "1", text, "owner")));
  await memory.remember("main", "1", "fourth", "owner");
  const facts = await memory.recall("main", "");
  assert.equal(facts.length, 1);
  assert.notEqual(facts[0]?.text, "fourth");
});

test("best matches come first, then the newest; what shares no word is left out", async (t) => {
  const { clock, memory } = await setUp(t);
  for (const [at, text] of ["Lunch is at noon", "The printer stands upstairs", "The red printer is broken", "The RED one"].entries()) {
    await memory.remember("main", String(at), text, "owner");
    await clock.advance(1_000);
  }
  assert.deepEqual(textsOf(await memory.recall("main", "red printer!")), [
    "The red printer is broken",
    "The printer stands upstairs",
    "The RED one",
  ]);
  assert.deepEqual(textsOf(await memory.recall("main", "upside")), []);
  assert.deepEqual(textsOf(await memory.recall("main", "")), [
    "The RED one",
    "The red printer is broken",
    "The printer stands upstairs",
    "Lunch is at noon",
  ]);
  assert.deepEqual(textsOf(await memory.recall("main", "", 1)), ["The RED one"]);
});

test("words match in any script and without regard to case", async (t) => {
  const { memory } = await setUp(t);
  await memory.remember("main", "1", "Der SCHLÜSSEL liegt unter der Matte", "owner");
  await memory.remember("main", "2", "пароль от двери в ящике", "owner");
  assert.deepEqual(textsOf(await memory.recall("main", "schlüssel")), ["Der SCHLÜSSEL liegt unter der Matte"]);
  assert.deepEqual(textsOf(await memory.recall("main", "Пароль")), ["пароль от двери в ящике"]);
});

test("an agent sees only its own facts", async (t) => {
  const { memory } = await setUp(t);
  await memory.remember("main", "1", "for main", "owner");
  await memory.remember("other", "1", "for other", "owner");
  assert.deepEqual(textsOf(await memory.recall("main", "for")), ["for main"]);
  assert.deepEqual(textsOf(await memory.recall("mai", "for")), []);
});

test("nothing of a fact, nor of whose it is, stands readable in the store", async (t) => {
  const { memory, records } = await setUp(t);
  await memory.remember("secretive-agent", "1", "canary text", "owner");
  const stored = (await records.list("facts", "")).map(({ key, value }) => key + Buffer.from(value).toString("latin1")).join();
  for (const canary of ["canary", "secretive-agent"]) assert.equal(stored.includes(canary), false, canary);
});

test("an agent that holds all the facts it may is told so, and can recall each of them", async (t) => {
  const { memory, records, vault } = await setUp(t);
  const key = await vault.tenantKey("home");
  for (let at = 0; at < FACTS_MAX; at++) {
    const recordKey = `home.${vault.token("home", "agent/main")}.${at}`;
    const fact = { id: String(at), text: `number${at}`, label: "owner", timeMs: at };
    await records.write("facts", recordKey, key.seal(`fact/${recordKey}`, Buffer.from(JSON.stringify(fact))), 0);
  }
  await assert.rejects(memory.remember("main", "new", "one too many", "owner"), (error) => hasCode(error, "BACKPRESSURE"));
  await memory.remember("main", "0", "a repeat is no new fact", "owner");
  await memory.remember("other", "new", "another agent has room", "owner");
  assert.deepEqual(textsOf(await memory.recall("main", `number0 number${FACTS_MAX - 1}`)), [`number${FACTS_MAX - 1}`, "number0"]);
});

test("the revision of a memory changes with each new fact of its agent, and outlives a restart (S2.10)", async (t) => {
  const { open, memory } = await setUp(t);
  const empty = await memory.revision("main");
  await memory.remember("main", "1", "one", "owner");
  const first = await memory.revision("main");
  assert.notEqual(first, empty);
  await memory.remember("other", "1", "theirs", "owner");
  assert.equal(await memory.revision("main"), first);
  assert.equal(await (await open()).revision("main"), first);
  await memory.remember("main", "1", "one again", "owner");
  assert.equal(await memory.revision("main"), first, "a repeat adds nothing");
});
