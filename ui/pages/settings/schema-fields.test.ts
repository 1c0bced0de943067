import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema } from "@openclaw/protocol";
import { configSchema } from "../../../core/app/config-schema.ts";
import { createConfigDescription } from "../../../core/app/describe-config.ts";
import { parseSchema } from "./facts.ts";
import { fieldsBelow, groupsOf, labelOf, type Field, type Item } from "./schema-fields.ts";
import { search } from "./sections.ts";

const { schema, hints } = parseSchema(createConfigDescription(configSchema, "1", () => 0).describe());

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
  assert.equal(find("gateway.auth.token").control.kind, "secret");
  assert.deepEqual(find("logging.level").control.kind, "choice");
  assert.equal(find("tools.allow").control.kind, "lines");
  assert.equal(find("agents.defaults.model").control.kind, "text");
});

test("what nothing acts on is not shown, and an entry of a map has the fields of its kind", () => {
  const keys = groupsOf(schema, hints, {}).flatMap((item) => fieldsBelow([item])).map(({ key }) => key);
  assert.ok(!keys.includes("gateway.reload.debounceMs"));
  assert.ok(!groupsOf(schema, hints, {}).some(({ key }) => key === "channels"));
  const filled = groupsOf(schema, hints, { agents: { entries: { ada: {} } } });
  assert.ok(filled.flatMap((item) => fieldsBelow([item])).some(({ key }) => key === "agents.entries.ada.thinking"));
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
  assert.equal(search("STATE_HELD", groups)[0]?.title, "STATE_HELD");
  assert.ok(search("shared token", groups).some(({ where }) => where === "gateway.auth.token"));
  assert.deepEqual(search("  ", groups), []);
});
