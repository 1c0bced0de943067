/** A session decided again, and branches of it, over a real journal, placement and runtime. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { OWNER } from "../../fabric/identity.ts";
import type { Recorded } from "../../fabric/journal.ts";
import { readAll } from "./replay-log.ts";
import { setUpWorld, type World } from "./world.testing.ts";

const KEY = "agent:main:work";
const BRANCH = "agent:main:branch:one";
const never = new AbortController().signal;

async function setUp(t: TestContext) {
  const { clock, outside, open } = await setUpWorld(t);
  const settle = async (): Promise<void> => {
    for (let step = 0; step < 20; step++) await clock.advance(20);
  };
  const say = async (world: World, key: string, ...texts: readonly string[]): Promise<void> => {
    for (const text of texts) {
      await world.send(key, text, `${key}/${text}`);
      await settle();
    }
  };
  return { clock, outside, open, settle, say };
}

async function done<T>(settle: () => Promise<void>, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  await settle();
  return await work;
}

test("a session is replayed equal, after restarts too, and the replay does nothing (S2.10)", async (t) => {
  const { open, settle, say, outside } = await setUp(t);
  const world = await open();
  await say(world, KEY, "one", "act wash", "two");
  world.crash();
  const again = await open();
  await say(again, KEY, "act dry");
  const before = await again.journal.load(again.journal.address(KEY));
  const { difference, equal, turns, steps } = await done(settle, again.sessions.past.replay(KEY, {}, never));
  assert.equal(difference, null);
  assert.deepEqual([equal, turns, steps], [true, 4, 8]);
  assert.equal((await again.journal.load(again.journal.address(KEY))).state.position, before.state.position);
  assert.deepEqual([...outside.effects], [["wash", 1], ["dry", 1]]);
});

test("a recorded prompt is shown to another model, and its answer compared (S2.10)", async (t) => {
  const { open, settle, say } = await setUp(t);
  const world = await open();
  await say(world, KEY, "one", "two");
  const { other } = await done(settle, world.sessions.past.replay(KEY, { at: 1, model: "other/model" }, never));
  assert.deepEqual([other?.model, other?.step, other?.text, other?.same], ["other/model", 1, "echo: one", true]);
  await assert.rejects(done(settle, world.sessions.past.replay("agent:main:nobody", {}, never)), (error) => hasCode(error, "NOT_FOUND"));
});

test("a branch begins with the transcript up to a step, goes on by itself, and replays equal (S2.10)", async (t) => {
  const { open, settle, say } = await setUp(t);
  const world = await open({ yesLocal: true });
  await say(world, KEY, "one", "act wash", "two");
  await done(settle, world.sessions.patch(KEY, { label: "Work" }, OWNER));
  const row = await done(settle, world.sessions.past.fork(KEY, BRANCH, 3, OWNER, never));
  assert.deepEqual([row?.key, row?.label], [BRANCH, undefined], "what was set later is not part of it");
  const lines = ["user: one", "assistant: echo: one", "user: act wash", "toolResult: wash happened"];
  assert.deepEqual(await world.transcript(BRANCH), lines);
  await say(world, BRANCH, "three");
  assert.deepEqual((await world.transcript(BRANCH)).slice(4), ["user: three", "assistant: echo: three"]);
  assert.equal((await world.transcript(KEY)).length, 7, "the other one is as it was");
  const replayed = await done(settle, world.sessions.past.replay(BRANCH, {}, never));
  assert.equal(replayed.difference, null);
  const log = await world.journal.load(world.journal.address(BRANCH));
  assert.deepEqual((await log.read(0, 2)).filter(({ kind }) => kind === "event").map(({ type }) => type).slice(0, 2),
    ["session.branched", "transcript.copied"]);
  assert.deepEqual([...log.state.allowed], []);
  assert.equal((await world.journal.verify(log.address)).brokenAt, null);
  world.crash();
  const again = await open();
  assert.equal((await done(settle, again.sessions.past.fork(KEY, BRANCH, 3, OWNER, never)))?.key, BRANCH, "the same branch again");
  await assert.rejects(done(settle, again.sessions.past.fork(KEY, BRANCH, 1, OWNER, never)), (error) => hasCode(error, "CONFLICT"));
});

test("a branch of a whole session keeps its labels, and outlives the session it came from (S2.10, S4.7)", async (t) => {
  const { open, settle, say } = await setUp(t);
  const world = await open();
  await say(world, KEY, "one", "act wash");
  await done(settle, world.sessions.past.fork(KEY, BRANCH, undefined, OWNER, never));
  const labels = async (key: string): Promise<readonly string[]> =>
    (await world.journal.load(world.journal.address(key))).state.messages.map(({ label }) => label);
  assert.deepEqual(await labels(BRANCH), await labels(KEY));
  assert.ok((await labels(BRANCH)).includes("outside"));
  await done(settle, world.sessions.delete(KEY, OWNER));
  await assert.rejects(done(settle, world.sessions.past.fork(KEY, "agent:main:two", undefined, OWNER, never)),
    (error) => hasCode(error, "KEY_DESTROYED"));
  assert.equal((await world.transcript(BRANCH)).length, 5);
});

test("a long transcript is copied in parts that each fit a frame, and all of it can be read (S2.10, S3.2)", async (t) => {
  const { open, settle, say } = await setUp(t);
  const world = await open({
    model: async function* ({ messages }) {
      const last = messages.at(-1)?.text ?? "";
      yield { type: "text", delta: last.slice(0, 4).repeat(12_500) };
      yield { type: "end", finish: "stop", calls: [], usage: { inputTokens: 1, outputTokens: 1 } };
    },
  });
  await say(world, KEY, ...Array.from({ length: 24 }, (_, at) => `m${String(at).padStart(3, "0")}`));
  await done(settle, world.sessions.past.fork(KEY, BRANCH, undefined, OWNER, never));
  const log = await world.journal.load(world.journal.address(BRANCH));
  const copied = (await log.read(0, 200)).filter(({ type }) => type === "transcript.copied");
  assert.ok(copied.length >= 4, `${copied.length} parts`);
  const { messages, totalMessages } = await world.sessions.history(BRANCH, 1_000, 0);
  assert.deepEqual([messages.length, totalMessages], [48, 48]);
  const source = await world.sessions.history(KEY, 1_000, 0);
  assert.deepEqual(messages.map(({ content }) => content), source.messages.map(({ content }) => content));
});

test("however long a history is, others have their turn while it is read again (C7)", async () => {
  const entries = Array.from({ length: 256 }, (_, at) => ({ position: at + 1 }) as Recorded);
  const read = async (after: number, limit: number): Promise<readonly Recorded[]> => entries.slice(after, after + limit);
  let turns = 0;
  let isDone = false;
  const spin = (): void => {
    turns += 1;
    if (!isDone) setImmediate(spin);
  };
  setImmediate(spin);
  const seen: number[] = [];
  for await (const { position } of readAll({ read })) seen.push(position);
  isDone = true;
  assert.deepEqual(seen, entries.map(({ position }) => position));
  assert.ok(turns >= 30, `${turns} turns of the event loop`);
});

test("a branch stays with its agent: another one's key is refused, and nothing is made (C15)", async (t) => {
  const { open, settle, say } = await setUp(t);
  const world = await open();
  await say(world, KEY, "one");
  const forking = done(settle, world.sessions.past.fork(KEY, "agent:other:branch:one", undefined, OWNER, never));
  await assert.rejects(forking, (error) => hasCode(error, "PARAMS_INVALID"));
  assert.equal(await world.sessions.describe("agent:other:branch:one"), null);
});

test("a branch reads the files of the messages it took along, as long as the session they came with is there (S4.27)", async (t) => {
  const { open, settle } = await setUp(t);
  const world = await open();
  const content = Buffer.from("the code word is heliotrope");
  const file = { kind: "file", mimeType: "text/plain", name: "a.txt", bytes: content.length, content } as const;
  await world.send(KEY, "read", "read", { files: [file] });
  await settle();
  await done(settle, world.sessions.past.fork(KEY, BRANCH, undefined, OWNER, never));
  await done(settle, world.sessions.past.fork(BRANCH, "agent:main:branch:two", undefined, OWNER, never));
  const { messages } = await world.sessions.history("agent:main:branch:two", 10, 0);
  const id = String(messages[0]?.content.at(-1)?.["artifactId"]);
  assert.deepEqual(Buffer.from((await world.sessions.file("agent:main:branch:two", id)).content), content);
  await assert.rejects(world.sessions.file("agent:main:other", id), (error) => hasCode(error, "NOT_FOUND"));
  await done(settle, world.sessions.delete(KEY, OWNER));
  await assert.rejects(world.sessions.file(BRANCH, id), (error) => hasCode(error, "NOT_FOUND"));
});
