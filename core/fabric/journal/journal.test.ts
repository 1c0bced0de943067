import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import { ENGINE_LIMITS } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemClock, type Clock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../engine.ts";
import { OWNER } from "../identity.ts";
import { openVault } from "../vault.ts";
import type { MessageOffer } from "./offer.ts";
import { createJournal } from "./open-journal.ts";
import { emptyState, formatState, parseState } from "./session-state.ts";
import { JOURNAL_LIMITS } from "./address.ts";

const message = (runId: string, text: string): MessageOffer =>
  ({ sessionKey: "agent:main:main", agentId: "main", runId, text, channel: "cli" });
const revision = { program: "p", config: "c", prompt: "q", skills: "s", memory: "m" };

async function open(t: TestContext, clock: Clock = systemClock) {
  const dir = await mkdtemp(join(tmpdir(), "journal-"));
  const engine = await openMemoryEngine({ clock });
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const journal = createJournal({ engine, vault, clock, ids: systemIds });
  const address = journal.address("agent:main:main");
  const claim = await engine.log.claim(address.slot, "here");
  /** Shows the log what the engine holds, as the owner's reader does. */
  const show = async (log: Awaited<ReturnType<typeof journal.load>>): Promise<void> => {
    for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
  };
  const turn = async (runId: string, log: Awaited<ReturnType<typeof journal.load>>): Promise<void> => {
    const body = message(runId, `text of ${runId}`);
    const { offerId } = await journal.offer(address, { type: "message.offered", id: runId, body, principal: OWNER });
    await show(log);
    await log.append(claim, "agent:main", [{ type: "turn.started", body: { runId, inputs: [offerId], model: "demo/demo", revision } }]);
    await log.append(claim, "agent:main", [
      {
        type: "step.ended",
        body: { stepId: "s", kind: "model", text: `answer to ${runId}`, calls: [], usage: { inputTokens: 1, outputTokens: 2 }, finish: "stop" },
      },
      { type: "turn.ended", body: { runId, status: "ok", text: `answer to ${runId}` } },
    ]);
    await show(log);
  };
  return { engine, vault, journal, address, claim, turn };
}

test("a session folded anew equals the one that was folded while it happened (S0.2)", async (t) => {
  const { journal, address, turn } = await open(t);
  const log = await journal.load(address);
  for (let run = 1; run <= 5; run++) await turn(`run-${run}`, log);
  const again = await journal.load(address);
  assert.deepEqual(again.state, log.state);
  assert.equal(again.state.messages.length, 10);
  assert.equal(again.state.usage.outputTokens, 10);
});

test("an append whose confirmation was lost is stored once, even where its repeat comes when the engine forgot it (S0.19, S2.10)",
  async (t) => {
    const clock = new VirtualClock();
    const { engine, journal, address, turn } = await open(t, clock);
    const log = await journal.load(address);
    await turn("run-1", log);
    const { append } = engine.log;
    let lost = 1;
    engine.log.append = async (...args) => {
      const positions = await append(...args);
      if (lost-- <= 0) return positions;
      await clock.advance(ENGINE_LIMITS.dedupeMs + 1_000);
      throw new OpenClawError("ENGINE_UNAVAILABLE");
    };
    await turn("run-2", log);
    await turn("run-3", log);
    assert.equal((await journal.verify(address)).brokenAt, null);
    assert.deepEqual((await journal.load(address)).state, log.state);
    assert.equal(log.state.messageCount, 6);
  });

test("after an append that was given up nothing is appended before it is known whether it was stored (S0.19, S2.10)", async (t) => {
  const { engine, journal, address, claim, turn } = await open(t);
  const log = await journal.load(address);
  await turn("run-1", log);
  const { append, readSession } = engine.log;
  const note = { type: "note.recorded", body: { text: "late", stepId: "s" }, label: "outside" } as const;
  let away = true;
  const unless = <A extends readonly unknown[], R>(run: (...args: A) => Promise<R>, before: boolean) => async (...args: A): Promise<R> => {
    if (away && before) throw new OpenClawError("ENGINE_UNAVAILABLE");
    const result = await run(...args);
    if (away) throw new OpenClawError("ENGINE_UNAVAILABLE");
    return result;
  };
  engine.log.append = unless(append, false);
  engine.log.readSession = unless(readSession, true);
  const unavailable = (error: unknown): boolean => hasCode(error, "ENGINE_UNAVAILABLE");
  await assert.rejects(log.append(claim, "service:x", [note]), unavailable);
  await assert.rejects(log.append(claim, "service:x", [note]), unavailable, "still not known");
  away = false;
  await assert.rejects(log.append(claim, "service:x", [note]), unavailable, "decided before it was known");
  await log.append(claim, "service:x", () => [note]);
  await turn("run-2", log);
  assert.equal((await journal.verify(address)).brokenAt, null);
  assert.equal((await journal.verify(address)).events, log.state.events);
  assert.deepEqual((await journal.load(address)).state, log.state);
});

