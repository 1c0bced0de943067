import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf } from "@openclaw/protocol";
import { ENGINE_LIMITS, type Engine } from "@openclaw/sdk";
import { openMemoryEngine } from "./memory-engine.ts";
import { withFaults, type FaultOptions } from "../../../testkit/fault-engine.ts";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";

const clock = new VirtualClock();
const body = new Uint8Array([1]);
const NONE = { before: 0, after: 0, fence: 0, watch: 0, frame: 0, repeat: 0 };

async function open(options: FaultOptions): Promise<Engine> {
  return withFaults(await openMemoryEngine({ clock }), options);
}

/** The codes of a fixed run of calls. */
async function run(engine: Engine): Promise<string> {
  const codes: string[] = [];
  const note = (promise: Promise<unknown>): Promise<void> =>
    promise.then(
      () => void codes.push("ok"),
      (error: unknown) => void codes.push(codeOf(error) ?? String(error)),
    );
  for (let index = 0; index < 60; index += 1) {
    await note(engine.log.claim(1, "owner").then((claim) => engine.log.append(claim, "s", [body], `a${index}`)));
    await note(engine.records.write("b", `k${index}`, body, 0));
  }
  return codes.join(" ");
}

test("a seed repeats its faults, another seed has others", async () => {
  const [one, again, other] = [await run(await open({ seed: 1 })), await run(await open({ seed: 1 })), await run(await open({ seed: 2 }))];
  assert.equal(one, again);
  assert.notEqual(one, other);
  assert.match(one, /ENGINE_UNAVAILABLE/);
  assert.match(await run(await open({ random: () => 0.01, rates: { ...NONE, fence: 0.5 } })), /^FENCED ok FENCED/);
});

test("unavailable before means not done, unavailable after means done", async () => {
  for (const [rates, stored] of [
    [{ ...NONE, before: 1 }, 0],
    [{ ...NONE, after: 1 }, 1],
  ] as const) {
    const inner = await openMemoryEngine({ clock });
    const engine = withFaults(inner, { seed: 1, rates });
    await assert.rejects(engine.log.offer({ slot: 1, session: "s", id: "o", body }), { code: "ENGINE_UNAVAILABLE" });
    assert.equal((await inner.log.readSession(1, "s", 0)).length, stored);
  }
});

test("no two numbers are neighbours, and they still compare and come back right", async () => {
  const engine = await open({ seed: 1, rates: NONE });
  const claim = await engine.log.claim(1, "owner");
  const positions = await engine.log.append(
    claim,
    "s",
    Array.from({ length: 50 }, () => body),
    "a",
  );
  for (let index = 1; index < positions.length; index += 1) assert.ok(positions[index]! - positions[index - 1]! > 1);
  for (const [index, position] of positions.entries()) {
    assert.equal((await engine.log.readSession(1, "s", position))[0]?.position, positions[index + 1]);
    assert.equal((await engine.log.readSession(1, "s", position - 1))[0]?.position, position);
    assert.equal((await engine.log.readSession(1, "s", position + 1))[0]?.position, positions[index + 1]);
  }
  const revision = await engine.records.write("b", "k", body, 0);
  await assert.rejects(engine.records.write("b", "k", body, revision + 1), { code: "CONFLICT" });
  assert.ok((await engine.records.write("b", "k", body, revision)) > revision + 1);
});

test("an id is forgotten when the window has passed, and not before", async () => {
  const own = new VirtualClock();
  const engine = withFaults(await openMemoryEngine({ clock: own }), { seed: 1, rates: NONE, clock: own });
  const offer = { slot: 1, session: "s", id: "o", body };
  const first = await engine.log.offer(offer);
  await own.advance(ENGINE_LIMITS.dedupeMs);
  assert.deepEqual(await engine.log.offer(offer), { position: first.position, duplicate: true });
  await own.advance(1);
  const second = await engine.log.offer(offer);
  assert.equal(second.duplicate, false);
  assert.deepEqual(await engine.log.offer(offer), { position: second.position, duplicate: true });
  assert.deepEqual(
    (await engine.log.readSession(1, "s", 0)).map(({ id }) => id),
    ["o", "o"],
  );
});

test("frames vanish and watches coalesce", async () => {
  const engine = await open({ seed: 3, rates: { ...NONE, frame: 0.5, watch: 1 } });
  let got = 0;
  engine.bus.subscribe("t", () => (got += 1));
  for (let index = 0; index < 100; index += 1) engine.bus.publish("t", body);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(got > 20 && got < 80, String(got));

  const controller = new AbortController();
  const seen: number[] = [];
  const watching = (async () => {
    for await (const { value } of engine.records.watch("b", "", controller.signal)) {
      seen.push(value?.[0] ?? -1);
      if (value?.[0] === 39) controller.abort();
    }
  })();
  let revision = 0;
  for (let index = 0; index < 40; index += 1) {
    revision = await engine.records.write("b", "k", new Uint8Array([index]), revision);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await watching;
  assert.ok(seen.length < 40);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
});
