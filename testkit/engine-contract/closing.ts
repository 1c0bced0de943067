import assert from "node:assert/strict";
import { hasCode } from "@openclaw/protocol";
import { bytes, take, turn, type Bench } from "./bench.ts";

const forever = new AbortController().signal;

export function closingContract(bench: Bench): void {
  bench.test("after disposal everything is CLOSED", async (stage) => {
    const { engine } = stage;
    const claim = await stage.claim(1, "owner");
    await engine[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    assert.equal(claim.lost.aborted, true);
    const digest = "0".repeat(64);
    const calls: readonly (() => unknown)[] = [
      () => engine.log.offer({ slot: 1, session: "s", id: "o", body: bytes("x") }),
      () => engine.log.claim(1, "owner"),
      () => engine.log.release(claim),
      () => engine.log.append(claim, "s", [bytes("x")], "a"),
      () => engine.log.readSession(1, "s", 0),
      () => engine.log.heads(),
      () => engine.log.trim(claim, 1),
      () => take(1, (signal) => engine.log.read(1, 0, signal)),
      () => engine.records.get("b", "k"),
      () => engine.records.write("b", "k", bytes("x"), 0),
      () => engine.records.list("b", ""),
      () => take(1, (signal) => engine.records.watch("b", "", signal)),
      () => engine.bus.publish("t", bytes("x")),
      () => engine.bus.subscribe("t", () => {}),
      () => engine.bus.request("t", bytes("x"), forever),
      () => engine.bus.serve("t", async (frame) => frame),
      () => engine.queues.enqueue("q", bytes("x"), { id: "j" }),
      () => engine.queues.work("q", async () => {}, { concurrency: 1, attemptsMax: 1 }),
      () => engine.queues.depth("q"),
      () => engine.queues.depths(),
      () => engine.queues.dead("q"),
      () => engine.queues.revive("q", "j"),
      () => engine.queues.discard("q", "j"),
      () => engine.blobs.put(bytes("x")),
      () => engine.blobs.stat(digest),
      () => engine.blobs.delete(digest),
      () => engine.blobs.get(digest)[Symbol.asyncIterator]().next(),
    ];
    for (const call of calls) {
      await assert.rejects(
        stage.patient(async () => call()),
        (error) => hasCode(error, "CLOSED") || assert.fail(`${call.toString()}: ${String(error)}`),
      );
    }
  });

  bench.test("disposal ends open readers, watches and requests with CLOSED", async (stage) => {
    const { engine } = stage;
    engine.bus.serve("slow", () => new Promise(() => {}));
    const open = [
      take(1, (signal) => engine.log.read(1, 0, signal)),
      take(1, (signal) => engine.records.watch("b", "", signal)),
      stage.patient(() => engine.bus.request("slow", bytes("x"), forever)),
    ].map((promise) => assert.rejects(promise, { code: "CLOSED" }));
    for (let turns = 0; turns < 5; turns += 1) await turn();
    await engine[Symbol.asyncDispose]();
    await Promise.all(open);
  });

  bench.test("what was accepted before disposal is settled, not lost", async (stage) => {
    const { engine } = stage;
    const offering = Array.from({ length: 50 }, (_, index) =>
      engine.log.offer({ slot: 1, session: "s", id: `o${index}`, body: bytes("x") }),
    );
    const answers = Promise.allSettled(offering);
    await engine[Symbol.asyncDispose]();
    for (const answer of await answers) {
      assert.ok(
        answer.status === "fulfilled" || (stage.traits.retrying && hasCode(answer.reason, "ENGINE_UNAVAILABLE")),
        JSON.stringify(answer),
      );
    }
  });

  bench.test("drain resolves when everything accepted is stored", async (stage) => {
    let stored = 0;
    const offering = Array.from({ length: 50 }, (_, index) =>
      stage.offer({ slot: 1, session: "s", id: `o${index}`, body: bytes("x") }).then(() => (stored += 1)),
    );
    await stage.engine.drain();
    await turn();
    if (!stage.traits.retrying) assert.equal(stored, 50);
    await Promise.all(offering);
    assert.equal((await stage.session(1, "s")).length, 50);
  });
}
