import test from "node:test";
import assert from "node:assert/strict";
import { hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import { openMemoryEngine } from "../engine.ts";
import type { AdmitRequest, Identity, IdentityChange } from "./identity-port.ts";
import { openIdentity, type IdentityDeps } from "./open-identity.ts";

const clock = new VirtualClock();
const ADMIN = { scopes: ["operator.admin"], name: "owner" };
const PAIRING = { scopes: ["operator.pairing"], name: "cli" };

async function open(engine: Engine, extra: Partial<IdentityDeps> = {}): Promise<{ identity: Identity; changes: IdentityChange[] }> {
  const identity = await openIdentity({ records: engine.records, clock, ids: systemIds, tokenKey: Buffer.alloc(32, 1), ...extra });
  const changes: IdentityChange[] = [];
  identity.onChanged((change) => void changes.push(change));
  return { identity, changes };
}

const asking = (deviceId: string, extra: Partial<AdmitRequest> = {}): AdmitRequest => ({
  deviceId, publicKey: `key-of-${deviceId}`, face: {
    clientId: "cli", clientMode: "cli",
  }, role: "operator", scopes: ["operator.read"], credential: "shared-secret", local: true, ...extra,
});

test("a device from elsewhere waits; the same device asking again keeps its request; five minutes later it is gone (W.5.4)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity, changes } = await open(engine);
  const first = await identity.admit(asking("a", { local: false }));
  const again = await identity.admit(asking("a", { local: false }));
  assert.equal(first.kind === "wait" && again.kind === "wait" && first.request.requestId === again.request.requestId, true);
  assert.equal(changes.filter((change) => change.type === "requested").length, 1);
  assert.equal(identity.requests().length, 1);
  await clock.advance(300_000);
  assert.equal(identity.requests().length, 0);
  await assert.rejects(
    identity.approve(first.kind === "wait" ? first.request.requestId : "", ADMIN), (error) => hasCode(error, "NOT_FOUND"),
  );
});

test("nobody approves more than they hold: a scope needs that scope, a node needs operator.admin (W.4.10)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity } = await open(engine);
  const admin = await identity.admit(asking("a", { local: false, scopes: ["operator.admin"] }));
  const node = await identity.admit(asking("n", { local: false, role: "node", scopes: [] }));
  assert.ok(admin.kind === "wait" && node.kind === "wait");
  for (const waiting of [admin, node]) {
    await assert.rejects(
      identity.approve(waiting.request.requestId, PAIRING),
      (error) => hasCode(error, "MISSING_SCOPE") && (error as Error).message === "missing scope: operator.admin",
    );
    await identity.approve(waiting.request.requestId, ADMIN);
  }
  assert.equal((await identity.admit(asking("n", { local: false, role: "node", scopes: [] }))).kind, "admitted");
});

test("rotating cannot mint what the caller lacks, cannot widen the device, and ends the old token", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity, changes } = await open(engine);
  const admitted = await identity.admit(asking("a", { scopes: ["operator.admin"] }));
  assert.ok(admitted.kind === "admitted");
  const old = admitted.token.reveal();
  await assert.rejects(identity.rotate("a", "operator", undefined, PAIRING), (error) => hasCode(error, "MISSING_SCOPE"));
  assert.equal(identity.checkToken("a", "operator", old), true, "a refused rotation changes nothing");
  const rotated = await identity.rotate("a", "operator", ["operator.read"], { ...ADMIN, deviceId: "a", connId: "c1" });
  assert.deepEqual(rotated.scopes, ["operator.read"]);
  assert.deepEqual(
    [identity.checkToken("a", "operator", old), identity.checkToken("a", "operator", rotated.token.reveal())], [false, true],
  );
  const ended = changes.find((change) => change.type === "revoked");
  assert.ok(ended?.type === "revoked" && ended.cause === "narrowed" && ended.sparing === "c1");
  await assert.rejects(identity.rotate("a", "operator", ["operator.write"], ADMIN), (error) => hasCode(error, "AUTH_SCOPE_MISMATCH"));
  assert.equal((await identity.admit(asking("a", { credential: "device-token", scopes: ["operator.admin"] }))).kind, "scope-mismatch");
});

