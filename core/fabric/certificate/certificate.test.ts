import test from "node:test";
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { fingerprintWords, parseFingerprint, sameFingerprint } from "./fingerprint.ts";
import { loadCertificate, rotateCertificate, type CertificateDeps } from "./load-certificate.ts";

const NAMES = ["localhost", "desk.local", "127.0.0.1", "::1", "fe80::1:2", "192.168.7.9"];

async function makeDeps(): Promise<CertificateDeps> {
  return { credentialsDir: await mkdtemp(join(tmpdir(), "certificate-")), clock: systemClock, ids: systemIds, names: NAMES };
}

test("the certificate is one the platform's own parser verifies, for the names and addresses it was made for (S0.43)", async () => {
  const deps = await makeDeps();
  const made = await loadCertificate(deps);
  const parsed = new X509Certificate(made.certificate);
  assert.equal(parsed.verify(parsed.publicKey), true, "signed by its own key");
  assert.equal(parsed.checkPrivateKey(createPrivateKey(made.key)), true);
  assert.equal(parsed.ca, false);
  assert.equal(parsed.checkHost("desk.local"), "desk.local");
  assert.equal(parsed.checkHost("elsewhere.local"), undefined);
  for (const ip of ["127.0.0.1", "::1", "fe80::1:2", "192.168.7.9"]) assert.equal(parsed.checkIP(ip), ip);
  assert.deepEqual(parsed.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  assert.equal(parseFingerprint(parsed.fingerprint256), made.fingerprint);
  assert.ok(Date.parse(parsed.validFrom) < Date.now() && made.validUntilMs > Date.now() + 9 * 365 * 86_400_000);
});

test("it is kept where only the owner reads it, stays the same, and changes only when rotated (S0.43)", async () => {
  const deps = await makeDeps();
  const first = await loadCertificate(deps);
  const path = join(deps.credentialsDir, "gateway-tls.pem");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await loadCertificate(deps), first);
  const second = await rotateCertificate(deps);
  assert.notEqual(second.fingerprint, first.fingerprint);
  assert.notEqual(second.key, first.key);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await loadCertificate(deps), second);
  await chmod(path, 0o644);
  await assert.rejects(loadCertificate(deps), (error) => hasCode(error, "STATE_UNSAFE"));
});

test("a fingerprint is known in every way it is written, and people compare five words that can be said (S0.43)", () => {
  const bare = "0f".repeat(32);
  const colons = `SHA256:${Array.from({ length: 32 }, () => "0F").join(":")}`;
  assert.equal(parseFingerprint(colons), bare);
  assert.equal(sameFingerprint(colons, bare), true);
  assert.equal(sameFingerprint(colons, `${bare.slice(0, -1)}e`), false);
  assert.equal(parseFingerprint("0f0f"), undefined);
  const words = fingerprintWords(colons);
  assert.equal(words.length, 5);
  for (const word of words) assert.match(word, /^[bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]$/);
  assert.deepEqual(fingerprintWords(bare), words);
  assert.notDeepEqual(fingerprintWords("1f".repeat(32)), words);
});
