import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../engine.ts";
import { OWNER } from "../identity.ts";
import { openVault } from "../vault.ts";
import type { NewEvent, Recorded } from "./event.ts";
import type { MessageOffer } from "./offer.ts";
import { foldEntry } from "./fold.ts";
import { createJournal } from "./open-journal.ts";
import { readMessages } from "./read-messages.ts";
import { addSegments, segmentedUpTo, segmentsAfter } from "./segment-manifest.ts";
import { readSegments } from "./segment.ts";
import { emptyState, formatState, parseState, STATE_LIMITS } from "./session-state.ts";

const revision = { program: "p", config: "c", prompt: "q", skills: "s", memory: "m" };

const answered = (text: string) =>
  ({ stepId: "s", kind: "model", text, calls: [], usage: { inputTokens: 1, outputTokens: 2 }, finish: "stop" }) as const;

async function open(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "history-"));
  const engine = await openMemoryEngine({ clock: systemClock });
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const deps = { engine, vault, clock: systemClock, ids: systemIds };
  const journal = createJournal(deps);
  const address = journal.address("agent:main:main");
  const claim = await engine.log.claim(address.slot, "here");
  const log = await journal.load(address);
  /** One message and its answer; both are as long as said. */
  const turn = async (runId: string, chars = 10): Promise<void> => {
    const body: MessageOffer = { sessionKey: "agent:main:main", agentId: "main", runId, text: runId.padEnd(chars, "."), channel: "cli" };
    const { offerId } = await journal.offer(address, { type: "message.offered", id: runId, body, principal: OWNER });
    const show = async (): Promise<void> => {
      for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
    };
    await show();
    const answer = answered("a".repeat(chars));
    await log.append(claim, "agent:main", [
      { type: "turn.started", body: { runId, inputs: [offerId], model: "demo/demo", revision } },
      { type: "step.ended", body: answer },
      { type: "turn.ended", body: { runId, status: "ok", text: answer.text } },
    ]);
    await show();
  };
  const blobsHeld = async (digests: readonly string[]): Promise<number> =>
    (await Promise.all(digests.map((digest) => engine.blobs.stat(digest)))).filter((info) => info !== null).length;
  return { engine, vault, deps, journal, address, claim, log, turn, blobsHeld };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Blobs that snapshots were put into, in order. */
function watchBlobs(engine: Awaited<ReturnType<typeof open>>["engine"]): string[] {
  const put = engine.blobs.put.bind(engine.blobs);
  const digests: string[] = [];
  engine.blobs.put = async (...args) => {
    const info = await put(...args);
    digests.push(info.digest);
    return info;
  };
  return digests;
}

test("a state larger than a record is written down all the same, in a blob that the next one replaces (S3.2)", async (t) => {
  const { engine, journal, address, log, turn, blobsHeld } = await open(t);
  const digests = watchBlobs(engine);
  for (let run = 0; run < 3; run++) {
    await turn(`run-${run}`, 150_000);
    await log.snapshot();
  }
  assert.ok(Buffer.byteLength(JSON.stringify(formatState(log.state))) > 524_288);
  const stored = await engine.records.get("snapshots", `home.${address.token}`);
  assert.ok(stored !== null && stored.value.length < 100);
  assert.ok(digests.length >= 2);
  assert.equal(await blobsHeld(digests), 1, "one of them is held, the newest");
  assert.deepEqual((await journal.load(address)).state, log.state);
  await journal.destroy(address);
  assert.equal(await blobsHeld(digests), 0);
});

test("a session whose snapshot nobody has any more is folded from its whole history, segments included", async (t) => {
  const { engine, journal, address, claim, log, turn } = await open(t);
  for (let run = 0; run < 10; run++) await turn(`run-${run}`);
  await log.compact(claim);
  for (let run = 10; run < 15; run++) await turn(`run-${run}`);
  const { revision: at = 0 } = (await engine.records.get("snapshots", `home.${address.token}`)) ?? {};
  for (const lost of [null, Buffer.from(`b${"0".repeat(64)}`)]) {
    const now = (await engine.records.get("snapshots", `home.${address.token}`))?.revision ?? at;
    await engine.records.write("snapshots", `home.${address.token}`, lost, lost === null ? now : 0);
    const { state } = await journal.load(address);
    assert.equal(state.messages.length, 30);
    assert.deepEqual(state.messages, log.state.messages);
    assert.equal(state.link, log.state.link);
  }
});

test("the list of segments does not grow in one record: a million events are pages of it, read from where one asks (S3.2)", async (t) => {
  const { engine, deps, address } = await open(t);
  let largest = 0;
  const write = engine.records.write.bind(engine.records);
  engine.records.write = (bucket, key, value, expected) => {
    largest = Math.max(largest, value?.length ?? 0);
    return write(bucket, key, value, expected);
  };
  for (let at = 0; at < 1_000; at++) {
    await addSegments(deps, address, [{ digest: "d".repeat(64), first: at * 1_024 + 1, last: (at + 1) * 1_024, entries: 1_024 }]);
  }
  assert.ok(largest < 40_000, `${largest} bytes`);
  assert.equal(await segmentedUpTo(deps, address), 1_024_000);
  const wanted = [[0, 1_000, 1], [511_999, 501, 510_977], [1_023_999, 1, 1_022_977], [1_024_000, 0, undefined]] as const;
  for (const [after, count, first] of wanted) {
    const found = await all(segmentsAfter(deps, address, after));
    assert.equal(found.length, count);
    assert.equal(found[0]?.first, first);
    assert.ok(found.every((segment, index) => index === 0 || segment.first > (found[index - 1]?.last ?? 0)));
  }
});

