/** A large configuration: read in another thread, taken in small pieces, and the same as one that was read here. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Secret } from "../../base/secret.ts";
import { systemClock } from "../../base/clock.ts";
import { examineElsewhere, type KnownPieces } from "./examine-elsewhere.ts";
import { examineFile } from "./examine-text.ts";
import { openConfig } from "./open-config.ts";

const entry = {
  type: "object",
  properties: { name: { type: "string" }, apiKey: { type: "string", secret: true }, on: { type: "boolean", default: true } },
} as const;
const schema = {
  type: "object",
  properties: {
    entries: { type: "object", additionalProperties: entry }, list: { type: "array", items: entry }, n: { type: "integer", default: 5 },
    part: { type: "object", additionalProperties: true },
  },
} as const;

async function setUp(t: TestContext, count: number) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-large-"));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, "openclaw.json");
  const one = (at: number): object => ({
    name: at % 100 === 0 ? "${NAME}" : `entry ${at} ${"x".repeat(150)}`, ...(at % 50 === 0 ? { apiKey: `canary-${at}` } : {}),
  });
  const value = {
    entries: Object.fromEntries(Array.from({ length: count }, (_, at) => [`e${at}`, one(at)])),
    list: Array.from({ length: count }, (_, at) => one(at)), part: { $include: "./part.json" },
  };
  await writeFile(join(dir, "part.json"), '{ "x": "${NAME}" }', { mode: 0o600 });
  const text = JSON.stringify(value, null, 1);
  await writeFile(path, text, { mode: 0o600 });
  return { dir, path, text, around: { path, environment: { NAME: "filled" } } };
}

/** As text, secrets told apart from texts. */
function revealed(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, name, inner: unknown) {
    const own = this[name];
    return own instanceof Secret ? { secret: own.reveal() } : inner;
  });
}

test("what another thread makes of a text is what this one would", async (t) => {
  const { text, around } = await setUp(t, 300);
  const [here, there] = [await examineFile(text, schema, around), await examineElsewhere(text, schema, around)];
  const same = (one: typeof here, other: typeof here): void => {
    for (const part of ["written", "config", "source", "own", "issues", "warnings", "included"] as const) {
      assert.equal(revealed(other[part]), revealed(one[part]), part);
    }
  };
  same(here, there);
  for (const wrong of ["{ broken", "[]", text.replace('"entry 1 ', '"n": "x", "entry 1 '), "{ n: 1.5 }", "{}"]) {
    same(await examineFile(wrong, schema, around), await examineElsewhere(wrong, schema, around));
  }
});

test("a megabyte is taken in turns, none of which is a tenth of the work, and the next time only what has changed (S4.31)", async (t) => {
  const { text, around } = await setUp(t, 2_500);
  assert.ok(text.length > 900_000 && text.length < 1_048_576, String(text.length));
  const cpuMs = (): number => process.threadCpuUsage().user / 1_000;
  await examineFile(text, schema, around); // what is compiled once is not counted
  const began = cpuMs();
  await examineFile(text, schema, around);
  const whole = cpuMs() - began;

  const known: KnownPieces = new Map();
  await examineElsewhere("{}", schema, around);
  const turns: number[] = [];
  const watching = { on: true, last: cpuMs() };
  const watch = (): void => {
    const now = cpuMs();
    turns.push(now - watching.last);
    watching.last = now;
    if (watching.on) setImmediate(watch);
  };
  setImmediate(watch);
  const first = await examineElsewhere(text, schema, around, known);
  watching.on = false;
  const longest = turns.toSorted((a, b) => b - a)[0] ?? 0;
  t.diagnostic(`here ${whole.toFixed(1)} ms of CPU at once, elsewhere at most ${longest.toFixed(1)} ms in one turn of ${turns.length}`);
  assert.ok(longest < whole / 10, `${longest} of ${whole}`);

  const again = await examineElsewhere(text.replace("entry 7 ", "entry seven "), schema, around, known);
  const entries = (of: typeof first): Readonly<Record<string, unknown>> => of.written["entries"] as Readonly<Record<string, unknown>>;
  const changed = Object.keys(entries(again)).filter((name) => entries(again)[name] !== entries(first)[name]);
  assert.deepEqual(changed, ["e7"]);
});

test("an open configuration of a megabyte takes an edit and a write like a small one", async (t) => {
  const { dir, path, text, around } = await setUp(t, 200);
  await using config = await openConfig({ path, stateDir: dir, schema, clock: systemClock, watch: false, environment: around.environment });
  const before = config.values;
  await writeFile(path, text.replace("entry 7 ", "entry seven "));
  await config.reload();
  const name = (values: typeof before, key: string): unknown => (values["entries"] as Record<string, { name: unknown }>)[key];
  assert.notEqual(name(config.values, "e7"), name(before, "e7"));
  assert.equal(name(config.values, "e8"), name(before, "e8"), "what did not change is the same object");
  await config.set("n", 9);
  assert.equal(config.values["n"], 9);
  assert.ok((config.values["entries"] as Record<string, { apiKey: unknown }>)["e0"]?.apiKey instanceof Secret);
});
