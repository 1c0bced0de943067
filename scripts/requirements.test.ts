import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireRequirement } from "../protocol/requirements.ts";
import { checkRequirements, formatWaiting, judgeRequirements } from "./requirements.ts";

const row = (id: WireRequirement["id"], more: Partial<WireRequirement> = {}): WireRequirement =>
  ({ id, section: id.split(".")[1] ?? "", behaviour: "It holds.", ...more });
const cite = (id: string) => ({ id, file: "a.test.ts", name: id });

test("a row that no test cites, an id that is no row, one that stands twice or in another section: each is told", () => {
  const rows = [row("W.1.1"), row("W.1.2"), row("W.1.2"), row("W.2.1", { section: "3.1" })];
  const { faults, proved } = judgeRequirements(rows, [cite("W.1.2"), cite("W.2.1"), cite("W.9.9")]);
  assert.deepEqual(faults, [
    "W.1.2 stands twice", "W.2.1 stands under section 3.1", "a.test.ts cites W.9.9, which is no row", "no test cites W.1.1: It holds.",
  ]);
  assert.equal(proved, 3);
});

test("a row that waits for its room is no fault, and a mark that can go is told", () => {
  const judgement = judgeRequirements([row("W.1.1", { room: "reach" }), row("W.1.2", { room: "reach" })], [cite("W.1.2")]);
  assert.deepEqual(judgement.faults, []);
  assert.deepEqual(formatWaiting(judgement), ["waiting for reach: W.1.1, W.1.2", "cited although they say they wait: W.1.2"]);
});

test("every requirement of the wire is cited by a test, and every id cited is one", () => {
  assert.deepEqual(checkRequirements(new URL("..", import.meta.url).pathname.replace(/\/$/, "")).faults, []);
});
