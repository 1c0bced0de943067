import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { OpenClawError, hasCode } from "@openclaw/protocol";
import type { Claim, Engine, LogEntry, SlotLog } from "@openclaw/sdk";
import { engineWith } from "@openclaw/testkit/engine-with";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { OWNER } from "../../fabric/identity.ts";
import { createJournal, type Journal, type SessionLog } from "../../fabric/journal.ts";
import { createLogger } from "../../fabric/telemetry.ts";
import { openVault } from "../../fabric/vault.ts";
import { openPlacement, type Placement } from "./own.ts";

const revision = { program: "p", config: "c", prompt: "q", skills: "s", memory: "m" };

interface Owner {
  readonly placement: Placement;
  /** What sessions were told: `key of the session: type of the entry`, `work` where there was none. */
  readonly told: string[];
  readonly lost: number[];
  readonly logged: string[];
  /** Positions read from the log. */
  readonly read: number[];
}

async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock, skipNumbers: true });
  const dir = await mkdtemp(join(tmpdir(), "own-"));
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const journal = createJournal({ engine, vault, clock, ids: systemIds });
  const keys = new Map<string, string>();
  const addressOf = (key: string) => {
    const address = journal.address(key);
    keys.set(address.token, key);
    return address;
  };

  const start = (more: Partial<SlotLog> = {}): Owner => {
    const owner: Omit<Owner, "placement"> = { told: [], lost: [], logged: [], read: [] };
    const tell = (session: string, entry: LogEntry | null): void =>
      void owner.told.push(`${keys.get(session) ?? session}: ${entry === null ? "work" : journal.peek(entry).type}`);
    const placement = openPlacement({
      engine: engineWith(engine, { log: { ...watched(engine, owner.read), ...more } }),
      owner: "here", clock, ids: systemIds, peek: journal.peek,
      log: createLogger({ write: (line) => void owner.logged.push(line), clock }),
      onWork: async ({ session, entry }) => tell(session, entry), onOwnEvent: (entry) => tell(entry.session, entry),
      onLost: (slot) => void owner.lost.push(slot),
      onDamaged: ({ session, position }) => void owner.told.push(`${keys.get(session) ?? session}: damaged at ${position > 0}`),
    });
    t.after(() => placement[Symbol.asyncDispose]());
    return { placement, ...owner };
  };
  return { clock, engine, journal, addressOf, start };
}

function watched({ log }: Engine, positions: number[]): Partial<SlotLog> {
  return {
    async *read(slot, after, signal) {
      for await (const entry of log.read(slot, after, signal)) {
        positions.push(entry.position);
        yield entry;
      }
    },
  };
}

async function settle(clock: VirtualClock): Promise<void> {
  for (let step = 0; step < 10; step++) await clock.advance(0);
}

type Address = ReturnType<Journal["address"]>;

async function offer(journal: Journal, address: Address, runId: string): Promise<string> {
  const body = { sessionKey: "k", agentId: "main", runId, text: runId, channel: "cli" };
  return (await journal.offer(address, { type: "message.offered", id: runId, body, principal: OWNER })).offerId;
}

async function runTurn(log: SessionLog, claim: Claim, runId: string, offerId: string, ends = true): Promise<void> {
  await log.append(claim, "agent:main", [{ type: "turn.started", body: { runId, inputs: [offerId], model: "m", revision } }]);
  if (ends) await log.append(claim, "agent:main", [{ type: "turn.ended", body: { runId, status: "ok", text: "" } }]);
}

test("a slot is claimed when it is first needed, once however many ask, and then shows every entry in order", async (t) => {
  const { clock, engine, journal, addressOf, start } = await setUp(t);
  const claims: number[] = [];
  const { placement, told } = start({
    claim: (slot, owner) => {
      claims.push(slot);
      return engine.log.claim(slot, owner);
    },
  });
  assert.deepEqual(await placement.recover(), { slots: 0, sessions: 0 });
  assert.deepEqual(claims, []);
  const address = addressOf("agent:main:a");
  const [own, same] = await Promise.all([placement.ownSlot(address.slot), placement.ownSlot(address.slot)]);
  assert.equal(own, same);
  await own.recovered;
  assert.deepEqual(claims, [address.slot]);
  const offerId = await offer(journal, address, "one");
  await settle(clock);
  await runTurn(await journal.load(address), own.claim, "one", offerId);
  await settle(clock);
  assert.deepEqual(told, ["agent:main:a: message.offered", "agent:main:a: turn.started", "agent:main:a: turn.ended"]);
});

test("after a restart only sessions with unfinished work are told, known from headers alone", async (t) => {
  const { clock, journal, addressOf, start } = await setUp(t);
  const before = start();
  const work = { done: true, waiting: false, running: false } as const;
  for (const [name, ends] of Object.entries({ ...work })) {
    const address = addressOf(`agent:main:${name}`);
    const { claim } = await before.placement.ownSlot(address.slot);
    const offerId = await offer(journal, address, name);
    if (name !== "waiting") await runTurn(await journal.load(address), claim, name, offerId, ends);
  }
  await settle(clock);
  const { placement, told } = start();
  const recovered = await placement.recover();
  assert.equal(recovered.sessions, 2);
  assert.deepEqual(told.toSorted(), ["agent:main:running: work", "agent:main:waiting: work"]);
  await settle(clock);
  assert.equal(told.length, 2, "what was read to find them is not shown again");
});