test("an event that the live log shows before its append is confirmed is folded once (S0.2)", async (t) => {
  const { engine, journal, address, turn } = await open(t);
  const log = await journal.load(address);
  const { append } = engine.log;
  engine.log.append = async (...args) => {
    const positions = await append(...args);
    for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
    return positions;
  };
  await turn("early", log);
  assert.deepEqual(log.state.messages.map(({ content }) => content.text), ["text of early", "answer to early"]);
  assert.deepEqual((await journal.load(address)).state, log.state);
});

test("a message offered twice is folded once, even when the engine forgot its id", async (t) => {
  const { engine, journal, address } = await open(t);
  const log = await journal.load(address);
  const first = await journal.offer(address, { type: "message.offered", id: "same", body: message("same", "hello"), principal: OWNER });
  const second = await journal.offer(address, { type: "message.offered", id: "same", body: message("same", "hello"), principal: OWNER });
  assert.equal(first.offerId, second.offerId);
  assert.equal(second.duplicate, true);
  const [entry] = await engine.log.readSession(address.slot, address.token, 0);
  assert.ok(entry);
  log.receive(entry);
  log.receive({ ...entry, position: entry.position + 100 });
  assert.equal(log.state.queue.length, 1);
});

test("a state loaded from a snapshot and the log after it is the same state", async (t) => {
  const { journal, address, turn } = await open(t);
  const log = await journal.load(address);
  await turn("before", log);
  await log.snapshot();
  await turn("after", log);
  assert.deepEqual((await journal.load(address)).state, log.state);
});

test("a state as a program before queue modes stored it is read, what it lacks as nothing", () => {
  const state = emptyState();
  state.turn = { runId: "r", inputs: [], calls: [] } as unknown as NonNullable<typeof state.turn>;
  const stored = JSON.parse(JSON.stringify(formatState(state))) as Record<string, unknown>;
  for (const later of ["activeAtMs", "profiles", "dropped"]) delete stored[later];
  const read = parseState(stored);
  assert.deepEqual([read?.activeAtMs, read?.profiles, read?.dropped], [0, {}, null]);
  assert.deepEqual([read?.turn?.resumes, read?.turn?.acts, read?.turn?.profile, read?.turn?.thinking], [0, [], null, null]);
});

test("what left the log for a segment is read like the rest, and the chain still verifies", async (t) => {
  const { engine, journal, address, claim, turn } = await open(t);
  const log = await journal.load(address);
  for (let run = 1; run <= 3; run++) await turn(`run-${run}`, log);
  const whole = await log.read(0, 100);
  await log.compact(claim);
  assert.equal((await engine.log.readSession(address.slot, address.token, 0)).length, 0);
  await turn("run-4", log);
  const after = await log.read(0, 100);
  assert.deepEqual(after.slice(0, whole.length), whole);
  assert.equal(after.length, whole.length + 4);
  const { newestMs, ...report } = await journal.verify(address);
  assert.deepEqual(report, { events: log.state.events, link: log.state.link, brokenAt: null });
  assert.equal(newestMs, log.state.updatedAtMs);
  assert.deepEqual((await journal.load(address)).state, log.state);
});

test("compaction leaves unfinished work in the log, where whoever takes the slot over looks for it", async (t) => {
  const { engine, journal, address, claim, turn } = await open(t);
  const log = await journal.load(address);
  await turn("done", log);
  const offer = async (runId: string): Promise<string> => {
    const { offerId } = await journal.offer(address, { type: "message.offered", id: runId, body: message(runId, runId), principal: OWNER });
    for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
    return offerId;
  };
  const [running, waiting] = [await offer("running"), await offer("waiting")];
  const started = { runId: "running", inputs: [running], model: "demo/demo", revision };
  await log.append(claim, "agent:main", [{ type: "turn.started", body: started }]);
  for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
  await log.compact(claim);
  const left = await engine.log.readSession(address.slot, address.token, 0);
  assert.deepEqual(left.map((entry) => journal.peek(entry).type), ["message.offered", "message.offered", "turn.started"]);
  assert.deepEqual(left.slice(0, 2).map(({ id }) => id), [running, waiting]);
  assert.equal((await log.read(0, 100)).length, 7);
  assert.equal((await journal.verify(address)).brokenAt, null);
});

test("a deleted session cannot be read, and its chain still verifies", async (t) => {
  const { journal, address, claim, turn } = await open(t);
  const log = await journal.load(address);
  await turn("run-1", log);
  await log.snapshot();
  await log.append(claim, "owner", [{ type: "session.deleted", body: { requestId: "r" } }]);
  await journal.destroy(address);
  await assert.rejects(journal.load(address), (error) => hasCode(error, "KEY_DESTROYED"));
  const report = await journal.verify(address);
  assert.equal(report.brokenAt, null);
  assert.equal(report.events, 4);
});

