import assert from "node:assert/strict";
import type { LogEntry } from "@openclaw/sdk";
import { assertRising, bytes, take, text, texts, turn, until, type Bench, type Stage } from "./bench.ts";

export function readingContract(bench: Bench): void {
  bench.test("a reader gets what is stored, in order, then what comes, and nothing of other slots", async (stage) => {
    const holder = await stage.hold(2);
    await holder.append("one", [bytes("a"), bytes("b")], "1");
    await stage.offer({ slot: 3, session: "one", id: "o", body: bytes("elsewhere") });
    const reading = take(5, (signal) => stage.engine.log.read(2, 0, signal));
    await turn();
    await stage.offer({ slot: 2, session: "two", id: "o", body: bytes("c") });
    await holder.append("one", [bytes("d"), bytes("e")], "2");
    const entries = await reading;
    assert.deepEqual(texts(entries), ["a", "b", "c", "d", "e"]);
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ["event", "event", "offer", "event", "event"],
    );
    assert.deepEqual(
      entries.map(({ id }) => id),
      ["1#0", "1#1", "o", "2#0", "2#1"],
    );
    assert.deepEqual(
      entries.map(({ session }) => session),
      ["one", "one", "two", "one", "one"],
    );
    assertRising(entries.map(({ position }) => position));
  });

  bench.test("a reader starts after the position it is given, also in the middle of a batch", async (stage) => {
    const holder = await stage.hold(2);
    const positions = await holder.append("s", [bytes("a"), bytes("b"), bytes("c")], "1");
    assert.deepEqual(texts(await take(2, (signal) => stage.engine.log.read(2, positions[0]!, signal))), ["b", "c"]);
    const reading = take(1, (signal) => stage.engine.log.read(2, positions[2]!, signal));
    await turn();
    await holder.append("s", [bytes("d")], "2");
    assert.deepEqual(texts(await reading), ["d"]);
  });

  bench.test("readers that start at any moment see neither gap nor repeat while many write", async (stage) => {
    const writers = 8;
    const rounds = 40;
    const total = writers * rounds * 3;
    const holder = await stage.hold(2);
    const readers: Promise<LogEntry[]>[] = [take(total, (signal) => stage.engine.log.read(2, 0, signal))];
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let round = 0; round < rounds; round += 1) {
          if (writer === 0 && round % 10 === 5) readers.push(take(total, (signal) => stage.engine.log.read(2, 0, signal)));
          await holder.append(`s${writer}`, [bytes(`${writer}-${round}-a`), bytes(`${writer}-${round}-b`)], `b${writer}-${round}`);
          await stage.offer({ slot: 2, session: `s${writer}`, id: `o${writer}-${round}`, body: bytes(`${writer}-${round}-o`) });
        }
      }),
    );
    const all = await Promise.all(readers);
    for (const entries of all) {
      assertRising(entries.map(({ position }) => position));
      assert.equal(new Set(texts(entries)).size, total);
      assert.deepEqual(
        entries.map(({ id }) => id),
        all[0]!.map(({ id }) => id),
      );
    }
    for (let writer = 0; writer < writers; writer += 1) {
      const own = all[0]!.filter(({ session }) => session === `s${writer}`);
      assert.deepEqual(texts(own), texts(await stage.session(2, `s${writer}`)));
      assert.deepEqual(
        texts(own),
        Array.from({ length: rounds }, (_, round) => ["a", "b", "o"].map((part) => `${writer}-${round}-${part}`)).flat(),
      );
    }
  });

  bench.test("a reader that fell far behind while live catches up without gap or repeat", async (stage) => {
    const holder = await stage.hold(2);
    const controller = new AbortController();
    const reader = stage.engine.log.read(2, 0, controller.signal)[Symbol.asyncIterator]();
    const batches = 25;
    const bodies = Array.from({ length: 100 }, (_, index) => bytes(String(index)));
    await holder.append("s", [bytes("first")], "first");
    const seen: LogEntry[] = [(await reader.next()).value as LogEntry];
    const next = reader.next(); // the reader is live now, and asked only once
    await turn();
    for (let batch = 0; batch < batches; batch += 1) await holder.append("s", bodies, `b${batch}`);
    seen.push((await next).value as LogEntry);
    while (seen.length < batches * bodies.length + 1) seen.push((await reader.next()).value as LogEntry);
    controller.abort();
    assert.equal((await reader.next()).done, true);
    assertRising(seen.map(({ position }) => position));
    assert.deepEqual(texts(seen), texts(await stage.session(2, "s")));
  });

  bench.test("a reader of large entries gets them all", async (stage) => {
    const holder = await stage.hold(2);
    for (let index = 0; index < 12; index += 1) await holder.append("s", [new Uint8Array(500_000).fill(index)], `b${index}`);
    const entries = await take(12, (signal) => stage.engine.log.read(2, 0, signal));
    assert.deepEqual(
      entries.map(({ body }) => body[499_999]),
      Array.from({ length: 12 }, (_, index) => index),
    );
    assert.equal((await stage.session(2, "s")).length, 12);
  });

  bench.test("a reader ends when its signal aborts: before, while waiting, and between entries", async (stage) => {
    await stage.offer({ slot: 2, session: "s", id: "o1", body: bytes("a") });
    await stage.offer({ slot: 2, session: "s", id: "o2", body: bytes("b") });
    assert.deepEqual(await readAll(stage, AbortSignal.abort()), []);
    assert.equal((await take(1, (signal) => stage.engine.log.read(2, 0, signal))).length, 1);
    const controller = new AbortController();
    const waiting = readAll(stage, controller.signal);
    await turn();
    controller.abort();
    const seen = await waiting;
    assert.ok(seen.length <= 2);
  });

  bench.test("a reader that is left by its consumer costs nothing more", async (stage) => {
    await stage.offer({ slot: 2, session: "s", id: "o1", body: bytes("a") });
    for await (const entry of stage.engine.log.read(2, 0, new AbortController().signal)) {
      assert.equal(text(entry.body), "a");
      break;
    }
    await stage.offer({ slot: 2, session: "s", id: "o2", body: bytes("b") });
    assert.equal((await stage.session(2, "s")).length, 2);
  });

  bench.test("a reader goes on past what was trimmed", async (stage) => {
    const holder = await stage.hold(2);
    const [first] = await holder.append("s", [bytes("a"), bytes("b")], "1");
    await holder.trim(first!);
    const seen: string[] = [];
    const controller = new AbortController();
    const reading = (async () => {
      for await (const entry of stage.engine.log.read(2, 0, controller.signal)) seen.push(text(entry.body));
    })();
    await until(() => seen.length === 1);
    await holder.append("s", [bytes("c")], "2");
    await until(() => seen.length === 2);
    controller.abort();
    await reading;
    assert.deepEqual(seen, ["b", "c"]);
  });

  bench.test("a session is read in pages, in order, without its neighbours", async (stage) => {
    const holder = await stage.hold(2);
    const other = await stage.hold(3);
    for (let index = 0; index < 7; index += 1) {
      await holder.append("mine", [bytes(`m${index}`)], `m${index}`);
      await holder.append("mine2", [bytes("neighbour")], `n${index}`);
    }
    await other.append("mine", [bytes("same token, other slot")], "x");
    const first = await stage.readSession(2, "mine", 0, 3);
    const second = await stage.readSession(2, "mine", first.at(-1)!.position, 3);
    const third = await stage.readSession(2, "mine", second.at(-1)!.position, 3);
    const end = await stage.readSession(2, "mine", third.at(-1)!.position, 3);
    assert.deepEqual([first, second, third, end].map(texts), [["m0", "m1", "m2"], ["m3", "m4", "m5"], ["m6"], []]);
    assert.deepEqual(await stage.readSession(2, "nobody"), []);
    assert.deepEqual(await stage.readSession(200, "mine"), []);
  });

  bench.test("what was confirmed is read at once", async (stage) => {
    const holder = await stage.hold(2);
    for (let index = 0; index < 30; index += 1) {
      const [position] = await holder.append("s", [bytes(String(index))], `b${index}`);
      assert.deepEqual(texts(await stage.readSession(2, "s", position! - 1)), [String(index)]);
    }
  });
}

async function readAll(stage: Stage, signal: AbortSignal): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of stage.engine.log.read(2, 0, signal)) entries.push(entry);
  return entries;
}
