import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { openTerminal } from "../terminal/open-terminal.ts";
import { widthOf } from "../terminal/text.ts";
import { findDegraded } from "./find-degraded.ts";
import { showStatus } from "./status-view.ts";

const nowMs = systemClock.now();
const hello = {
  server: { version: "9.9.9" },
  snapshot: { uptimeMs: 90_000_000, stateDir: `/home/${"somebody/".repeat(12)}.openclaw`, health: { ok: false } },
};
const resting = {
  model: "a-service-with-a-name/a-model-whose-name-is-long-as-they-often-are", failures: 4, code: "MODEL_RATE_LIMITED",
  sinceMs: nowMs - 60_000, nextTryAtMs: nowMs + 30_000,
};
const status = {
  pid: 12_345, processMemory: { rss: 104_857_600 }, sessions: { count: 1_234, active: 3, recent: [] }, models: { resting: [resting] },
  queues: ["deliveries", "embeddings-of-the-night", "webhooks"].map(
    (queue) => ({ queue, jobs: 500, dead: 2, lagging: true, lagMs: 360_000 }),
  ),
  alerts: { problem: 2, attention: 3, notice: 1, open: [{ code: "DISK_FULL", severity: "problem", what: "The disk is full", sinceMs: 1 }] },
};
const nodes = { nodes: [
  ...Array.from({ length: 9 }, (_, at) => ({ displayName: `node-with-a-name-${at}`, connected: at < 7, lastSeenAtMs: nowMs - 5_000 })),
  { displayName: "new", connected: true, approvalState: "pending" },
] };
const agents = {
  agents: Array.from({ length: 12 }, (_, at) => ({ id: `agent-${at}`, model: { primary: "provider/model-of-some-length" } })),
};

for (const [name, environment] of [
  ["in colour", { LANG: "C.UTF-8", TERM: "xterm-256color" }], ["without colour and in ASCII", { LANG: "C", NO_COLOR: "1", TERM: "xterm" }],
] as const) {
  test(`everything there is to say, with more than five things degraded, is one screen of 80 by 24, ${name} (S4.4)`, () => {
    let said = "";
    const stream = { isTTY: true, columns: 80, write: (text: string) => (said += text) !== "" };
    const terminal = openTerminal({
      stdout: stream, stderr: stream, environment, clock: systemClock, json: false, quiet: false, colour: true,
    });
    const degraded = findDegraded({ hello, status, nodes, nowMs });
    assert.ok(degraded.length > 5);
    showStatus({ terminal, clock: systemClock }, "http://127.0.0.1:18789", { hello, status, nodes, agents, approvals: [{}, {}], degraded });
    const rows = said.split("\n").slice(0, -1);
    assert.ok(rows.length <= 23, `${rows.length} rows and the prompt:\n${said}`);
    for (const row of rows) assert.ok(widthOf(row) <= 80, `${widthOf(row)}: ${row}`);
    for (const part of [
      "is given a rest", "since 1 min", "openclaw explain MODEL_RATE_LIMITED", "2 approvals wait for you: openclaw approvals list",
      "1 waits for you: openclaw nodes pending", "more: openclaw status --json",
    ]) assert.ok(said.includes(part), `${part} in\n${said}`);
    if (name !== "in colour") assert.doesNotMatch(said, /[^\x0a\x20-\x7e]/);
  });
}
