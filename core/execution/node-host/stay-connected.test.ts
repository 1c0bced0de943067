import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { formatDeviceProof } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { Secret } from "../../base/secret.ts";
import { systemIds } from "../../base/ids.ts";
import { openHostForTest } from "./host-for-test.ts";
import { ScriptedGateway } from "./scripted-gateway.ts";
import { longestBackoffMs, type StateDetail } from "./stay-connected.ts";

/** Real sockets need real time to fail or succeed; virtual time only moves between their answers. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test("the node says who it is, proves it, and offers its commands and tags", async () => {
  await using t = await openHostForTest({ token: new Secret("first-token") });
  const params = t.gateway.connects[0]!;
  assert.equal(params.role, "node");
  assert.equal(params.client.id, "node-host");
  assert.equal(params.client.mode, "node");
  assert.deepEqual(params.tags, ["test"]);
  assert.ok(params.caps?.includes("journal.v1") && params.commands?.includes("system.run"));
  assert.deepEqual(params.auth, { token: "first-token" });
  const device = params.device!;
  const raw = Buffer.from(device.publicKey, "base64url");
  assert.equal(createHash("sha256").update(raw).digest("hex"), device.id);
  const proof = formatDeviceProof({
    deviceId: device.id, clientId: "node-host", clientMode: "node", role: "node", scopes: [], signedAtMs: 1_700_000_000_000,
    token: "first-token", nonce: "nonce-1", platform: process.platform,
  });
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: device.publicKey } });
  assert.ok(verify(null, Buffer.from(proof), key, Buffer.from(device.signature, "base64url")));
});

test("the pairing token is spent for a device token, which is used from then on", async () => {
  const saved: Secret[] = [];
  await using t = await openHostForTest({ token: new Secret("first-token"), saveDeviceToken: (token) => saved.push(token) });
  t.gateway.deviceToken = "device-token";
  t.gateway.drop();
  await t.gateway.until(() => t.gateway.connects.length === 2);
  t.gateway.closeAll(1012);
  await t.gateway.until(() => t.gateway.connects.length === 3);
  assert.deepEqual(saved.map((token) => token.reveal()), ["device-token"]);
  const sent = t.gateway.connects.map((params) => params.auth);
  assert.deepEqual(sent, [{ token: "first-token" }, { token: "first-token" }, { deviceToken: "device-token" }]);
});

test("host stats are sent after connecting and every quarter of a minute", async () => {
  const clock = new VirtualClock();
  await using t = await openHostForTest({ clock });
  const stats = (): Record<string, unknown>[] =>
    t.gateway.frames.filter((frame) => frame.method === "node.event").map((frame) => frame.params);
  await t.gateway.until(() => stats().length === 1);
  assert.equal(stats()[0]?.["event"], "node.host.stats");
  assert.ok(Number((stats()[0]?.["payload"] as { cpuCount: number }).cpuCount) > 0);
  t.gateway.send("tick", { ts: 1 });
  await clock.advance(14_999);
  await breathe();
  assert.equal(stats().length, 1);
  await clock.advance(1);
  await t.gateway.until(() => stats().length >= 2);
  const { cpuUsed } = stats().at(-1)?.["payload"] as { readonly cpuUsed?: number };
  assert.ok(cpuUsed === undefined || (cpuUsed >= 0 && cpuUsed <= 1), "a share of all processors, where any time had passed");
});

test("a gateway far away is tried every 15 s at last; one on the same machine is there again at once or not at all", () => {
  for (const url of ["ws://127.0.0.1:18789", "ws://localhost:1", "ws://[::1]:1/x"]) assert.equal(longestBackoffMs(url), 400, url);
  for (const url of ["wss://example.net", "ws://10.0.0.1", "ws://127.example.net", "no"]) assert.equal(longestBackoffMs(url), 15_000, url);
});

test("it tries again for ever, at first quickly, then no slower than it has to, and comes back", async () => {
  const clock = new VirtualClock();
  const triedAtMs: number[] = [];
  let now = "";
  const onState = (state: string): void => {
    now = state;
    if (state === "connecting") triedAtMs.push(Math.round(clock.monotonic()));
  };
  await using t = await openHostForTest({ clock, ids: { ...systemIds, random: () => 1 }, onState });
  const port = t.gateway.port;
  await t.gateway[Symbol.asyncDispose]();
  while (triedAtMs.length < 13) {
    if (now === "offline") await clock.advanceToNext();
    else await breathe();
  }
  const waits = triedAtMs.slice(1).map((atMs, index) => atMs - (triedAtMs[index] ?? 0));
  assert.deepEqual(waits, [100, 100, 200, ...Array.from({ length: 9 }, () => 400)]);
  await using back = await ScriptedGateway.open(port);
  while (back.online === 0) {
    await breathe();
    await clock.advance(15_000);
  }
});

test("a refusal that needs a person is reported with its code, and tried again slowly until it is granted", async () => {
  const clock = new VirtualClock();
  const states: { state: string; detail: StateDetail }[] = [];
  await using t = await openHostForTest({ clock, onState: (state, detail) => states.push({ state, detail }) });
  t.gateway.refuseWith = { code: "NOT_PAIRED", message: "pairing required", details: { code: "PAIRING_REQUIRED", requestId: "req-1" } };
  t.gateway.drop();
  while (states.at(-1)?.state !== "refused") {
    await breathe();
    if (states.at(-1)?.state === "offline") await clock.advance(100);
  }
  assert.deepEqual(states.at(-1)?.detail, { code: "PAIRING_REQUIRED", message: "pairing required", requestId: "req-1" });
  const tries = t.gateway.connects.length;
  await breathe();
  await clock.advance(4_999);
  await breathe();
  assert.equal(t.gateway.connects.length, tries);
  t.gateway.refuseWith = undefined;
  await clock.advance(1);
  await t.gateway.until(() => t.gateway.online === 1);
});

test("a gateway that falls silent is left: a dead connection looks just like that", async () => {
  const clock = new VirtualClock();
  await using t = await openHostForTest({ clock });
  await clock.advance(59_000);
  t.gateway.send("tick", { ts: 1 });
  await breathe();
  await clock.advance(59_000);
  assert.equal(t.gateway.connects.length, 1);
  await clock.advance(1_000);
  await breathe();
  await clock.advance(100);
  await t.gateway.until(() => t.gateway.connects.length === 2);
});

test("alone with no gateway and nothing running it ends itself; a running job keeps it", async () => {
  const clock = new VirtualClock();
  await using t = await openHostForTest({ clock, endAfterAloneMs: 30_000 });
  await clock.advance(50_000);
  await t.gateway.call(t.nodeId, "j1", "job.start", { command: ["/bin/sh", "-c", "while [ ! -e go ]; do sleep 0.02; done"] });
  let ended: string | undefined;
  void t.host.ended.then(({ reason }) => (ended = reason));
  await t.gateway[Symbol.asyncDispose]();
  for (let round = 0; round < 8; round++) {
    await breathe();
    await clock.advance(10_000);
  }
  assert.equal(ended, undefined);
  writeFileSync(`${t.workspace}/go`, "");
  while (t.host.jobsRunning > 0) await breathe();
  await clock.advance(29_999);
  await breathe();
  assert.equal(ended, undefined);
  await clock.advance(1);
  assert.equal((await t.host.ended).reason, "alone");
});

test("closing ends the connection and the host, once", async () => {
  const t = await openHostForTest();
  await t.host[Symbol.asyncDispose]();
  await t.host[Symbol.asyncDispose]();
  assert.deepEqual(await t.host.ended, { reason: "closed" });
  await t.gateway.until(() => t.gateway.online === 0);
  await t[Symbol.asyncDispose]();
});