test("a revoked token is wrong at once, and what comes after the repair is another token", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity, changes } = await open(engine);
  const first = await identity.admit(asking("a"));
  assert.ok(first.kind === "admitted");
  await identity.revoke("a", "operator");
  assert.equal(identity.checkToken("a", "operator", first.token.reveal()), false);
  assert.ok(changes.some((change) => change.type === "revoked" && change.cause === "revoked" && change.role === "operator"));
  assert.equal((await identity.admit(asking("a", { local: false }))).kind, "wait");
  const repaired = await identity.admit(asking("a"));
  assert.ok(repaired.kind === "admitted");
  assert.notEqual(repaired.token.reveal(), first.token.reveal());
  assert.equal(identity.checkToken("a", "operator", first.token.reveal()), false);
});

test("tokens are bound to device and role", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity } = await open(engine);
  const a = await identity.admit(asking("a"));
  await identity.admit(asking("b"));
  await identity.admit(asking("a", { role: "node", scopes: [] }));
  assert.ok(a.kind === "admitted");
  assert.deepEqual(
    [
      identity.checkToken("a", "operator", a.token.reveal()), identity.checkToken("b", "operator", a.token.reveal()),
      identity.checkToken("a", "node", a.token.reveal()), identity.checkToken("zz", "operator", a.token.reveal()),
    ],
    [true, false, false, false],
  );
});

test("devices outlive the process, are stored sealed when asked, and hold no token (W.5.6)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
  const seal = { seal: (_: string, plain: Uint8Array) => flip(plain), unseal: (_: string, sealed: Uint8Array) => flip(sealed) };
  const before = await open(engine, { seal });
  const admitted = await before.identity.admit(asking("a"));
  assert.ok(admitted.kind === "admitted");
  await before.identity.rename("a", "Kitchen");
  before.identity.seen("a", "connect");
  await before.identity[Symbol.asyncDispose]();
  const stored = (await engine.records.list("devices", "")).map((entry) => Buffer.from(entry.value).toString("latin1")).join();
  assert.equal(stored.includes("key-of-a") || stored.includes(admitted.token.reveal()), false);
  const after = await open(engine, { seal });
  assert.equal(after.identity.checkToken("a", "operator", admitted.token.reveal()), true);
  assert.deepEqual([after.identity.device("a")?.label, after.identity.device("a")?.lastSeenReason], ["Kitchen", "connect"]);
  assert.equal(after.identity.gateway.publicKey, before.identity.gateway.publicKey);
});

test("what one peer revokes or removes is heard by another", async () => {
  await using engine = await openMemoryEngine({ clock });
  const one = await open(engine);
  const two = await open(engine);
  const admitted = await one.identity.admit(asking("a"));
  assert.ok(admitted.kind === "admitted");
  await settle();
  assert.equal(two.identity.checkToken("a", "operator", admitted.token.reveal()), true);
  await one.identity.revoke("a", "operator");
  await settle();
  assert.equal(two.identity.checkToken("a", "operator", admitted.token.reveal()), false);
  await two.identity.rename("a", "after a conflict-free write");
  await two.identity.remove("a");
  await settle();
  assert.equal(one.identity.device("a"), undefined);
  assert.ok(one.changes.some((change) => change.type === "revoked" && change.cause === "removed"));
});

test("two peers writing the same device at once both succeed: the loser reads again", async () => {
  await using engine = await openMemoryEngine({ clock });
  const one = await open(engine);
  await one.identity.admit(asking("a"));
  const two = await open(engine);
  await Promise.all([one.identity.rename("a", "x"), two.identity.admit(asking("a", { role: "node", scopes: [] }))]);
  await settle();
  for (const { identity } of [one, two]) assert.deepEqual(
    [identity.device("a")?.label, Object.keys(identity.device("a")?.roles ?? {}).sort()], ["x", ["node", "operator"]],
  );
});

test("with silent approval switched off this machine's devices wait too", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity } = await open(engine, { autoApproveLocal: () => false });
  assert.equal((await identity.admit(asking("a"))).kind, "wait");
});

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

