import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changedKeys, clashes, differences, drafted, HIDDEN, inverse, patchOf, replacedLists, withChange, type Draft,
} from "./changes.ts";

const NONE: Draft = new Map();
const SET = { gateway: { port: 1_000, bind: "loopback" }, tools: { allow: ["a", "b"], exec: {} }, key: HIDDEN };

const draft = (...changes: readonly (readonly [string, unknown])[]): Draft =>
  changes.reduce((made, [key, value]) => withChange(made, SET, key.split("."), value), NONE);

test("what is saved is what was shown: a merge patch of the changed keys alone, absence as null (S3.13)", () => {
  const made = draft(["gateway.port", 2_000], ["tools.allow", undefined], ["gateway.mode", "local"]);
  assert.deepEqual(patchOf(made), { gateway: { port: 2_000, mode: "local" }, tools: { allow: null } });
  assert.deepEqual(differences(made, SET).map(({ key, was, now }) => [key, was, now]), [
    ["gateway.port", 1_000, 2_000], ["tools.allow", ["a", "b"], undefined], ["gateway.mode", undefined, "local"],
  ]);
  assert.deepEqual(drafted(SET, made), { gateway: { port: 2_000, bind: "loopback", mode: "local" }, tools: { exec: {} }, key: HIDDEN });
});

test("a change back to what is set is none, and what is changed in something new is part of that", () => {
  assert.equal(withChange(draft(["gateway.port", 2_000]), SET, ["gateway", "port"], 1_000).size, 0);
  const added = draft(["agents.entries.x", {}], ["agents.entries.x.name", "Ada"], ["agents.entries.x.tools.profile", "minimal"]);
  assert.deepEqual(patchOf(added), { agents: { entries: { x: { name: "Ada", tools: { profile: "minimal" } } } } });
  assert.equal(added.size, 1);
  assert.deepEqual([...withChange(added, SET, ["agents", "entries", "x"], undefined).keys()], []);
  assert.deepEqual([...draft(["gateway.port", 1], ["gateway", undefined]).keys()], ["gateway"]);
});

test("lists that a patch replaces or takes away are named, also inside what is taken away", () => {
  assert.deepEqual(replacedLists(draft(["tools.allow", ["c"]]), SET), ["tools.allow"]);
  assert.deepEqual(replacedLists(draft(["tools", undefined], ["gateway.port", 3]), SET), ["tools.allow"]);
});

test("where somebody else wrote the same key to something else both sides are known; the same wish is no clash (S3.13)", () => {
  const mine = draft(["gateway.port", 2_000], ["gateway.bind", "lan"]);
  const theirs = { ...SET, gateway: { port: 3_000, bind: "lan" }, logging: { level: "debug" } };
  assert.deepEqual(clashes(mine, SET, theirs), [{ key: "gateway.port", was: 1_000, theirs: 3_000, now: 2_000 }]);
  assert.deepEqual(changedKeys(SET, theirs), ["gateway.port", "gateway.bind", "logging"]);
});

test("the way back is the values before; there is none over a secret, which nobody sees", () => {
  const back = inverse(draft(["gateway.port", 2_000], ["gateway.mode", "local"]), SET);
  assert.deepEqual(patchOf(back ?? NONE), { gateway: { port: 1_000, mode: null } });
  assert.equal(inverse(draft(["key", "new"]), SET), undefined);
});
