import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema } from "@openclaw/protocol";
import { CATALOGUE } from "./all-codes.ts";
import { parseSchema } from "./facts.ts";
import { fieldsBelow, groupsOf, labelOf, type Field, type Item } from "./schema-fields.ts";
import { search } from "./sections.ts";

const text = { type: "string", maxLength: 64 } as const;
const reference = { type: "object", properties: { source: { enum: ["store"] }, id: text } } as const;
const own: JsonSchema = {
  type: "object",
  properties: {
    gateway: {
      type: "object",
      properties: {
        port: { type: "integer", minimum: 1, maximum: 65_535, default: 18_789, description: "The one port." },
        token: { anyOf: [text, reference], description: "The shared token." }, pin: text, relics: text,
      },
    },
    models: { type: "object", properties: { callTimeoutMs: { type: "integer" }, fallbacks: { type: "array", items: text }, odd: {} } },
    agents: { type: "object", additionalProperties: { type: "object", properties: { thinking: { enum: ["off", "high"] } } } },
    channels: { type: "object", properties: {} },
  },
};
const { schema, hints } = parseSchema({
  schema: own,
  uiHints: {
    "gateway.port": { reloadKind: "restart" }, "gateway.token": { sensitive: true }, "gateway.pin": { sensitive: true },
    "gateway.relics": { reloadKind: "none" }, channels: { reloadKind: "none" },
  },
});

const find = (key: string, values: Readonly<Record<string, unknown>> = {}): Field => {
  const all = groupsOf(schema, hints, values).flatMap((item) => fieldsBelow([item]));
  const found = all.find((item) => item.key === key);
  assert.equal(found?.kind, "field", `${key} has a control`);
  return found as Field;
};

test("every key that something acts on has a control, with its default, bounds, unit and what a change takes (S3.13, W.6.12)", () => {
  assert.deepEqual(find("gateway.port").control, { kind: "number", step: "1", minimum: 1, maximum: 65_535 });
  assert.deepEqual([find("gateway.port").usual, find("gateway.port").restart], [18_789, true]);
  assert.deepEqual([find("models.callTimeoutMs").label, find("models.callTimeoutMs").unit], ["Call timeout", "ms"]);
  assert.deepEqual([find("gateway.token").control, find("gateway.pin").control], [
    { kind: "secret", keeps: true }, { kind: "secret", keeps: false },
  ]);
  assert.deepEqual([find("models.fallbacks").control.kind, find("models.odd").control.kind], ["lines", "json"]);
});

test("what nothing acts on is not shown, and an entry of a map has the fields of its kind", () => {
  const all = groupsOf(schema, hints, { agents: { ada: {} } });
  const keys = all.flatMap((item) => fieldsBelow([item])).map(({ key }) => key);
  assert.ok(!keys.includes("gateway.relics"));
  assert.ok(!all.some(({ key }) => key === "channels"));
  assert.ok(keys.includes("agents.ada.thinking"));
});

test("a key in one of several shapes has the shape of its value", () => {
  const either: JsonSchema = {
    type: "object",
    properties: { model: { anyOf: [{ type: "string" }, { type: "object", properties: { primary: { type: "string" } } }] } },
  };
  const active = (value: unknown): number => {
    const [item] = groupsOf(either, new Map(), { model: value }) as readonly Extract<Item, { kind: "oneOf" }>[];
    return item?.active ?? -1;
  };
  assert.deepEqual([active(undefined), active("a/b"), active({ primary: "a/b" })], [0, 0, 1]);
});

test("names become words, and units stand apart", () => {
  assert.deepEqual(labelOf("controlUi"), { label: "Control UI" });
  assert.deepEqual(labelOf("timeoutSeconds"), { label: "Timeout", unit: "s" });
  assert.deepEqual(labelOf("bytes"), { label: "Bytes" });
});

test("the search finds sections, keys and codes by any of their words, what is called so first", () => {
  const groups = groupsOf(schema, hints, {});
  assert.equal(search("port", groups)[0]?.where, "gateway.port");
  assert.equal(search("STATE_HELD", groups, CATALOGUE)[0]?.title, "STATE_HELD");
  assert.ok(search("shared token", groups).some(({ where }) => where === "gateway.token"));
  assert.deepEqual(search("  ", groups), []);
});