test("a checkpoint bounds what is read at the next start, and what was open there stays known", async (t) => {
  const { clock, journal, addressOf, start } = await setUp(t);
  const first = start();
  const [waiting, busy] = [addressOf("agent:main:a"), addressOf("agent:main:a-2")];
  const owned = await first.placement.ownSlot(waiting.slot);
  await offer(journal, waiting, "open");
  const log = await journal.load(waiting);
  for (let at = 0; at < 40; at++) await log.append(owned.claim, "agent:main", [{ type: "note.recorded", body: { text: String(at) } }]);
  await first.placement.ownSlot(busy.slot);
  await settle(clock);
  await first.placement.checkpoint();
  const second = start();
  assert.equal((await second.placement.recover()).sessions, 1);
  assert.deepEqual(second.told, ["agent:main:a: work"]);
  assert.ok(second.read.length <= 3, `read ${second.read.length} entries`);
});

test("without a checkpoint being asked for, one is written every few hundred entries", async (t) => {
  const { clock, journal, addressOf, start } = await setUp(t);
  const first = start();
  const address = addressOf("agent:main:a");
  const { claim } = await first.placement.ownSlot(address.slot);
  const log = await journal.load(address);
  for (let at = 0; at < 600; at++) await log.append(claim, "agent:main", [{ type: "note.recorded", body: { text: String(at) } }]);
  await settle(clock);
  await settle(clock);
  const second = start();
  await second.placement.recover();
  assert.ok(second.read.length < 300, `read ${second.read.length} entries`);
});

test("what a checkpoint held open and was settled since is not open any more, at this start and the next", async (t) => {
  const { clock, journal, addressOf, start } = await setUp(t);
  const first = start();
  const address = addressOf("agent:main:a");
  const { claim } = await first.placement.ownSlot(address.slot);
  const patch = { requestId: "r", patch: { label: "x" } };
  const { offerId } = await journal.offer(address, { type: "patch.requested", id: "r", body: patch, principal: OWNER });
  await settle(clock);
  await first.placement.checkpoint();
  const log = await journal.load(address);
  assert.deepEqual(log.state.requests.map((request) => request.offerId), [offerId]);
  await log.append(claim, "owner", [{ type: "session.patched", body: patch }]);
  await settle(clock);
  for (let times = 0; times < 2; times++) {
    const next = start();
    assert.equal((await next.placement.recover()).sessions, 0);
    await next.placement.checkpoint();
  }
});

test("a slot that was lost is let go at once and taken again soon; what others wrote meanwhile is found", async (t) => {
  const { clock, engine, journal, addressOf, start } = await setUp(t);
  const { placement, told, lost } = start();
  const address = addressOf("agent:main:a");
  const own = await placement.ownSlot(address.slot);
  await own.recovered;
  const rival = await engine.log.claim(address.slot, "elsewhere");
  await settle(clock);
  assert.deepEqual(lost, [address.slot]);
  const offerId = await offer(journal, address, "one");
  await runTurn(await journal.load(address), rival, "one", offerId, false);
  await settle(clock);
  assert.deepEqual(told, [], "what comes while the slot is another's is not shown");
  await clock.advance(100);
  await settle(clock);
  assert.deepEqual(told, ["agent:main:a: work"], "it is taken again though nobody asks for it");
  const again = await placement.ownSlot(address.slot);
  assert.ok(again.claim.epoch > rival.epoch);
  assert.deepEqual(lost, [address.slot, address.slot], "what was loaded in between is let go too");
});

test("a slot that is lost while it is being taken is taken again", async (t) => {
  const { clock, engine, addressOf, start } = await setUp(t);
  let rivals = 1;
  const { placement } = start({
    claim: async (slot, owner) => {
      const claim = await engine.log.claim(slot, owner);
      if (rivals-- > 0) await engine.log.claim(slot, "elsewhere");
      return claim;
    },
  });
  const { slot } = addressOf("agent:main:a");
  const first = await placement.ownSlot(slot);
  await assert.rejects(first.recovered, (error) => hasCode(error, "FENCED"));
  await clock.advance(100);
  await settle(clock);
  const again = await placement.ownSlot(slot);
  await again.recovered;
  assert.equal(again.claim.lost.aborted, false);
});

test("an engine that does not answer is asked again until it does", async (t) => {
  const { clock, engine, journal, addressOf, start } = await setUp(t);
  const address = addressOf("agent:main:a");
  await offer(journal, address, "one");
  let refusals = 3;
  const moody = async <T>(run: () => Promise<T>): Promise<T> => {
    if (refusals-- > 0) throw new OpenClawError("ENGINE_UNAVAILABLE");
    return await run();
  };
  const { placement, told } = start({
    heads: () => moody(() => engine.log.heads()), claim: (...args) => moody(() => engine.log.claim(...args)),
  });
  const recovering = placement.recover();
  for (let step = 0; step < 20; step++) await clock.advance(20);
  assert.deepEqual(await recovering, { slots: 1, sessions: 1 });
  assert.deepEqual(told, ["agent:main:a: work"]);
});

test("marks leave the log once a checkpoint stands", async (t) => {
  const { clock, engine, journal, addressOf, start } = await setUp(t);
  const address = addressOf("agent:main:a");
  await offer(journal, address, "one");
  for (let times = 0; times < 3; times++) {
    const { placement } = start();
    await placement.recover();
    await settle(clock);
    await placement.checkpoint();
  }
  assert.equal((await engine.log.readSession(address.slot, "owner-mark", 0)).length, 0);
  assert.equal((await engine.log.readSession(address.slot, address.token, 0)).length, 1);
});

test("closing gives the slots back: with this claim nothing is written any more", async (t) => {
  const { engine, addressOf, start } = await setUp(t);
  const { placement } = start();
  const { slot } = addressOf("agent:main:a");
  const { claim } = await placement.ownSlot(slot);
  await placement[Symbol.asyncDispose]();
  await assert.rejects(engine.log.append(claim, "x", [Buffer.from("x")], "id"), (error) => hasCode(error, "FENCED"));
});
