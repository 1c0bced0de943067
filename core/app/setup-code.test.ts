import test from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@openclaw/protocol";
import { systemClock } from "../base/clock.ts";
import { knownFingerprint, rememberGateway } from "./known-gateways.ts";
import { parseSetupCode } from "./setup-code.ts";
import { UsageError } from "./terminal/usage-error.ts";

const encode = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString("base64url");

test("a setup code is read in both its forms, with every address it names and the certificate it pins (S4.18)", () => {
  const code = encode({
    url: "wss://10.0.0.2:18789", urls: ["wss://10.0.0.2:18789", "wss://desk.tail1.ts.net", "file:///etc/passwd", 7],
    bootstrapToken: "secret", expiresAtMs: systemClock.now() + 1_000, tlsFingerprint: `SHA256:${"AB:".repeat(31)}AB`,
  });
  for (const text of [code, `oc-pair://${code}`, ` oc-pair://${code}/ `]) {
    const parsed = parseSetupCode(text, systemClock);
    assert.deepEqual(parsed.urls, ["wss://10.0.0.2:18789", "wss://desk.tail1.ts.net"]);
    assert.deepEqual([parsed.tlsFingerprint, parsed.bootstrapToken.reveal()], ["ab".repeat(32), "secret"]);
  }
});

test("what is no setup code is a usage error, and an old one says where to get another (S4.18)", () => {
  for (const text of [
    "", "nonsense", encode({}), encode({ url: "wss://x" }), encode({ url: "http://x", bootstrapToken: "y" }), "x".repeat(9_000),
  ]) {
    assert.throws(() => parseSetupCode(text, systemClock), UsageError, text.slice(0, 20));
  }
  const old = encode({ url: "wss://x", bootstrapToken: "y", expiresAtMs: 1 });
  assert.throws(() => parseSetupCode(old, systemClock), (error) => hasCode(error, "PAIRING_REQUIRED"));
});

test("a certificate that a person took for right is known again at its address only (S0.43)", async () => {
  const dir = await mkdtemp(join(tmpdir(), "known-gateways-"));
  assert.equal(await knownFingerprint(dir, "wss://10.0.0.2:18789"), undefined);
  await rememberGateway(dir, "wss://10.0.0.2:18789", "ab".repeat(32));
  assert.equal(await knownFingerprint(dir, "wss://10.0.0.2:18789/"), "ab".repeat(32));
  assert.equal(await knownFingerprint(dir, "wss://10.0.0.2:18790"), undefined);
  assert.equal((await stat(join(dir, "known-gateways.json"))).mode & 0o777, 0o600);
  await writeFile(join(dir, "known-gateways.json"), "{ damaged");
  assert.equal(await knownFingerprint(dir, "wss://10.0.0.2:18789"), undefined);
});
