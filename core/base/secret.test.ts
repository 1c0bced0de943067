import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Secret, equalInConstantTime } from "./secret.ts";

const canary = "canary-5f1c";
const secret = new Secret(canary);

test("a secret is shown nowhere: not in text, JSON, the inspector, an error or a copy", () => {
  const error = new Error("failed", { cause: { secret } });
  const shown = [
    String(secret), `${secret}`, secret + "", JSON.stringify({ secret }), JSON.stringify([secret]),
    inspect(secret), inspect({ deep: { secret } }),
    inspect(secret, { showHidden: true, depth: null }), format("%s %o %O %j", secret, secret, secret, secret),
    inspect(error, { depth: null }),
    JSON.stringify(Object.entries(secret)), JSON.stringify({ ...secret }), inspect(structuredClone({ ...secret })),
  ];
  for (const text of shown) assert.equal(text.includes(canary), false, text);
  assert.equal(String(secret), "[secret]");
  assert.equal(JSON.stringify({ secret }), '{"secret":"[secret]"}');
});

test("only reveal gives the value", () => {
  assert.equal(secret.reveal(), canary);
  assert.deepEqual(Object.keys(secret), []);
});

test("a candidate is equal only when it is the whole value, of whatever length", () => {
  assert.equal(secret.equals(canary), true);
  for (const candidate of ["", canary.slice(0, -1), `${canary}x`, canary.toUpperCase()])
    assert.equal(secret.equals(candidate), false, candidate);
  assert.equal(equalInConstantTime("", ""), true);
  assert.equal(equalInConstantTime("ä", "ä"), true);
});
