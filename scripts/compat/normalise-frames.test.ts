import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeptFrame } from "../../testkit/recording-proxy.ts";
import { normaliseFrames, recordingText } from "./normalise-frames.ts";

const RUN = "0c1f8a52-1111-4000-8000-00000000abcd";
const NODE = "bc4c475f41ca91fbeb8f352e35db3fb05e202efc4dee5994080d2e0ec00905d7";
const client = (frame: object, connection = 3): KeptFrame => ({ connection, from: "client", frame });
const gateway = (frame: object, connection = 3): KeptFrame => ({ connection, from: "gateway", frame });

const KEPT: readonly KeptFrame[] = [
  gateway({ type: "event", event: "tick", payload: { ts: 1 } }, 1), // of a connection that began before
  gateway({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: 1 } }),
  client({
    type: "req", id: "1:x", method: "connect",
    params: {
      auth: { token: "the-token" }, pathEnv: "/somewhere/bin", device: { id: NODE, publicKey: "k", signature: "s", signedAt: 1, nonce: "n" },
    },
  }),
  gateway({
    type: "res", id: "1:x", ok: true, payload: { type: "hello-ok", auth: { role: "operator", deviceToken: "made-up-0123456789-0123" } },
  }),
  client({ type: "req", id: "2:y", method: "chat.send", params: { message: "cd /tmp/lab/here", idempotencyKey: RUN } }),
  gateway({ type: "res", id: "2:y", ok: true, payload: { runId: RUN, status: "started", nodes: [{ nodeId: "x" }, { nodeId: NODE }] } }),
  gateway({ type: "event", event: "chat", payload: { runId: RUN, state: "delta", deltaText: "a" } }),
  gateway({ type: "event", event: "chat", payload: { runId: RUN, state: "delta", deltaText: "b" } }),
  client({ type: "req", id: "3:z", method: "node.describe", params: { nodeId: NODE } }),
  gateway({ type: "res", id: "3:z", ok: false, error: { code: "INVALID_REQUEST", message: "no" } }),
  client({ close: 1005, reason: "" }),
];

test("a recording holds what the client said and how the gateway answered, and nothing of that day or that machine (S4.2)", () => {
  const lines = normaliseFrames(KEPT, "demo", ["the-token", "/tmp/lab", "/home/somebody"]);
  assert.deepEqual(lines, [
    { c: 0, send: { id: "r1", method: "connect", params: { auth: { token: "$token" }, pathEnv: "/usr/bin:/bin" } }, device: 1 },
    { c: 0, answer: "r1", ok: true, shape: { type: "=hello-ok", auth: { role: "=operator", deviceToken: "string" } } },
    { c: 0, send: { id: "r2", method: "chat.send", params: { message: "cd $scratch/here", idempotencyKey: "demo-1" } } },
    { c: 0, answer: "r2", ok: true, shape: { runId: "string", status: "=started", nodes: [{ nodeId: "string" }, { nodeId: "$1" }] } },
    { c: 0, event: "chat delta", run: "demo-1", shape: { runId: "string", state: "=delta", deltaText: "string" } },
    { c: 0, send: { id: "r3", method: "node.describe", params: { nodeId: "$1" } } },
    { c: 0, answer: "r3", ok: false, shape: "null", error: "INVALID_REQUEST" },
    { c: 0, closed: null },
  ]);
  assert.doesNotMatch(recordingText(lines), /the-token|made-up|\/tmp\/lab|0c1f8a52|bc4c475f/);
});
