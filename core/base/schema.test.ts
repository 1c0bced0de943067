import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema } from "@openclaw/protocol";
import { checkSchema } from "./schema.ts";

const person = {
  type: "object", additionalProperties: false, required: ["name"],
  properties: {
    name: { type: "string", minLength: 1 }, age: { type: "integer", minimum: 0 }, role: { enum: ["owner", "guest"] },
    address: { type: "object", additionalProperties: false, properties: { city: { type: "string" } } },
    kind: { const: "person" },
  },
} as const satisfies JsonSchema;

const textOf = (value: unknown): string => {
  const checked = checkSchema(person, value);
  return checked.ok ? "fits" : checked.text;
};

test("a value that fits comes back as it is, without defaults and without a copy", () => {
  const value = { name: "Ada", age: 36 };
  const checked = checkSchema(person, value);
  assert.ok(checked.ok);
  assert.equal(checked.value, value);
});

test("what is wrong is said with its place, in words a person and a model can act on", () => {
  assert.equal(textOf({}), "at root: must have required property 'name'");
  assert.equal(textOf({ name: "Ada", colour: "red" }), "at root: unexpected property 'colour'");
  assert.equal(textOf({ name: "Ada", address: { town: "x" } }), "at /address: unexpected property 'town'");
  assert.equal(textOf({ name: "Ada", age: -1 }), "at /age: must be >= 0");
  assert.equal(textOf({ name: "Ada", age: "36" }), "at /age: must be integer");
  assert.match(textOf({ name: "Ada", role: "king" }), /^at \/role: .*\["owner","guest"\]$/);
  assert.match(textOf({ name: "Ada", kind: "dog" }), /^at \/kind: .*"person"$/);
});

test("no value makes the check throw", () => {
  for (const value of [undefined, null, 1, "text", [], Symbol("x"), () => 1, new Map()]) assert.notEqual(textOf(value), "fits");
});

test("issues carry the place as a JSON pointer, empty for the root", () => {
  const checked = checkSchema(person, { name: "", age: 1 });
  assert.ok(!checked.ok);
  assert.deepEqual(checked.issues.map((issue) => issue.path), ["/name"]);
  const root = checkSchema(person, 1);
  assert.ok(!root.ok);
  assert.equal(root.issues[0]?.path, "");
});