test("an event that was changed or left out breaks the chain where it happened", async (t) => {
  const { engine, vault, address, turn, journal } = await open(t);
  const log = await journal.load(address);
  await turn("run-1", log);
  await turn("run-2", log);
  const entries = await engine.log.readSession(address.slot, address.token, 0);
  const victim = entries.filter((entry) => entry.kind === "event")[1];
  assert.ok(victim);
  const cut = createJournal({
    engine: {
      ...engine,
      log: {
        ...engine.log,
        readSession: async (_slot, _session, after) => entries.filter((entry) => entry !== victim && entry.position > after),
      },
    },
    vault, clock: systemClock, ids: systemIds,
  });
  const report = await cut.verify(address);
  assert.notEqual(report.brokenAt, null);
});

test("an offer that lies before an own event in the log is folded, though the owner saw it later (S1.10)", async (t) => {
  const { journal, address, claim, engine } = await open(t);
  const log = await journal.load(address);
  await journal.offer(address, { type: "message.offered", id: "early", body: message("early", "hello"), principal: OWNER });
  await log.append(claim, "agent:main", [{ type: "note.recorded", body: { text: "n" } }]);
  assert.equal(log.state.queue.length, 0);
  await log.snapshot();
  const reloaded = await journal.load(address);
  for (const entry of await engine.log.readSession(address.slot, address.token, 0)) log.receive(entry);
  assert.equal(log.state.queue.length, 1);
  assert.deepEqual(reloaded.state, log.state);
});

test("an owner that was superseded cannot append, and its fold stays as it was (S0.19)", async (t) => {
  const { engine, journal, address, claim, turn } = await open(t);
  const log = await journal.load(address);
  await turn("run-1", log);
  await engine.log.claim(address.slot, "elsewhere");
  const before = structuredClone(formatState(log.state));
  const late = log.append(claim, "agent:main", [{ type: "note.recorded", body: { text: "late" } }]);
  await assert.rejects(late, (error) => hasCode(error, "FENCED"));
  assert.deepEqual(formatState(log.state), before);
});

test("a long session is snapshotted by itself while it is worked on", async (t) => {
  const { engine, journal, address, claim } = await open(t);
  const log = await journal.load(address);
  for (let at = 0; at < JOURNAL_LIMITS.snapshotEvery; at++) {
    await log.append(claim, "agent:main", [{ type: "note.recorded", body: { text: String(at) } }]);
  }
  assert.equal((await engine.records.list("snapshots", "")).length, 1);
});

test("nothing a person wrote is readable in what the engine stores", async (t) => {
  const { engine, journal, address, turn } = await open(t);
  const log = await journal.load(address);
  await turn("canary-run", log);
  await log.snapshot();
  const stored = Buffer.concat([
    ...(await engine.log.readSession(address.slot, address.token, 0)).map((entry) => entry.body),
    ...(await engine.records.list("snapshots", "")).map((entry) => entry.value),
  ]).toString("latin1");
  for (const canary of ["text of", "answer to", "canary-run", "agent:main:main"]) assert.equal(stored.includes(canary), false, canary);
});

test("a reset takes away what was allowed for the session and its summary, and leaves what was pinned (S0.27, S3.2)", async (t) => {
  const { journal, address, claim, turn } = await open(t);
  const log = await journal.load(address);
  await log.append(claim, "owner", [{ type: "session.opened", body: { key: "agent:main:main", agentId: "main", sessionId: "s" } }]);
  await turn("before", log);
  const { window } = log.state;
  const summary = { id: "m", window, upToSeq: 2, text: "They spoke.", by: "extract", tokens: 3 } as const;
  await log.append(claim, "owner", [
    { type: "fact.pinned", body: { requestId: "", id: "p", text: "Backups run at three" }, label: "owner" },
    { type: "summary.recorded", body: summary, label: "agent" },
  ]);
  log.state.allowed.add("a command, for this session");
  assert.notEqual(log.state.summary, null);
  await log.append(claim, "owner", [{ type: "session.reset", body: { requestId: "", reason: "reset" } }]);
  const { state } = log;
  assert.deepEqual([[...state.allowed], state.summary, state.messages, state.window], [[], null, [], window + 1]);
  assert.deepEqual(state.pinned.map(({ text }) => text), ["Backups run at three"]);
});

test("a snapshot that was damaged costs a longer fold and nothing else (C14)", async (t) => {
  const { engine, journal, address, turn } = await open(t);
  const log = await journal.load(address);
  await turn("before", log);
  await log.snapshot();
  const [stored] = await engine.records.list("snapshots", "");
  assert.ok(stored !== undefined);
  const { key, value, revision: at } = stored;
  await engine.records.write("snapshots", key, value.map((byte, index) => (index === value.length - 3 ? byte ^ 0xff : byte)), at);
  assert.deepEqual((await journal.load(address)).state, log.state);
});
