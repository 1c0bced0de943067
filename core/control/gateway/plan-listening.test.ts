import test from "node:test";
import assert from "node:assert/strict";
import { hasCode } from "@openclaw/protocol";
import { readSource } from "./client-source.ts";
import { createNetworkMatch, isPrivateAddress, isTailnetAddress } from "./networks.ts";
import { planListening, type ListenWish } from "./plan-listening.ts";

const OWN = ["127.0.0.1", "192.168.1.9", "100.101.102.103", "fe80::1"];
const plan = (wish: Partial<ListenWish>, own = OWN): ReturnType<typeof planListening> =>
  planListening({ authMode: "token", trustedProxies: [], ...wish }, own);
const refusal = (wish: Partial<ListenWish>, own = OWN): unknown => {
  try {
    plan(wish, own);
  } catch (error) {
    return hasCode(error, "BIND_REFUSED") ? "BIND_REFUSED" : error;
  }
  return "allowed";
};

test("nothing said listens on this machine only, without TLS (S4.40)", () => {
  assert.deepEqual(plan({}), { hosts: ["127.0.0.1"], beyondLoopback: false, tls: false });
  assert.deepEqual(plan({ bind: "auto" }), { hosts: ["127.0.0.1"], beyondLoopback: false, tls: false });
  assert.equal(plan({ tls: { enabled: true } }).tls, true);
});

test("each bind mode listens where its name says, and on loopback besides (S4.36)", () => {
  assert.deepEqual(plan({ bind: "lan" }).hosts, ["0.0.0.0"]);
  assert.deepEqual(plan({ bind: "tailnet" }).hosts, ["127.0.0.1", "100.101.102.103"]);
  assert.deepEqual(plan({ bind: "custom", customBindHost: "192.168.1.9" }).hosts, ["127.0.0.1", "192.168.1.9"]);
  assert.deepEqual(plan({ bind: "auto" }, ["10.0.0.3"]), { hosts: ["0.0.0.0"], beyondLoopback: true, tls: true });
  assert.equal(refusal({ bind: "tailnet" }, ["127.0.0.1"]), "BIND_REFUSED");
  assert.equal(refusal({ bind: "custom" }), "BIND_REFUSED");
  assert.equal(refusal({ bind: "custom", customBindHost: "desk.local" }), "BIND_REFUSED");
});

test("beyond loopback there is no gateway without a secret, and none that can be overheard (S4.41)", () => {
  for (const bind of ["lan", "tailnet"] as const) {
    assert.equal(plan({ bind }).tls, true, "TLS is on unless said otherwise");
    assert.equal(refusal({ bind, authMode: "none" }), "BIND_REFUSED");
    assert.equal(refusal({ bind, tls: { enabled: false } }), "BIND_REFUSED");
    assert.equal(plan({ bind, tls: { enabled: false, plainBeyondLoopback: true } }).tls, false);
    assert.equal(plan({ bind, authMode: "password" }).beyondLoopback, true);
  }
  assert.equal(refusal({ bind: "auto", authMode: "none" }, ["10.0.0.3"]), "BIND_REFUSED", "auto without loopback");
  assert.equal(refusal({ authMode: "trusted-proxy" }), "BIND_REFUSED", "a mode that would believe nobody");
  assert.equal(refusal({ authMode: "none" }), "allowed", "private ingress: this machine only");
});

test("addresses match networks as people write them; what is no address matches nothing (S4.41)", () => {
  const match = createNetworkMatch(["10.0.0.0/8", "192.168.1.7", "fd00::/8", "nonsense", "1.2.3.4/99"]);
  for (const address of ["10.255.0.1", "::ffff:10.0.0.1", "192.168.1.7", "fd12::1"]) assert.equal(match(address), true, address);
  for (const address of ["11.0.0.1", "192.168.1.8", "fe80::1", "nonsense", "", "1.2.3.4"]) assert.equal(match(address), false, address);
  assert.deepEqual([isTailnetAddress("100.64.0.1"), isTailnetAddress("100.128.0.1")], [true, false]);
  assert.deepEqual([isPrivateAddress("172.31.0.1"), isPrivateAddress("172.32.0.1")], [true, false]);
});

test("forwarding headers count from a trusted proxy only, and from its end of the list (S4.41)", () => {
  const trusted = createNetworkMatch(["10.0.0.0/8"]);
  const source = (peer: string, headers: Record<string, string>): unknown => readSource(peer, headers, trusted);
  const forged = { "x-forwarded-for": "127.0.0.1" };
  assert.deepEqual(source("203.0.113.5", forged), { address: "203.0.113.5", peer: "203.0.113.5", local: false, trustedProxy: false });
  assert.deepEqual(
    source("10.0.0.2", { "x-forwarded-for": "127.0.0.1, 198.51.100.7, 10.0.0.9" }),
    { address: "198.51.100.7", peer: "10.0.0.2", local: false, trustedProxy: true }, "what stands further left is the client's own word",
  );
  assert.equal(source("10.0.0.2", {}), "unattributed");
  assert.equal(source("10.0.0.2", { "x-forwarded-for": "me" }), "unattributed");
  assert.deepEqual(source("127.0.0.1", {}), { address: "127.0.0.1", peer: "127.0.0.1", local: true, trustedProxy: false });
  assert.equal((
    source("::ffff:127.0.0.1", { forwarded: "for=1.2.3.4" }) as { local: boolean }
  ).local, false, "passed on: not this machine's own program");
});
