import assert from "node:assert/strict";
import { ENGINE_LIMITS, SLOTS } from "@openclaw/sdk";
import { assertRising, bytes, texts, type Bench } from "./bench.ts";

const TOO_LARGE = new Uint8Array(ENGINE_LIMITS.frameBytes + 1);

export function logContract(bench: Bench): void {
  bench.test("an offer is stored once per id: a repeat returns the first position", async (stage) => {
    const offer = { slot: 7, session: "one", id: "message-1", body: bytes("hello") };
    const first = await stage.offer(offer);
    const again = await stage.offer({ ...offer, body: bytes("other bytes") });
    assert.deepEqual(again, { position: first.position, duplicate: true });
    if (!stage.traits.retrying) assert.equal(first.duplicate, false);
    const [entry, ...more] = await stage.session(7, "one");
    assert.deepEqual(more, []);
    assert.deepEqual(
      { ...entry, body: texts([entry!]) },
      { slot: 7, position: first.position, session: "one", kind: "offer", id: "message-1", body: ["hello"] },
    );
  });

  bench.test("many offers of one id at once store one entry", async (stage) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => stage.offer({ slot: 1, session: "s", id: "same", body: bytes("x") })),
    );
    assert.equal(new Set(answers.map(({ position }) => position)).size, 1);
    assert.equal((await stage.session(1, "s")).length, 1);
  });

  bench.test("the same id in another slot is another offer", async (stage) => {
    await stage.offer({ slot: 1, session: "s", id: "same", body: bytes("one") });
    await stage.offer({ slot: 2, session: "s", id: "same", body: bytes("two") });
    assert.deepEqual(texts(await stage.session(1, "s")), ["one"]);
    assert.deepEqual(texts(await stage.session(2, "s")), ["two"]);
  });

  bench.test("an id is remembered for the whole window", async (stage) => {
    const offer = { slot: 1, session: "s", id: "kept", body: bytes("x") };
    const holder = await stage.hold(1);
    const first = await stage.offer(offer);
    const positions = await holder.append("s", [bytes("y")], "kept");
    await stage.clock.advance(ENGINE_LIMITS.dedupeMs - 1);
    assert.deepEqual(await stage.offer(offer), { position: first.position, duplicate: true });
    assert.deepEqual(await holder.append("s", [bytes("y")], "kept"), positions);
  });

  bench.test("a trimmed entry's id is still remembered", async (stage) => {
    const holder = await stage.hold(4);
    const offer = { slot: 4, session: "s", id: "gone", body: bytes("x") };
    const { position } = await stage.offer(offer);
    await holder.trim(position);
    assert.deepEqual(await stage.offer(offer), { position, duplicate: true });
    assert.deepEqual(await stage.session(4, "s"), []);
  });

  bench.test("an append stores its bodies in order under the batch's id", async (stage) => {
    const holder = await stage.hold(3);
    const positions = await holder.append("s", [bytes("a"), bytes("b"), bytes("c")], "batch");
    const entries = await stage.session(3, "s");
    assert.deepEqual(texts(entries), ["a", "b", "c"]);
    assert.deepEqual(
      entries.map(({ id }) => id),
      ["batch#0", "batch#1", "batch#2"],
    );
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ["event", "event", "event"],
    );
    assert.deepEqual(
      entries.map(({ position }) => position),
      positions,
    );
    assertRising(positions);
  });

  bench.test("an append with an id seen before returns the first positions and stores nothing", async (stage) => {
    const holder = await stage.hold(3);
    const first = await holder.append("s", [bytes("a"), bytes("b")], "batch");
    assert.deepEqual(await holder.append("s", [bytes("a"), bytes("b")], "batch"), first);
    assert.deepEqual(texts(await stage.session(3, "s")), ["a", "b"]);
  });

  bench.test("an offer and a batch of the same id do not get in each other's way", async (stage) => {
    const holder = await stage.hold(3);
    await stage.offer({ slot: 3, session: "s", id: "same", body: bytes("offer") });
    await holder.append("s", [bytes("event")], "same");
    assert.deepEqual(texts(await stage.session(3, "s")), ["offer", "event"]);
  });

  bench.test("positions rise over offers and appends of a slot, whoever wrote them", async (stage) => {
    const holder = await stage.hold(9);
    const positions: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      positions.push((await stage.offer({ slot: 9, session: "s", id: `o${index}`, body: bytes("o") })).position);
      positions.push(...(await holder.append("s", [bytes("e"), bytes("e")], `e${index}`)));
    }
    assertRising(positions);
    assert.ok(positions[0]! > 0);
  });

  bench.test("the caller may use its bytes again at once", async (stage) => {
    const holder = await stage.hold(3);
    const body = bytes("kept");
    const storing = stage.traits.retrying ? holder.append("s", [bytes("kept")], "a") : holder.append("s", [body], "a");
    body.fill(0);
    await storing;
    assert.deepEqual(texts(await stage.session(3, "s")), ["kept"]);
  });

  bench.test("a frame of the limit is stored, one byte more is TOO_LARGE and leaves nothing", async (stage) => {
    const holder = await stage.hold(3);
    const largest = new Uint8Array(ENGINE_LIMITS.frameBytes).fill(7);
    await holder.append("s", [largest], "largest");
    await stage.refuses("TOO_LARGE", () => stage.engine.log.offer({ slot: 3, session: "s", id: "o", body: TOO_LARGE }));
    await stage.refuses("TOO_LARGE", () => holder.append("s", [bytes("small"), TOO_LARGE], "mixed"));
    await stage.refuses("TOO_LARGE", () =>
      holder.append(
        "s",
        Array.from({ length: ENGINE_LIMITS.batchRows + 1 }, () => bytes("x")),
        "long",
      ),
    );
    const entries = await stage.session(3, "s");
    assert.equal(entries.length, 1);
    assert.deepEqual(Buffer.compare(entries[0]!.body, largest), 0);
  });

  bench.test("a batch of the most rows is one batch", async (stage) => {
    const holder = await stage.hold(3);
    const bodies = Array.from({ length: ENGINE_LIMITS.batchRows }, (_, index) => bytes(String(index)));
    await holder.append("s", bodies, "full");
    assert.deepEqual(
      texts(await stage.session(3, "s")),
      bodies.map((_, index) => String(index)),
    );
  });

  bench.test("names outside their alphabet are refused before anything is stored", async (stage) => {
    const holder = await stage.hold(3);
    const { log } = stage.engine;
    for (const name of ["", "a b", "a.b", "a/b", "a#b", "ä", "x".repeat(65)]) {
      await stage.asserts(() => log.offer({ slot: 3, session: name, id: "id", body: bytes("x") }));
      await stage.asserts(() => log.offer({ slot: 3, session: "s", id: name, body: bytes("x") }));
      await stage.asserts(() => log.append(holder.claim, name, [bytes("x")], "id"));
      await stage.asserts(() => log.append(holder.claim, "s", [bytes("x")], name));
      await stage.asserts(() => log.claim(3, name));
    }
    for (const slot of [-1, SLOTS, 0.5, Number.NaN]) {
      await stage.asserts(() => log.offer({ slot, session: "s", id: "id", body: bytes("x") }));
      await stage.asserts(() => log.claim(slot, "owner"));
    }
    await stage.asserts(() => log.append(holder.claim, "s", [], "empty"));
    assert.deepEqual(await stage.session(3, "s"), []);
  });

  bench.test("heads tells the newest position of every slot that ever held an entry, trimmed or not", async (stage) => {
    assert.deepEqual(await stage.patient(() => stage.engine.log.heads()), new Map());
    const holder = await stage.hold(0);
    const [, last] = await holder.append("s", [bytes("a"), bytes("b")], "a");
    const { position } = await stage.offer({ slot: SLOTS - 1, session: "s", id: "o", body: bytes("o") });
    await stage.claim(17, "owner");
    const heads = new Map([
      [0, last],
      [SLOTS - 1, position],
    ]);
    assert.deepEqual(new Map([...(await stage.patient(() => stage.engine.log.heads()))].sort(([a], [b]) => a - b)), heads);
    await holder.trim(last!);
    assert.deepEqual(new Map([...(await stage.patient(() => stage.engine.log.heads()))].sort(([a], [b]) => a - b)), heads);
    const [next] = await holder.append("s", [bytes("c")], "c");
    assert.ok(next! > last!);
  });

  bench.test("trim forgets a slot up to a position, or only one session of it", async (stage) => {
    const holder = await stage.hold(5);
    for (let index = 0; index < 3; index += 1) {
      await holder.append("one", [bytes(`1-${index}`)], `one-${index}`);
      await holder.append("two", [bytes(`2-${index}`)], `two-${index}`);
    }
    await stage.offer({ slot: 6, session: "one", id: "o", body: bytes("other slot") });
    const cut = (await stage.session(5, "one"))[1]!.position;
    await holder.trim(cut, "one");
    assert.deepEqual(texts(await stage.session(5, "one")), ["1-2"]);
    assert.deepEqual(texts(await stage.session(5, "two")), ["2-0", "2-1", "2-2"]);
    await holder.trim(cut);
    assert.deepEqual(texts(await stage.session(5, "two")), ["2-1", "2-2"]);
    assert.deepEqual(texts(await stage.session(6, "one")), ["other slot"]);
  });

  bench.test("trim forgets more than fits one batch", async (stage) => {
    const holder = await stage.hold(5);
    const bodies = Array.from({ length: ENGINE_LIMITS.batchRows }, () => bytes("x"));
    let last = 0;
    for (let index = 0; index < 4; index += 1) last = (await holder.append("s", bodies, `b${index}`)).at(-1)!;
    await holder.append("s", [bytes("kept")], "kept");
    await holder.trim(last);
    assert.deepEqual(texts(await stage.session(5, "s")), ["kept"]);
  });
}
