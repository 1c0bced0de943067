import assert from "node:assert/strict";
import { test } from "node:test";
import { editText, type TextEdit } from "./edit-text.ts";
import { parseKey } from "./config-key.ts";
import { parseJson5 } from "./parse-json5.ts";

async function edited(text: string, ...edits: readonly (readonly [key: string, value: unknown])[]): Promise<string> {
  return (await editText(text, edits.map(([key, value]): TextEdit => ({ at: parseKey(key), value })))) ?? assert.fail("not JSON5");
}

const TEXT = `// mine
{
  // where it listens
  gateway: { port: 3000, bind: "loopback" }, // both
  agents: {
    list: [
      { id: "a" }, // first
      { id: "b" },
    ],
  },
  /* the last */
  logging: { level: "debug" }
}
`;

test("a key that is taken away goes with its comma and its line, and nothing else does (S3.13)", async () => {
  assert.equal(await edited(TEXT, ["gateway.port", undefined]), TEXT.replace("port: 3000, ", ""));
  assert.equal(await edited(TEXT, ["gateway.bind", undefined]), TEXT.replace(', bind: "loopback"', ""));
  assert.equal(await edited(TEXT, ["agents.list[0]", undefined]), TEXT.replace('      { id: "a" }, // first\n', ""));
  assert.equal(await edited(TEXT, ["agents.list[1]", undefined]), TEXT.replace('      { id: "b" },\n', ""));
  const last = await edited(TEXT, ["logging", undefined]);
  assert.match(last, /the last/);
  assert.deepEqual((await parse(last))["logging"], undefined);
  assert.equal(await edited(TEXT, ["nowhere.at", undefined]), TEXT);
});

test("taking away everything leaves an empty object", async () => {
  assert.deepEqual(await parse(await edited(TEXT, ["gateway", undefined], ["agents", undefined], ["logging", undefined])), {});
  assert.deepEqual(await parse(await edited("{a:1}", ["a", undefined])), {});
  assert.deepEqual(await parse(await edited("{a:1,b:2,}", ["b", undefined], ["a", undefined], ["c.d", 3])), { c: { d: 3 } });
});

test("a comma inside a comment or a text is no comma", async () => {
  const text = '{\n  a: 1 /* one, two */, b: "x, y",\n  c: 3, // four, five\n}\n';
  assert.deepEqual(await parse(await edited(text, ["a", undefined])), { b: "x, y", c: 3 });
  assert.deepEqual(await parse(await edited(text, ["c", undefined])), { a: 1, b: "x, y" });
});

test("any series of edits gives what the same changes give on the value", async () => {
  let seed = 7;
  const pick = (count: number): number => (seed = (seed * 48_271) % 2_147_483_647) % count;
  const keys = ["a", "b", "c.d", "c.e", "f.g.h", "list[0]", "list[1]"];
  for (let round = 0; round < 40; round += 1) {
    let text = "{ a: 1, // one\n  c: { d: 1, e: [1, 2,], }, list: [ 1, 2, 3 ] }";
    const model: { value: Record<string, unknown> } = { value: await parse(text) };
    for (let step = 0; step < 6; step += 1) {
      const key = keys[pick(keys.length)] ?? "a";
      const value = pick(3) === 0 ? undefined : pick(2) === 0 ? { n: pick(9) } : pick(9);
      if (key.startsWith("list") && (model.value["list"] as unknown[] | undefined)?.[Number(key[5])] === undefined) continue;
      text = await edited(text, [key, value]);
      applyTo(model.value, key, value);
      assert.deepEqual(await parse(text), model.value, `round ${round}: ${key} = ${JSON.stringify(value)}\n${text}`);
    }
  }
});

function applyTo(model: Record<string, unknown>, key: string, value: unknown): void {
  const path = parseKey(key);
  let at: Record<string | number, unknown> = model;
  for (const part of path.slice(0, -1)) {
    const inner = at[part];
    if (typeof inner !== "object" || inner === null) {
      if (value === undefined) return;
      at[part] = {};
    }
    at = at[part] as Record<string | number, unknown>;
  }
  const last = path.at(-1) ?? "";
  if (value !== undefined) at[last] = value;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
}

async function parse(text: string): Promise<Record<string, unknown>> {
  const parsed = await parseJson5(text);
  assert.ok(parsed.ok, text);
  return parsed.value as Record<string, unknown>;
}
