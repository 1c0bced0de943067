import assert from "node:assert/strict";
import { test } from "node:test";
import { connectParams, NODE_COMMANDS, requestFrame, type JsonSchema } from "@openclaw/protocol";
import { METHODS } from "@openclaw/protocol/methods";
import { seededRandom } from "../../testkit/virtual-clock.ts";
import { judgeOf } from "../../testkit/schema-judge.ts";
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

test("each rule is kept, and its words name the bound", () => {
  const cases: readonly (readonly [JsonSchema, unknown, unknown, string])[] = [
    [{ type: ["string", "null"] }, null, 1, "at root: must be string or null"],
    [{ type: "number" }, 1.5, NaN, "at root: must be number"],
    [{ maximum: 3 }, 3, 4, "at root: must be <= 3"],
    [{ maxLength: 2 }, "\u{1f600}\u{1f600}", "abc", "at root: must NOT have more than 2 characters"],
    [{ minLength: 2 }, "ab", "\u{1f600}", "at root: must NOT have fewer than 2 characters"],
    [{ pattern: "^a+$" }, "aa", "ab", 'at root: must match pattern "^a+$"'],
    [{ items: { type: "string" } }, ["a"], ["a", 1], "at /1: must be string"],
    [{ minItems: 1, maxItems: 2 }, ["a"], [], "at root: must NOT have fewer than 1 items"],
    [{ maxItems: 1 }, ["a"], ["a", "b"], "at root: must NOT have more than 1 items"],
    [{ uniqueItems: true }, [{ a: 1, b: 2 }, 1, "1"], [{ a: 1, b: 2 }, { b: 2, a: 1 }], "at root: must NOT have duplicate items"],
    [{ minProperties: 1 }, { a: 1 }, {}, "at root: must NOT have fewer than 1 properties"],
    [{ maxProperties: 1 }, { a: 1 }, { a: 1, b: 2 }, "at root: must NOT have more than 1 properties"],
    [{ additionalProperties: { type: "boolean" } }, { a: true }, { "a/b~": 1 }, "at /a~1b~0: must be boolean"],
    [{ anyOf: [{ type: "boolean" }, { const: "auto" }] }, "auto", 1, 'at root: must be boolean, or must be equal to constant: "auto"'],
  ];
  for (const [schema, good, bad, text] of cases) {
    assert.equal(checkSchema(schema, good).ok, true, JSON.stringify(schema));
    const checked = checkSchema(schema, bad);
    assert.equal(checked.ok ? "fits" : checked.text, text);
  }
});

test("a property that would change an object's own kind is unexpected like any other", () => {
  assert.equal(textOf(JSON.parse('{"name":"Ada","__proto__":{"age":1}}')), "at root: unexpected property '__proto__'");
  assert.equal(textOf({ name: "Ada", constructor: 1 }), "at root: unexpected property 'constructor'");
});

test("a rule the dialect has no word for is refused instead of being passed over", () => {
  assert.throws(() => checkSchema({ oneOf: [{ type: "string" }] } as JsonSchema, "x"), /"oneOf"/);
  assert.throws(() => checkSchema({ type: "object", properties: { a: { format: "uri" } as JsonSchema } }, {}), /"format"/);
  assert.throws(() => checkSchema({ type: "date" } as unknown as JsonSchema, {}), /"date"/);
});

// Schemas and values are drawn at random from small sets, so that values often fit and often just miss.
test("another validator of the same schemas comes to the same verdict", () => {
  const random = seededRandom(1);
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const maybe = (part: Record<string, unknown>): Record<string, unknown> => (below(2) === 0 ? {} : part);
  const names = ["a", "b", "__proto__", "é/~"];
  const schemaOf = (depth: number): JsonSchema => {
    const kinds = depth === 0 ? ["string", "number", "enum"] : ["string", "number", "enum", "array", "object", "object", "anyOf", "open"];
    switch (pick(kinds)) {
      case "string": return {
        type: "string", ...maybe({ minLength: below(3) }), ...maybe({ maxLength: below(4) }), ...maybe({ pattern: "^[a-z]*$" }),
      };
      case "number": return {
        type: pick(["number", "integer", ["integer", "null"]] as const), ...maybe({ minimum: below(3) }), ...maybe({ maximum: 2 }),
      };
      case "enum": return pick<JsonSchema>([{ enum: ["a", 1, null] }, { const: true }, { type: "boolean" }]);
      case "array": return {
        type: "array", ...maybe({ items: schemaOf(depth - 1) }), ...maybe({ minItems: below(2) }), ...maybe({ maxItems: below(3) }),
        ...maybe({ uniqueItems: true }),
      };
      case "anyOf": return { anyOf: [schemaOf(depth - 1), schemaOf(depth - 1)] };
      case "open": return {};
      default: return {
        ...maybe({ type: "object" }), ...maybe({ required: ["a"] }), properties: { a: schemaOf(depth - 1), b: schemaOf(depth - 1) },
        ...maybe({ additionalProperties: pick([false, true, schemaOf(depth - 1)]) }), ...maybe({ maxProperties: below(4) }),
        ...maybe({ minProperties: below(3) }),
      };
    }
  };
  const valueOf = (depth: number): unknown => {
    if (depth === 0 || below(3) === 0) return pick(["", "a", "abc", "A", "\u{1f600}", 0, 1, 2.5, -1, true, false, null]);
    if (below(3) === 0) return Array.from({ length: below(4) }, () => valueOf(depth - 1));
    const entries = names.filter(() => below(2) === 0).map((name) => `${JSON.stringify(name)}:${JSON.stringify(valueOf(depth - 1))}`);
    return JSON.parse(`{${entries.join()}}`);
  };
  const verdicts = { fits: 0, misses: 0 };
  for (let at = 0; at < 400; at += 1) {
    const schema = schemaOf(3);
    const judge = judgeOf(schema);
    for (let tries = 0; tries < 20; tries += 1) {
      const value = valueOf(3);
      const { ok } = checkSchema(schema, value);
      assert.equal(ok, judge(value), `${JSON.stringify(schema)} and ${JSON.stringify(value)}`);
      verdicts[ok ? "fits" : "misses"] += 1;
    }
  }
  assert.ok(verdicts.fits > 1_000 && verdicts.misses > 1_000, JSON.stringify(verdicts));
});

test("every schema of the wire is of the dialect", () => {
  const rows: readonly { readonly params: JsonSchema; readonly result: JsonSchema }[] = Object.values({ ...METHODS, ...NODE_COMMANDS });
  for (const schema of [requestFrame, connectParams, ...rows.flatMap(({ params, result }) => [params, result])]) {
    assert.doesNotThrow(() => checkSchema<JsonSchema>(schema, {}));
  }
});
