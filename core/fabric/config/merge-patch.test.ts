import assert from "node:assert/strict";
import { test } from "node:test";
import { formatKey } from "./config-key.ts";
import { listChanges, planPatch } from "./merge-patch.ts";

const SOURCE = {
  gateway: { port: 1, controlUi: { allowedOrigins: ["a", "b"] } },
  agents: { list: [{ id: "x", skills: ["s"] }, { id: "y" }] },
  empty: { list: [] },
};

function plan(patch: Record<string, unknown>, ...replacePaths: readonly string[]): unknown {
  const { edits, refused } = planPatch(SOURCE, patch, replacePaths);
  return refused.length > 0 ? { refused } : edits.map(({ at, value }) => [formatKey(at), value]);
}

test("objects merge, null takes away, and what is so already is not changed (S4.2)", () => {
  assert.deepEqual(plan({ gateway: { port: 1 } }), []);
  assert.deepEqual(plan({ gateway: { port: 2, bind: "loopback" } }), [["gateway.port", 2], ["gateway.bind", "loopback"]]);
  assert.deepEqual(plan({ gateway: { port: null }, nothing: null }), [["gateway.port", undefined]]);
  assert.deepEqual(plan({ made: { a: { b: 1, c: null } } }), [["made", { a: { b: 1 } }]]);
  assert.deepEqual(plan({ gateway: { port: { a: 1 } } }), [["gateway.port", { a: 1 }]]);
});

test("a list loses entries only where its own path is named; half a list cannot replace the whole by mistake", () => {
  const path = "gateway.controlUi.allowedOrigins";
  const wanted = { gateway: { controlUi: { allowedOrigins: ["a"] } } };
  assert.deepEqual(plan(wanted), { refused: [path] });
  for (const other of ["gateway", "gateway.controlUi", "gateway.*", "*"]) assert.deepEqual(plan(wanted, other), { refused: [path] }, other);
  assert.deepEqual(plan(wanted, path), [[path, ["a"]]]);
  assert.deepEqual(plan({ gateway: { controlUi: { allowedOrigins: ["b", "a", "c"] } } }), [[path, ["b", "a", "c"]]], "more is no loss");
  assert.deepEqual(plan({ gateway: null }), { refused: [path] }, "nor does it go with what holds it");
  assert.deepEqual(plan({ gateway: { controlUi: 1 } }), { refused: [path] });
  assert.deepEqual(plan({ gateway: null }, path), [["gateway", undefined]]);
  assert.deepEqual(plan({ empty: null }), { refused: ["empty.list"] }, "an empty one says that it is to be empty");
});

test("things with an id merge by id: the others stay, new ones are added behind", () => {
  assert.deepEqual(plan({ agents: { list: [{ id: "y", name: "Y" }, { id: "z" }, { name: "no id" }] } }), [
    ["agents.list[1].name", "Y"], ["agents.list[2]", { id: "z" }], ["agents.list[3]", { name: "no id" }],
  ]);
  assert.deepEqual(plan({ agents: { list: [{ id: "x", skills: [] }] } }), { refused: ["agents.list[0].skills"] });
  assert.deepEqual(plan({ agents: { list: [{ id: "x", skills: [] }] } }, "agents.list[].skills"), [["agents.list[0].skills", []]]);
  assert.deepEqual(plan({ agents: { list: [{ id: "z" }] } }, "agents.list"), [["agents.list", [{ id: "z" }]]]);
});

test("what changed is told by the topmost place that tells", () => {
  assert.deepEqual(listChanges(SOURCE, { ...SOURCE, logging: { level: "info" } }), ["logging"]);
  assert.deepEqual(listChanges(SOURCE, { ...SOURCE, gateway: { ...SOURCE.gateway, port: 2 } }), ["gateway.port"]);
  assert.deepEqual(listChanges(SOURCE, structuredClone(SOURCE)), []);
});
