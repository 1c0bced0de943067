import assert from "node:assert/strict";
import { test } from "node:test";
import { findDegraded } from "./find-degraded.ts";

test("what is degraded is said with since when and what to do; what is well is not (S4.4, S1.35)", () => {
  const nowMs = 1_000_000;
  const found = findDegraded({
    nowMs, hello: { snapshot: { health: { ok: true } } },
    status: {
      models: { resting: [
        { credential: "p", model: "p/m", code: "MODEL_UNAVAILABLE", failures: 3, sinceMs: 940_000, nextTryAtMs: 1_020_000, trying: false },
        { credential: "q", model: "*", code: "MODEL_AUTH", failures: 2, sinceMs: 990_000, nextTryAtMs: 0, trying: true },
      ] },
      queues: [{ queue: "reports", jobs: 3, lagging: true, lagMs: 30_000, dead: 1 }, { queue: "mail", jobs: 1, lagging: false, dead: 0 }],
      alerts: { open: [
        { code: "DISK_LOW", severity: "problem", what: "The disk where the state lies has 90 MB left", sinceMs: 800_000, next: "openclaw doctor" },
        { code: "NODE_AWAY", severity: "attention", what: "Node lab is away", sinceMs: 900_000, next: "openclaw nodes describe lab" },
        { code: "DEVICE_APPROVED", severity: "notice", what: "phone was let in", sinceMs: 900_000, next: "openclaw devices list" },
        { code: "LOOP_BUSY", severity: "problem", what: "busy", sinceMs: 900_000, next: "openclaw status", acknowledged: { by: "Ada", atMs: 1 } },
      ] },
    },
    nodes: { nodes: [
      { displayName: "local", connected: true }, { displayName: "lab", connected: false, lastSeenAtMs: 900_000 },
      { displayName: "new", connected: false, approvalState: "pending" },
    ] },
  });
  assert.deepEqual(found, [
    {
      what: "p/m is given a rest (3 failures, MODEL_UNAVAILABLE; next try in 20 s)", sinceMs: 940_000,
      next: "openclaw explain MODEL_UNAVAILABLE",
    },
    {
      what: "Every model of q is given a rest (2 failures, MODEL_AUTH; one call is trying it now)", sinceMs: 990_000,
      next: "openclaw explain MODEL_AUTH",
    },
    { what: "Node lab is offline", sinceMs: 900_000, next: "openclaw nodes describe lab" },
    { what: "Queue reports is behind", sinceMs: 970_000, next: "openclaw status --json" },
    { what: "1 dead letter in queue reports", next: "openclaw deadletters list" },
    { what: "The disk where the state lies has 90 MB left", sinceMs: 800_000, next: "openclaw doctor" },
  ]);
  assert.deepEqual(findDegraded({ nowMs, hello: {}, status: {}, nodes: {} }), []);
});