test("a token lives once: removed, revoked or rotated, it stays dead whatever is paired anew (S4.18, CVE-2026-28472)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity } = await open(engine, { ids: { ...systemIds, random: () => 0.5 } });
  const pair = async (): Promise<Secret> => {
    const admission = await identity.admit(asking("a"));
    assert.ok(admission.kind === "admitted");
    return admission.token;
  };
  const issued: Secret[] = [];
  for (let round = 0; round < 4; round += 1) {
    issued.push(await pair());
    issued.push((await identity.rotate("a", "operator", undefined, ADMIN)).token);
    await identity.revoke("a", "operator");
    issued.push(await pair());
    await identity.remove("a");
  }
  const last = await pair();
  assert.deepEqual(issued.filter((token) => identity.checkToken("a", "operator", token.reveal())), []);
  assert.equal(new Set([...issued, last].map((token) => token.reveal())).size, issued.length + 1);
  assert.equal(identity.checkToken("a", "operator", last.reveal()), true);
});

test("a device that was removed and pairs again gets another token; the ones it had before stay dead (S0.4)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity } = await open(engine);
  const first = await identity.admit(asking("a"));
  assert.ok(first.kind === "admitted");
  const rotated = await identity.rotate("a", "operator", undefined, ADMIN);
  await identity.remove("a");
  const again = await identity.admit(asking("a"));
  assert.ok(again.kind === "admitted");
  for (const old of [first.token, rotated.token]) {
    assert.equal(again.token.equals(old.reveal()), false);
    assert.equal(identity.checkToken("a", "operator", old.reveal()), false);
  }
});

test("a setup code is good for ten minutes and for one device, and leaves nothing on the disk (S4.18, W.5.17)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity, changes } = await open(engine);
  const old = identity.setups.issue("node");
  await clock.advance(600_000);
  assert.equal(identity.setups.find(old.token.reveal()), undefined);
  const { token } = identity.setups.issue("limited");
  const setup = identity.setups.find(token.reveal());
  assert.ok(setup !== undefined);
  assert.deepEqual((await engine.records.list("devices", "")).length, 0);
  const asked = { deviceId: "p", publicKey: "key-of-p", face: {
    clientId: "openclaw-ios", clientMode: "ui",
  }, local: false, role: "node" as const, scopes: [] };
  const admitted = await identity.admitBySetup(asked, setup);
  assert.ok(admitted?.kind === "admitted" && admitted.setup !== undefined);
  assert.equal(identity.checkToken("p", "operator", admitted.further?.[0]?.deviceToken.reveal() ?? ""), true);
  assert.equal(await identity.admitBySetup({ ...asked, deviceId: "q" }, setup), undefined);
  identity.setupEnded(admitted.setup, false);
  assert.equal(identity.setups.status(setup.setupId).deliveryUncertain?.deviceId, "p");
  assert.ok(changes.some((change) => change.type === "setup" && !change.delivered));
  for (let waiting = 0; waiting < 64; waiting += 1) identity.setups.issue("node");
  assert.throws(() => identity.setups.issue("node"), (error) => hasCode(error, "BACKPRESSURE"));
});

test("a token that was rotated, and its device then removed: no token of it is right again, not when it is paired anew "
  + "(W.5.7, W.5.8)", async () => {
  await using engine = await openMemoryEngine({ clock });
  const { identity, changes } = await open(engine);
  const first = await identity.admit(asking("a"));
  assert.ok(first.kind === "admitted");
  const rotated = await identity.rotate("a", "operator", undefined, { ...ADMIN, deviceId: "a", connId: "c1" });
  await identity.remove("a");
  const lost = changes.filter((change) => change.type === "revoked");
  assert.deepEqual(lost.map(({ cause, sparing }) => [cause, sparing]), [["rotated", "c1"], ["removed", undefined]], "it spares nobody");
  const again = await identity.admit(asking("a"));
  assert.ok(again.kind === "admitted");
  const tokens = [first.token, rotated.token, again.token].map((token) => token.reveal());
  assert.equal(new Set(tokens).size, 3);
  assert.deepEqual(tokens.map((token) => identity.checkToken("a", "operator", token)), [false, false, true]);
});
