import assert from "node:assert/strict";
import { test } from "node:test";
import { findNearest, scoreFuzzy } from "./nearest.ts";

test("what was mistyped leads to the place that was meant (S4.28)", () => {
  const places = ["now", "chat", "nodes", "approvals", "settings"];
  for (const [typed, meant] of [["node", "nodes"], ["chats", "chat"], ["aproval", "approvals"], ["setings", "settings"]]) {
    assert.equal(findNearest(typed ?? "", places, (one) => one), meant);
  }
  assert.equal(findNearest("now", [], String), undefined);
});

test("the palette puts first what begins as was typed, then what has the letters together, and leaves out what lacks one (S4.28)", () => {
  const names = ["Automations", "Settings", "Nodes", "agent:main:notes"];
  const found = names.filter((name) => scoreFuzzy("no", name) !== undefined)
    .toSorted((a, b) => (scoreFuzzy("no", b) ?? 0) - (scoreFuzzy("no", a) ?? 0));
  assert.deepEqual(found, ["Nodes", "agent:main:notes"]);
  assert.equal(scoreFuzzy("zz", "Nodes"), undefined);
});
