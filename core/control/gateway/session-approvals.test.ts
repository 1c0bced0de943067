import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessionApprovals } from "./session-approvals.ts";

function setUp(count: number) {
  const waiting = Array.from({ length: count }, (_, at) => ({ id: `a${at}`, request: { sessionKey: at % 2 === 0 ? "mine" : "theirs" } }));
  const told: { readonly payload: Readonly<Record<string, unknown>>; readonly only: readonly string[] }[] = [];
  const approvals = createSessionApprovals({
    broadcast: (_, payload, { only }) => void told.push({ payload: payload as Readonly<Record<string, unknown>>, only }),
    show: (id) => (id === "a2" ? null : { id }), waiting: () => waiting, now: () => 7,
  });
  return { told, approvals };
}

test("who subscribes is told what waits in that session, oldest first, and from then on what changes (W.7.27)", () => {
  const { told, approvals } = setUp(6);
  const gone = new AbortController();
  assert.deepEqual(approvals.subscribe("one", "mine", gone.signal), {
    sessionKey: "mine", updatedAtMs: 7, approvals: [{ id: "a0" }, { id: "a4" }], truncated: false,
  });
  approvals.told("exec.approval.requested", { id: "a8", request: { sessionKey: "mine" } });
  approvals.told("exec.approval.requested", { id: "a9", request: { sessionKey: "theirs" } });
  assert.deepEqual(told.map(({ payload, only }) => [payload["phase"], payload["approval"], only]), [["pending", { id: "a8" }, ["one"]]]);
  gone.abort();
  approvals.told("exec.approval.resolved", { id: "a8", request: { sessionKey: "mine" } });
  assert.equal(told.length, 1, "nobody is there any more");
});

test("of very many the oldest are told, and that there are more", () => {
  const { approvals: shown, truncated } = setUp(400).approvals.subscribe("one", "theirs", new AbortController().signal);
  assert.deepEqual([shown.length, shown[0], truncated], [100, { id: "a1" }, true]);
});
