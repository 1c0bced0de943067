import assert from "node:assert/strict";
import { test } from "node:test";
import { checkText } from "./examine-text.ts";

const text = { type: "string" } as const;
const schema = {
  type: "object",
  properties: {
    a: text, key: { ...text, secret: true }, idle: { inert: true }, env: { additionalProperties: true },
    list: { type: "array", items: text },
  },
} as const;

async function filled(value: unknown, environment: Readonly<Record<string, string>> = {}) {
  const { config, source, written, warnings } = await checkText(JSON.stringify(value), schema, { path: "/nowhere/x.json", environment });
  const told = warnings.filter(({ code }) => code !== "CONFIG_KEY_INERT").map((one) => `${one.path} ${one.message}`);
  return { config, source, written, warnings: told };
}

test("variables are filled in, with fallbacks and escapes, as documented; what is shown and edited is what was written "
  + "(S4.31, W.10.7)", async () => {
  for (const [written, value] of [
    ["${NAME}", "n"], ["x-${NAME}/${NAME}", "x-n/n"], ["$${NAME}", "${NAME}"], ["${UNSET:-60}", "60"], ["${EMPTY:-}", ""],
    ["${NAME:-x}", "n"], ["${lower}", "${lower}"], ["${NAME:=x}", "${NAME:=x}"], ["$${NAME:-x}", "${NAME:-x}"], ["$NAME", "$NAME"],
  ] as const) {
    const { config, source, written: shown, warnings } = await filled({ a: written, list: [written] }, { NAME: "n", EMPTY: "" });
    assert.deepEqual(config, { a: value, list: [value] }, written);
    assert.deepEqual([source, shown, warnings], [{ a: written, list: [written] }, { a: written, list: [written] }, []], written);
  }
});

test("one that is not set, or empty, stays visible and is told of; secrets and what nothing acts on are not touched", async () => {
  const { config, warnings } = await filled({ a: "${UNSET}", key: "${KEY}", idle: "${KEY}" }, { KEY: "canary" });
  assert.deepEqual(config, { a: "${UNSET}", key: "${KEY}", idle: "${KEY}" });
  assert.deepEqual(warnings, ["a names the variable UNSET, which is not set"]);
  assert.deepEqual((await filled({ key: "${KEY}" })).warnings, ["key names the variable KEY, which is not set"]);
});

test("what stands under env counts where the environment has none of that name", async () => {
  const env = { ONE: "one", vars: { TWO: "two", THREE: "three" } };
  const { config } = await filled({ env, list: ["${ONE}", "${TWO}", "${THREE}"] }, { THREE: "3", ONE: "" });
  assert.deepEqual(config?.["list"], ["one", "two", "3"]);
});
