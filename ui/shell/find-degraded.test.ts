import assert from "node:assert/strict";
import { test } from "node:test";
import { findDegraded } from "./find-degraded.ts";

test("what is degraded is said with since when, what still works and what to do; what is well, seen or muted is not (S4.4, S4.28)", () => {
  const nowMs = Date.UTC(2026, 5, 1, 12);
  const alert = {
    id: "a1", code: "DISK_LOW", severity: "problem", what: "The disk is nearly full", means: "Nothing is lost.", next: "df -h",
    sinceMs: nowMs - 9_000, muted: false,
  };
  const resting = { failures: 3, sinceMs: nowMs - 60_000, nextTryAtMs: nowMs, trying: true };
  const found = findDegraded({
    nowMs, health: { ok: false },
    status: {
      models: { resting: [
        { ...resting, credential: "p", model: "p/m\u202e", code: "MODEL_UNAVAILABLE" },
        { ...resting, credential: "q", model: "*", code: "MODEL_AUTH", failures: 1, sinceMs: nowMs - 10_000, trying: false },
      ] },
      queues: [{ queue: "reports", jobs: 3, lagging: true, lagMs: 30_000, dead: 1 }, { queue: "mail", jobs: 1, lagging: false }],
    },
    alerts: { open: [
      alert, { ...alert, id: "a2", severity: "attention" }, { ...alert, id: "a3", muted: true },
      { ...alert, id: "a4", acknowledged: { by: "owner", atMs: 1 } }, { ...alert, id: "a5", code: "MODEL_RESTING" },
    ] },
  });
  assert.deepEqual(found.map(({ what, sinceMs, next }) => [what, sinceMs === undefined ? undefined : nowMs - sinceMs, next]), [
    ["The gateway does not feel well", undefined, "openclaw health"],
    ["p/m⟨U+202E⟩ is given a rest after 3 failures", 60_000, "openclaw explain MODEL_UNAVAILABLE"],
    ["Every model of q is given a rest after 1 failure", 10_000, "openclaw explain MODEL_AUTH"],
    ["The queue reports is behind: 3 jobs wait", 30_000, undefined],
    ["The disk is nearly full", 9_000, "df -h"],
  ]);
  assert.match(found[1]?.safe ?? "", /^What you send is kept.*One call is trying it now\.$/);
  assert.match(found[2]?.safe ?? "", /It is tried again at /);
  assert.deepEqual(findDegraded({ nowMs, health: { ok: true }, status: {}, alerts: undefined }), []);
  assert.deepEqual(findDegraded({ nowMs, health: null, status: "none", alerts: { open: "none" } }), []);
});
