/** A session with a long history, written straight through the journal: what years of use leave behind, in a minute. */
import { join } from "node:path";
import { systemClock } from "../core/base/clock.ts";
import { systemIds } from "../core/base/ids.ts";
import { openSqliteEngine } from "../core/fabric/engine.ts";
import { OWNER } from "../core/fabric/identity.ts";
import { createJournal, type MessageOffer, type NewEvent } from "../core/fabric/journal.ts";
import { openVault } from "../core/fabric/vault.ts";

export interface WrittenHistory {
  readonly events: number;
  readonly seconds: number;
  /** Of the sealed fold, wherever it is kept. */
  readonly snapshotBytes: number;
  /** Of the list of segments, the record that is written with each. */
  readonly manifestBytes: number;
}

/** Events of one turn, as the runtime records them. */
const TURN_EVENTS = 4;
const TURNS_AT_ONCE = 32;
const REVISION = { program: "bench", config: "", prompt: "", skills: "", memory: "" };

/** The state directory of a gateway that does not run. */
export async function writeHistory(stateDir: string, sessionKey: string, events: number): Promise<WrittenHistory> {
  const began = performance.now();
  const engine = await openSqliteEngine({ dir: stateDir, clock: systemClock, ids: systemIds });
  try {
    const { records } = engine;
    const vault = await openVault({ records, keyFile: join(stateDir, "credentials", "key-encryption-key"), ids: systemIds });
    const journal = createJournal({ engine, vault, clock: systemClock, ids: systemIds });
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
        return journal.offer(address, { type: "message.offered", id: runId, body, principal: OWNER }, log);
      }));
      await catchUp();
      await log.append(claim, "agent:main", runs.flatMap((runId, at) => turnOf(runId, offers[at]?.offerId ?? "")));
      await catchUp();
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

function turnOf(runId: string, offerId: string): readonly NewEvent[] {
  const stepId = `${runId}-s`;
  const text = `Answer to ${runId}: it was settled, the rest is in the notes of that day, and nothing is left to do.`;
  const turn: readonly NewEvent[] = [
    { type: "turn.started", body: { runId, inputs: [offerId], model: "bench/instant", revision: REVISION } },
    { type: "step.started", body: { stepId, kind: "model", model: "bench/instant" } },
    { type: "step.ended", body: { stepId, kind: "model", text, calls: [], usage: { inputTokens: 900, outputTokens: 30 }, finish: "stop" } },
    { type: "turn.ended", body: { runId, status: "ok", text } },
  ];
  if (turn.length !== TURN_EVENTS) throw new Error("a turn has as many events as it says");
  return turn;
}
