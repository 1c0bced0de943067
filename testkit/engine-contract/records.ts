import assert from "node:assert/strict";
import { hasCode } from "@openclaw/protocol";
import { ENGINE_LIMITS, type RecordChange } from "@openclaw/sdk";
import { assertRising, bytes, text, turn, until, type Bench, type Stage } from "./bench.ts";

export function recordsContract(bench: Bench): void {
  bench.test("a record is created, read, changed and deleted by revision", async (stage) => {
    assert.equal(await get(stage, "agents", "main"), null);
    const created = await stage.write("agents", "main", bytes("one"), 0);
    assert.deepEqual(await get(stage, "agents", "main"), { key: "main", value: "one", revision: created });
    const changed = await stage.write("agents", "main", bytes("two"), created);
    assert.ok(changed > created);
    assert.deepEqual(await get(stage, "agents", "main"), { key: "main", value: "two", revision: changed });
    await stage.write("agents", "main", null, changed);
    assert.equal(await get(stage, "agents", "main"), null);
    const again = await stage.write("agents", "main", bytes("three"), 0);
    assert.ok(again > changed);
    assert.equal(await get(stage, "others", "main"), null);
  });

  bench.test("a write that expects another revision is CONFLICT and changes nothing", async (stage) => {
    const refuse = (value: string | null, expected: number): Promise<void> =>
      stage.refuses("CONFLICT", () => stage.write("b", "k", value === null ? null : bytes(value), expected));
    await refuse("x", 1_000_000);
    const first = await stage.write("b", "k", bytes("first"), 0);
    const second = await stage.write("b", "k", bytes("second"), first);
    await refuse("x", 0);
    await refuse("y", first);
    await refuse(null, first);
    await refuse("z", second + 1_000_000);
    assert.deepEqual(await get(stage, "b", "k"), { key: "k", value: "second", revision: second });
    await stage.write("b", "k", null, second);
    await refuse("w", second);
    assert.equal(await get(stage, "b", "k"), null);
  });

  bench.test("of many writers that expect the same revision exactly one wins", async (stage) => {
    const answers = await Promise.allSettled(Array.from({ length: 16 }, (_, index) => stage.write("b", "k", bytes(`w${index}`), 0)));
    const won = answers.flatMap((answer, index) => (answer.status === "fulfilled" ? [index] : []));
    assert.equal(won.length, 1);
    assert.ok(answers.every((answer) => answer.status === "fulfilled" || hasCode(answer.reason, "CONFLICT")));
    assert.equal((await get(stage, "b", "k"))?.value, `w${won[0]}`);
  });

  bench.test("records are listed by prefix, in order of key, in pages", async (stage) => {
    for (const key of ["b.2", "a.1", "b.10", "b.1", "c", "b", "b-x"]) await stage.write("list", key, bytes(key), 0);
    const gone = await stage.write("list", "b.3", bytes("gone"), 0);
    await stage.write("list", "b.3", null, gone || (await get(stage, "list", "b.3"))!.revision);
    await stage.write("elsewhere", "b.4", bytes("x"), 0);
    const list = async (prefix: string, options?: { after?: string; limit?: number }): Promise<string[]> =>
      (await stage.patient(() => stage.engine.records.list("list", prefix, options))).map(
        ({ key, value }) => (assert.equal(text(value), key), key),
      );
    assert.deepEqual(await list(""), ["a.1", "b", "b-x", "b.1", "b.10", "b.2", "c"]);
    assert.deepEqual(await list("b."), ["b.1", "b.10", "b.2"]);
    assert.deepEqual(await list("b.1"), ["b.1", "b.10"]);
    assert.deepEqual(await list("b.", { limit: 2 }), ["b.1", "b.10"]);
    assert.deepEqual(await list("b.", { after: "b.10" }), ["b.2"]);
    assert.deepEqual(await list("b.", { after: "a", limit: 1 }), ["b.1"]);
    assert.deepEqual(await list("z"), []);
  });

  bench.test("a page holds as many records as were asked for, and never more than the limit", async (stage) => {
    const keys = Array.from({ length: ENGINE_LIMITS.pageRows + 30 }, (_, index) => `k${String(index).padStart(4, "0")}`);
    await Promise.all(keys.map((key) => stage.write("many", key, bytes(key), 0)));
    const page = await stage.patient(() => stage.engine.records.list("many", "", { limit: 10_000 }));
    assert.deepEqual(
      page.map(({ key }) => key),
      keys.slice(0, ENGINE_LIMITS.pageRows),
    );
  });

  bench.test("a watch tells the present records, then each change, and ends with its signal", async (stage) => {
    await stage.write("w", "a.1", bytes("one"), 0);
    const second = await stage.write("w", "a.2", bytes("two"), 0);
    const gone = await stage.write("w", "a.0", bytes("gone before"), 0);
    await stage.write("w", "a.0", null, gone);
    await stage.write("w", "b.1", bytes("other prefix"), 0);
    const watch = new Watching(stage, "w", "a.");
    await until(() => watch.changes.length >= 2);
    assert.deepEqual(watch.changes.map(({ key, value }) => [key, value]).sort(), [
      ["a.1", "one"],
      ["a.2", "two"],
    ]);
    await stage.write("w", "b.2", bytes("other prefix"), 0);
    await stage.write("v", "a.9", bytes("other bucket"), 0);
    await stage.write("w", "a.3", bytes("three"), 0);
    await until(() => watch.now.get("a.3") === "three");
    const changed = await stage.write("w", "a.2", bytes("two again"), second);
    await until(() => watch.now.get("a.2") === "two again");
    await stage.write("w", "a.2", null, changed);
    await until(() => watch.now.get("a.2") === null);
    await watch.end();
    assert.deepEqual([...watch.now].sort(), [
      ["a.1", "one"],
      ["a.2", null],
      ["a.3", "three"],
    ]);
  });

  bench.test("a watch may coalesce, but always ends at the newest value, in order of revision per key", async (stage) => {
    const watch = new Watching(stage, "w", "");
    await turn();
    await Promise.all(
      ["x", "y", "z"].map(async (key) => {
        let revision = 0;
        for (let round = 0; round < 30; round += 1) revision = await stage.write("w", key, bytes(`${key}${round}`), revision);
      }),
    );
    await until(() => ["x", "y", "z"].every((key) => watch.now.get(key) === `${key}29`));
    await watch.end();
    for (const key of ["x", "y", "z"]) assertRising(watch.changes.filter((change) => change.key === key).map(({ revision }) => revision));
  });

  bench.test("watches that start while records change and disappear end at the truth", async (stage) => {
    const watches: Watching[] = [];
    const present = new Map<string, string>();
    for (let index = 0; index < 60; index += 1) {
      if (index % 15 === 0) watches.push(new Watching(stage, "w", "k"));
      const revision = await stage.write("w", `k${index}`, bytes(`v${index}`), 0);
      if (index % 3 === 0) await stage.write("w", `k${index}`, null, revision);
      else present.set(`k${index}`, `v${index}`);
    }
    for (const watch of watches) {
      await until(() => watch.now.get("k59") === "v59" && watch.now.get("k57") !== "v57");
      await watch.end();
      assert.deepEqual([...watch.now].filter(([, value]) => value !== null).sort(), [...present].sort());
    }
  });

  bench.test("keys and sizes outside their limits are refused and nothing is stored", async (stage) => {
    const { records } = stage.engine;
    await stage.refuses("TOO_LARGE", () => records.write("b", "k", new Uint8Array(ENGINE_LIMITS.frameBytes + 1), 0));
    await stage.refuses("TOO_LARGE", () => records.write("b", "k".repeat(ENGINE_LIMITS.keyBytes + 1), bytes("x"), 0));
    await stage.write("b", "k".repeat(ENGINE_LIMITS.keyBytes), bytes("x"), 0);
    for (const key of ["", ".", "a.", ".a", "a..b", "a b", "a/b", "a:b", "ä"])
      await stage.asserts(() => records.write("b", key, bytes("x"), 0));
    for (const bucket of ["", "a.b", "a b"]) await stage.asserts(() => records.write(bucket, "k", bytes("x"), 0));
    assert.equal((await stage.patient(() => records.list("b", ""))).length, 1);
  });
}

async function get(stage: Stage, bucket: string, key: string): Promise<{ key: string; value: string; revision: number } | null> {
  const entry = await stage.patient(() => stage.engine.records.get(bucket, key));
  return entry === null ? null : { key: entry.key, value: text(entry.value), revision: entry.revision };
}

/** A watch in the background, and what it has told so far. */
class Watching {
  readonly changes: { readonly key: string; readonly value: string | null; readonly revision: number }[] = [];
  readonly now = new Map<string, string | null>();
  readonly #controller = new AbortController();
  readonly #done: Promise<void>;

  constructor(stage: Stage, bucket: string, prefix: string) {
    this.#done = this.#follow(stage.engine.records.watch(bucket, prefix, this.#controller.signal));
  }

  async #follow(watch: AsyncIterable<RecordChange>): Promise<void> {
    for await (const { key, value, revision } of watch) {
      const content = value === null ? null : text(value);
      this.changes.push({ key, value: content, revision });
      this.now.set(key, content);
    }
  }

  async end(): Promise<void> {
    this.#controller.abort();
    await this.#done;
  }
}
