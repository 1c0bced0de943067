/**
 * A session with a long history, written straight through the journal: what years of use leave behind, in a minute.
 *
 * Entries, seals, chain, segments and snapshots are the program's own, made by its own code; only nobody waits for a disk: the
 * state stands in memory meanwhile, where the machine has a place for that, and is copied when it is whole. Time passes between
 * the turns as it does for a session in daily use.
 */
import { cp, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Clock } from "../core/base/clock.ts";
import { systemIds } from "../core/base/ids.ts";
import { openSqliteEngine } from "../core/fabric/engine.ts";
import { OWNER } from "../core/fabric/identity.ts";
import { createJournal, JOURNAL_LIMITS, type MessageOffer, type NewEvent } from "../core/fabric/journal.ts";
import { openVault } from "../core/fabric/vault.ts";
import { bytesBelow } from "./disk.ts";

export interface WrittenHistory {
  readonly events: number;
  readonly seconds: number;
  /** Of the sealed fold, wherever it is kept. */
  readonly snapshotBytes: number;
  /** Of the list of segments, the record that is written with each. */
  readonly manifestBytes: number;
  /** Of everything that was written for it. */
  readonly diskBytes: number;
}

/** Events of one turn, as the runtime records them: the model looks something up, then answers. */
const TURN_EVENTS = 8;
/** As many as one append takes. */
const TURNS_AT_ONCE = 16;
const NOTHING = new Uint8Array(0);
const REVISION = { program: "bench", config: "", prompt: "", skills: "", memory: "" };

/** A directory in memory, and what has to be free there. */
const MEMORY = { dir: "/dev/shm", bytesFree: 3_000_000_000 };
/** Two years of turns for a million events. */
const TURN_APART_MS = 500_000;

/** One session for each key, with as many events, in the state directory of a gateway that does not run. */
export async function writeHistories(stateDir: string, sizes: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, WrittenHistory>> {
  const dir = await mkdtemp(join(await placeToWrite(), "openclaw-history-"));
  const written = new Map<string, WrittenHistory>();
  try {
    await cp(stateDir, dir, { recursive: true });
    for (const [key, events] of sizes) {
      const before = bytesBelow(dir);
      const history = await writeHistory(dir, key, events);
      written.set(key, { ...history, diskBytes: bytesBelow(dir) - before });
    }
    await rm(stateDir, { recursive: true });
    await cp(dir, stateDir, { recursive: true, preserveTimestamps: true });
    return written;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function placeToWrite(): Promise<string> {
  const { bavail, bsize } = await statfs(MEMORY.dir).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= MEMORY.bytesFree ? MEMORY.dir : tmpdir();
}

async function writeHistory(stateDir: string, sessionKey: string, events: number): Promise<Omit<WrittenHistory, "diskBytes">> {
  const began = performance.now();
  const passing = passingClock(systemClock.now() - (events / TURN_EVENTS) * TURN_APART_MS);
  const engine = await openSqliteEngine({ dir: stateDir, clock: systemClock, ids: systemIds });
  try {
    const { records } = engine;
    const vault = await openVault({ records, keyFile: join(stateDir, "credentials", "key-encryption-key"), ids: systemIds });
    // Every segment as the program makes it; of the snapshots only those that go with one.
    const limits = { ...JOURNAL_LIMITS, snapshotEvery: JOURNAL_LIMITS.segmentEvery };
    const journal = createJournal({ engine, vault, clock: passing.clock, ids: systemIds, limits });
    const address = journal.address(sessionKey);
    const claim = await engine.log.claim(address.slot, "bench");
    const log = await journal.load(address);
    const opened = { key: sessionKey, agentId: "main", sessionId: systemIds.uuid() };
    await log.append(claim, "agent:main", [{ type: "session.opened", body: opened }]);
    for (let turn = 0; log.state.events < events; turn += TURNS_AT_ONCE) {
      const runs = Array.from({ length: TURNS_AT_ONCE }, (_, at) => `${sessionKey}-${turn + at}`);
      const offers = await Promise.all(runs.map((runId) => {
        const text = `Question ${runId}: what became of the thing we spoke of on day ${turn % 365}?`;
        const body: MessageOffer = { sessionKey, agentId: "main", runId, text, channel: "bench" };
        passing.pass(TURN_APART_MS);
        return journal.offer(address, { type: "message.offered", id: runId, body, principal: OWNER }, log);
      }));
      await catchUp();
      await log.append(claim, "agent:main", runs.flatMap((runId, at) => turnOf(runId, offers[at]?.offerId ?? "")));
      // Nobody offers anything meanwhile, so the log has nothing to show but what was just appended.
      const shown = { slot: address.slot, session: address.token, kind: "event", id: "", body: NOTHING } as const;
      for (const position of [...log.state.ahead]) log.receive({ ...shown, position });
    }
    await log.compact(claim);
    await engine.log.release(claim);
    const stored = await records.get("snapshots", `${address.tenant}.${address.token}`);
    const blob = stored?.value[0] === 0x62 ? Buffer.from(stored.value.subarray(1)).toString() : undefined;
    const snapshotBytes = blob === undefined ? (stored?.value.length ?? 0) : ((await engine.blobs.stat(blob))?.bytes ?? 0);
    const manifestBytes = (await records.get("segments", `${address.tenant}.${address.token}`))?.value.length ?? 0;
    return { events: log.state.events, seconds: (performance.now() - began) / 1_000, snapshotBytes, manifestBytes };

    async function catchUp(): Promise<void> {
      for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
    }
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}

/** The system's clock, but for what time it is. */
function passingClock(startMs: number): { readonly clock: Clock; pass(ms: number): void } {
  let nowMs = startMs;
  return { clock: { ...systemClock, now: () => nowMs }, pass: (ms) => (nowMs += ms) };
}

function turnOf(runId: string, offerId: string): readonly NewEvent[] {
  const stepId = `${runId}-s`;
  const text = `Answer to ${runId}: it was settled, the rest is in the notes of that day, and nothing is left to do.`;
  const call = { id: `${runId}-c`, name: "recall", arguments: JSON.stringify({ query: "what was settled" }) };
  const intent = {
    actuator: "memory", effect: "read", action: "recall", params: { query: "what was settled" }, summary: "recall what was settled",
  } as const;
  const decision = { answer: "allow", rule: "reads", reason: "It only reads.", label: "agent" } as const;
  const usage = { inputTokens: 900, outputTokens: 30 };
  const turn: readonly NewEvent[] = [
    { type: "turn.started", body: { runId, inputs: [offerId], model: "bench/instant", revision: REVISION } },
    { type: "step.started", body: { stepId: `${stepId}1`, kind: "model", model: "bench/instant" } },
    { type: "step.ended", body: { stepId: `${stepId}1`, kind: "model", text: "", calls: [call], usage, finish: "tool_calls" } },
    {
      type: "step.started",
      body: { stepId: `${stepId}2`, kind: "tool", call, intent, effect: "read", invocationId: `${stepId}2`, nodeId: null, decision },
    },
    {
      type: "step.ended",
      body: { stepId: `${stepId}2`, kind: "tool", call, text: "It was settled on the day before.", isError: false, label: "agent" },
    },
    { type: "step.started", body: { stepId: `${stepId}3`, kind: "model", model: "bench/instant" } },
    { type: "step.ended", body: { stepId: `${stepId}3`, kind: "model", text, calls: [], usage, finish: "stop" } },
    { type: "turn.ended", body: { runId, status: "ok", text } },
  ];
  if (turn.length !== TURN_EVENTS) throw new Error("a turn has as many events as it says");
  return turn;
}