test("a page of the list that a crash left behind is written again", async (t) => {
  const { engine, deps, address } = await open(t);
  await engine.records.write("segment-pages", `home.${address.token}.0`, Buffer.from("[]"), 0);
  const infos = Array.from({ length: 300 }, (_, at) => ({ digest: "d", first: at + 1, last: at + 1, entries: 1 }));
  await addSegments(deps, address, infos);
  assert.deepEqual(await all(segmentsAfter(deps, address, 0)), infos);
});

test("what moves into segments is cut into pieces of bounded size, and reads as it did in the log", async (t) => {
  const { deps, address, claim, log, turn } = await open(t);
  for (let run = 0; run < 30; run++) await turn(`run-${run}`, 150_000);
  const before = await log.read(0, 1_000);
  await log.compact(claim);
  const segments = await all(segmentsAfter(deps, address, 0));
  assert.ok(segments.length > 1, `${segments.length}`);
  assert.deepEqual((await log.read(0, 1_000)).map(({ id }) => id), before.map(({ id }) => id));
  const tail = before.slice(-5, -1);
  const from = before.at(-6)?.position ?? 0;
  const read: string[] = [];
  for await (const { id } of readSegments(deps, address, from)) read.push(id);
  assert.deepEqual(read.slice(0, 4), tail.map(({ id }) => id));
});

test("entries that leave the log for a segment while they are read are read once, none is missed", async (t) => {
  const { engine, address, claim, log, turn } = await open(t);
  for (let run = 0; run < 20; run++) await turn(`run-${run}`);
  const whole = (await log.read(0, 1_000)).map(({ id }) => id);
  const readSession = engine.log.readSession.bind(engine.log);
  let compacted = false;
  engine.log.readSession = async (slot, session, after, limit) => {
    if (!compacted && session === address.token) {
      compacted = true;
      await log.compact(claim);
    }
    return await readSession(slot, session, after, limit);
  };
  assert.deepEqual((await log.read(0, 1_000)).map(({ id }) => id), whole);
});

test("the index of a window stays within its limit however long the window gets, and its marks still begin turns", () => {
  const state = emptyState();
  const timeMs = 1;
  let position = 0;
  const event = ({ type, body }: NewEvent): void => {
    const header = { v: 1, type, tenant: "", session: "", principal: "", label: "agent", cause: null, timeMs, commitment: "" };
    foldEntry(state, { kind: "event", type, body, position: ++position, id: "", header } as unknown as Recorded, "");
  };
  for (let turn = 0; turn < 60_000; turn++) {
    event({ type: "turn.started", body: { runId: "r", inputs: [], model: "m", revision } });
    for (const text of ["a", "b"]) {
      event({ type: "step.ended", body: answered(text) });
    }
    event({ type: "turn.ended", body: { runId: "r", status: "ok", text: "b" } });
  }
  assert.equal(state.messageCount, 120_000);
  assert.ok(state.index.length <= STATE_LIMITS.indexMarks, String(state.index.length));
  assert.equal(state.index[0]?.count, 0);
  const gaps = state.index.map((mark, at) => (state.index[at + 1]?.count ?? state.messageCount) - mark.count);
  assert.ok(Math.max(...gaps) <= 4 * Math.ceil(120_000 / STATE_LIMITS.indexMarks) + 128, String(Math.max(...gaps)));
  assert.ok(state.index.every(({ count, after }) => after === count * 2), "two messages and four events to a turn");
});

test("any stretch of a long window can be read from the log by the index", async (t) => {
  const { claim, log, turn } = await open(t);
  for (let run = 0; run < 120; run++) await turn(`run-${run}`);
  await log.compact(claim);
  for (const [start, end] of [[0, 3], [100, 107], [231, 240]] as const) {
    const read = await readMessages(log, start, end);
    assert.deepEqual(read.map(({ seq }) => seq), Array.from({ length: end - start }, (_, at) => start + at + 1));
    assert.deepEqual(read, log.state.messages.filter(({ seq }) => seq > start && seq <= end));
  }
});

test("remembered ids are written down as one text, and read in that form and in that of the first release", () => {
  const state = emptyState();
  const ids = [["one", 1_700_000_000_000], ["two", 1_700_000_000_500], ["three", 1_700_000_000_400]] as const;
  for (const [id, timeMs] of ids) state.seen.add(id, timeMs);
  const stored = JSON.parse(JSON.stringify(formatState(state))) as Record<string, unknown>;
  assert.deepEqual(parseState(stored)?.seen, state.seen);
  assert.deepEqual(parseState({ ...stored, seen: ids })?.seen, state.seen);
  assert.deepEqual(parseState(JSON.parse(JSON.stringify(formatState(emptyState()))))?.seen, emptyState().seen);
});
