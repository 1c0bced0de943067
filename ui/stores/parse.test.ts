/** What the stores make of what the gateway says: nothing is believed that was not looked at, and nothing hides in it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseApproval, parsePast } from "./parse-approval.ts";
import { LINE, parseNode, parseSample, placesOf } from "./parse-node.ts";
import { doingAfter, parseRun } from "./parse-run.ts";

const asked = {
  id: "a1", createdAtMs: 10, expiresAtMs: 20, request: {
    command: "rm old", commandArgv: ["rm", "old"], nodeName: "shed", sessionKey: "agent:main:main", agentId: "main",
    warningText: "It runs.", remember: "session",
    allowedDecisions: ["allow-once", "allow-always", "deny"], asker: "session", labels: ["agent"],
  },
};

test("an approval shows every mark that hides or turns text around, in its line and in each argument", () => {
  const said = { command: "cat \u202egpj.exe", commandArgv: ["cat", "a\u200bb"], nodeName: "sh\u0000ed" };
  const evil = { ...asked, request: { ...asked.request, ...said } };
  const approval = parseApproval(evil);
  assert.equal(approval?.command, "cat ⟨U+202E⟩gpj.exe");
  assert.deepEqual(approval?.argv, ["cat", "a⟨U+200B⟩b"]);
  assert.equal(approval?.nodeName, "sh⟨U+0000⟩ed");
});

test("the answers stand in one order, whatever order they were told in, and say what the third covers", () => {
  assert.deepEqual(parseApproval(asked)?.decisions, ["deny", "allow-once", "allow-always"]);
  assert.equal(parseApproval(asked)?.covers, "session");
  assert.equal(parseApproval({ ...asked, request: { ...asked.request, asker: "client" } })?.covers, "rule");
  assert.deepEqual(parseApproval({ ...asked, request: { ...asked.request, allowedDecisions: ["deny"] } })?.decisions, ["deny"]);
  assert.equal(parseApproval({ ...asked, request: { ...asked.request, sessionKey: "operator" } })?.sessionKey, undefined);
  for (const broken of [null, [], "x", {}, { id: "" }, { id: 7 }]) assert.equal(parseApproval(broken), undefined);
});

test("an approval that ended says how, from the history as from its event", () => {
  const past = parsePast({ ...asked, status: "denied", decision: "deny", resolvedBy: "device:d", resolvedAtMs: 15 });
  assert.deepEqual([past?.status, past?.by, past?.endedAtMs], ["denied", "device:d", 15]);
  const known = parseApproval(asked);
  const event = parsePast({ id: "a1", request: asked.request, decision: "allow-once", resolvedBy: "owner", ts: 16 }, known);
  assert.deepEqual([event?.status, event?.endedAtMs, event?.createdAtMs], ["allowed", 16, 10]);
  assert.equal(parsePast({ id: "a1", request: {}, decision: null, resolvedBy: "clock", ts: 1 })?.status, "expired");
  assert.equal(parsePast({ id: "a1", request: {}, decision: null, resolvedBy: null, ts: 1 })?.status, "cancelled");
});

test("a node is what was said of it, and a gap in what it told is a gap in its line", () => {
  const node = parseNode({
    nodeId: "n", displayName: "a\u202eb", tags: ["x", 7], commands: ["b", "a"], approvalState: "pending", work: [{ command: "system.run" }],
  });
  assert.deepEqual([node?.name, node?.tags, node?.commands], ["a⟨U+202E⟩b", ["x"], ["a", "b"]]);
  assert.deepEqual([node?.waits, node?.work.length], [true, 1]);
  assert.equal(parseNode({ displayName: "nobody" }), undefined);
  const stepMs = LINE.spanMs / LINE.places;
  const at = (steps: number, cpu: number) => parseSample({ ts: 1_000_000_000 - steps * stepMs, cpu }) ?? assert.fail();
  const places = placesOf([at(70, 0.9), at(10, 0.2), at(8, 0.4), at(1, 0.6)], 1_000_000_000, ({ cpu }) => cpu);
  assert.equal(places.length, LINE.places);
  const line = places.slice(-12).map((value) => (value === undefined ? "-" : value.toFixed(1))).join(" ");
  assert.equal(line, "0.2 0.2 0.3 0.4 - - - - - - 0.6 0.6");
  assert.equal(places.slice(0, -12).every((value) => value === undefined), true, "what is older than the line is not in it");
  const alone = placesOf([at(0, 0.5)], 1_000_000_000, ({ cpu }) => cpu);
  assert.equal(alone.filter((value) => value !== undefined).length, 2, "one look is seen");
});

test("what a run does follows its tools: begins, is somewhere, is over; another call's end changes nothing", () => {
  const begun = doingAfter(undefined, { phase: "start", toolCallId: "1", name: "exec", args: { argv: ["ls"] } }, 5);
  assert.deepEqual(begun, { callId: "1", name: "exec", args: { argv: ["ls"] }, sinceMs: 5 });
  const placed = doingAfter(begun ?? undefined, { phase: "update", toolCallId: "1", partialResult: { details: { nodeId: "n" } } }, 6);
  assert.equal(placed?.nodeId, "n");
  const again = { phase: "update", toolCallId: "1", partialResult: { details: { nodeId: "n" } } };
  assert.equal(doingAfter(placed ?? undefined, again, 7), undefined);
  assert.equal(doingAfter(placed ?? undefined, { phase: "result", toolCallId: "2" }, 8), undefined);
  assert.equal(doingAfter(placed ?? undefined, { phase: "result", toolCallId: "1" }, 8), null);
  assert.equal(doingAfter(undefined, {}, 8), undefined);
  assert.deepEqual(parseRun({ key: "agent:main:x", status: "odd", activeRunIds: ["a", "b"] })?.turns, 2);
  assert.equal(parseRun({ key: "agent:main:x", status: "odd" })?.status, "none");
});
