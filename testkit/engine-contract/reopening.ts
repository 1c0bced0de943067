import assert from "node:assert/strict";
import { bytes, take, text, texts, until, type Bench } from "./bench.ts";

export function reopeningContract(bench: Bench): void {
  bench.test("what was stored is there after reopening, and numbers go on rising", async (stage) => {
    const holder = await stage.hold(8);
    const positions = [...(await holder.append("s", [bytes("a"), bytes("b")], "1"))];
    const revision = await stage.write("b", "k", bytes("v"), 0);
    const { digest } = await stage.patient(() => stage.engine.blobs.put(bytes("blob")));
    await stage.reopen();
    assert.deepEqual(texts(await stage.session(8, "s")), ["a", "b"]);
    assert.deepEqual(texts(await take(2, (signal) => stage.engine.log.read(8, 0, signal))), ["a", "b"]);
    const record = await stage.patient(() => stage.engine.records.get("b", "k"));
    assert.deepEqual([record?.revision, text(record!.value)], [revision, "v"]);
    assert.deepEqual(await stage.patient(() => stage.engine.blobs.stat(digest)), { digest, bytes: 4 });
    assert.deepEqual(await stage.patient(() => stage.engine.log.heads()), new Map([[8, positions[1]]]));
    const again = await stage.hold(8);
    const [next] = await again.append("s", [bytes("c")], "2");
    assert.ok(next! > positions[1]!);
    assert.ok((await stage.write("b", "k", bytes("w"), revision)) > revision);
  });

  bench.test("an epoch after reopening is above every one before, and old claims stay fenced", async (stage) => {
    const old = await stage.claim(8, "old");
    await stage.reopen();
    const young = await stage.hold(8, "young");
    assert.ok(young.claim.epoch > old.epoch);
    await stage.refuses("FENCED", () => stage.engine.log.append(old, "s", [bytes("undead")], "z"));
    await young.append("s", [bytes("young")], "y");
    assert.deepEqual(texts(await stage.session(8, "s")), ["young"]);
  });

  bench.test("a claim of before may go on after reopening while nobody claimed in between", async (stage) => {
    const holder = await stage.hold(8);
    await holder.append("s", [bytes("a")], "1");
    await stage.reopen();
    await holder.append("s", [bytes("b")], "2");
    assert.deepEqual(texts(await stage.session(8, "s")), ["a", "b"]);
  });

  bench.test("ids are remembered across reopening", async (stage) => {
    const holder = await stage.hold(8);
    const offer = { slot: 8, session: "s", id: "o", body: bytes("offer") };
    const { position } = await stage.offer(offer);
    const positions = await holder.append("s", [bytes("event")], "e");
    await stage.reopen();
    assert.deepEqual(await stage.offer(offer), { position, duplicate: true });
    assert.deepEqual(await holder.append("s", [bytes("event")], "e"), positions);
    assert.equal((await stage.session(8, "s")).length, 2);
  });

  bench.test("a trimmed slot stays trimmed, and its numbers are not used again", async (stage) => {
    const holder = await stage.hold(8);
    const positions = await holder.append("s", [bytes("a"), bytes("b")], "1");
    await holder.trim(positions[1]!);
    await stage.reopen();
    assert.deepEqual(await stage.session(8, "s"), []);
    assert.deepEqual(await stage.patient(() => stage.engine.log.heads()), new Map([[8, positions[1]]]));
    const [next] = await holder.append("s", [bytes("c")], "2");
    assert.ok(next! > positions[1]!);
  });

  bench.test("a deleted record stays deleted and its revision is not used again", async (stage) => {
    const created = await stage.write("b", "gone", bytes("v"), 0);
    await stage.write("b", "gone", null, created);
    await stage.reopen();
    const again = await stage.write("b", "gone", bytes("w"), 0);
    assert.ok(again > created);
    const seen: (string | null)[] = [];
    const controller = new AbortController();
    const watching = (async () => {
      for await (const change of stage.engine.records.watch("b", "", controller.signal))
        seen.push(change.value === null ? null : text(change.value));
    })();
    await until(() => seen.length > 0);
    controller.abort();
    await watching;
    assert.deepEqual(seen, ["w"]);
  });
}
