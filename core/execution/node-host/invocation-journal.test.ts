import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { openEpochs } from "./epochs.ts";
import { temporaryDirectory } from "./host-for-test.ts";
import { NO_OUTPUT, openInvocationJournal, type InvocationJournal, type JournalEntry } from "./invocation-journal.ts";

async function add(journal: InvocationJournal, id: string, at: number, isEnded = true): Promise<JournalEntry> {
  const claim = { slot: 1, epoch: 1 };
  const entry = await journal.begin({ version: 1, id, command: "system.run", params: { command: ["true"] }, ...claim, receivedAtMs: at });
  if (isEnded) journal.ended(entry, { version: 1, startedAtMs: at, end: { endedAtMs: at, sizes: NO_OUTPUT } });
  return entry;
}

test("the journal is bounded: acknowledged entries leave first, then the oldest ended, never one that runs", async () => {
  const dir = temporaryDirectory();
  const journal = await openInvocationJournal(dir, { entriesMax: 4, ackedEntriesMax: 2, bytesMax: 1_000_000 });
  await add(journal, "running", 0, false);
  await add(journal, "a", 1);
  const b = await add(journal, "b", 2);
  await journal.acknowledge(b);
  await add(journal, "c", 3);
  await add(journal, "d", 4);
  await until(() => !existsSync(join(dir, "b")));
  assert.deepEqual([...journal.entries.keys()], ["running", "a", "c", "d"]);
  await add(journal, "e", 5);
  await until(() => !existsSync(join(dir, "a")));
  assert.deepEqual(readdirSync(dir).sort(), ["c", "d", "e", "running"]);
  await journal.close();
  const again = await openInvocationJournal(dir);
  assert.deepEqual([...again.entries.keys()], ["running", "c", "d", "e"]);
  assert.deepEqual(
    [...again.entries.values()].map((entry) => entry.running),
    [true, false, false, false],
  );
  await again.close();
  rmSync(dir, { recursive: true });
});

test("no more acknowledged entries are kept than the journal is told, however much room there is", async () => {
  const dir = temporaryDirectory();
  const journal = await openInvocationJournal(dir, { entriesMax: 100, ackedEntriesMax: 2, bytesMax: 1_000_000 });
  await add(journal, "open", 0);
  for (const [at, id] of ["a", "b", "c", "d"].entries()) await journal.acknowledge(await add(journal, id, at + 1));
  await until(() => readdirSync(dir).length === 3);
  assert.deepEqual(readdirSync(dir).sort(), ["c", "d", "open"]);
  await journal.close();
  rmSync(dir, { recursive: true });
});

test("what a run was asked and answered is forgotten once the gateway has it; the guard against a repeat stays", async () => {
  const dir = temporaryDirectory();
  const journal = await openInvocationJournal(dir);
  const entry = await journal.begin({
    version: 1,
    id: "told",
    command: "system.run",
    params: { command: ["echo", "private words"] },
    slot: 3,
    epoch: 4,
    receivedAtMs: 1,
  });
  const result = { exitCode: 0, timedOut: false, success: true, stdout: "private words", stderr: "", error: null };
  journal.ended(entry, { version: 1, startedAtMs: 1, end: { endedAtMs: 2, result, sizes: NO_OUTPUT } });
  assert.match(contentOf(join(dir, "told")), /private words/);
  await journal.acknowledge(entry);
  assert.doesNotMatch(contentOf(join(dir, "told")), /private words/);
  await journal.close();
  const again = (await openInvocationJournal(dir)).entries.get("told");
  assert.deepEqual([again?.running, again?.acked, again?.slot, again?.epoch], [false, true, 3, 4]);
  rmSync(dir, { recursive: true });
});

test("what only reads is not guarded: told, nothing of it stays, and what a loss of power left of it is in nobody's way", async () => {
  const dir = temporaryDirectory();
  mkdirSync(join(dir, "read"));
  for (const name of ["request.json", "state.json"]) writeFileSync(join(dir, "read", name), "");
  const journal = await openInvocationJournal(dir);
  const claim = { slot: 3, epoch: 4, receivedAtMs: 1 };
  const asked = { version: 1 as const, command: "system.run" as const, params: { command: ["uptime"] }, ...claim };
  await assert.rejects(journal.begin({ ...asked, id: "read" }), (error) => hasCode(error, "NODE_FILE_FAILED"));
  const entry = await journal.begin({ ...asked, id: "read", repeatable: true });
  journal.ended(entry, { version: 1, startedAtMs: 1, end: { endedAtMs: 2, sizes: NO_OUTPUT } });
  assert.equal((await openInvocationJournal(dir)).entries.get("read")?.unguarded, true);
  await journal.acknowledge(entry);
  assert.deepEqual([journal.entries.size, readdirSync(dir)], [0, []]);
  await journal.close();
  rmSync(dir, { recursive: true });
});

test("an entry cut off in the middle of being written was never started, and its id is free", async () => {
  const dir = temporaryDirectory();
  mkdirSync(join(dir, "half"));
  writeFileSync(join(dir, "half", "request.json"), '{"version":1,"id":"ha');
  const journal = await openInvocationJournal(dir);
  assert.equal(journal.entries.size, 0);
  await add(journal, "half", 1);
  assert.equal(journal.entries.get("half")?.running, false);
  await journal.close();
  rmSync(dir, { recursive: true });
});

test("a record of the end that cannot be read is an unknown outcome, not a repeat", async () => {
  const dir = temporaryDirectory();
  const journal = await openInvocationJournal(dir);
  const entry = await add(journal, "r1", 1);
  writeFileSync(join(dir, "r1", "state.json"), "");
  assert.equal((await journal.loadState(entry)).end?.error?.code, "OUTCOME_UNKNOWN");
  await journal.close();
  rmSync(dir, { recursive: true });
});

test("the newest claim of each slot is remembered on disk", async () => {
  const dir = temporaryDirectory();
  const file = join(dir, "epochs.json");
  const epochs = openEpochs(file);
  assert.equal(epochs.raise(1, 5), true);
  const first = epochs.saved();
  assert.equal(epochs.raise(1, 7), true);
  assert.equal(epochs.raise(1, 6), false);
  assert.equal(epochs.raise(2, 1), true);
  await Promise.all([first, epochs.saved()]);
  const again = openEpochs(file);
  assert.deepEqual([again.admits(1, 6), again.admits(1, 7), again.admits(2, 0), again.admits(3, 0)], [false, true, false, true]);
  writeFileSync(file, "not json");
  assert.throws(
    () => openEpochs(file),
    (error) => hasCode(error, "STATE_DAMAGED"),
  );
  rmSync(dir, { recursive: true });
});

function contentOf(dir: string): string {
  return readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), "utf8"))
    .join("\n");
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
