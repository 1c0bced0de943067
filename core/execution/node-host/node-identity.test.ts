import assert from "node:assert/strict";
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { temporaryDirectory } from "./host-for-test.ts";
import { loadNodeIdentity, saveDeviceToken } from "./node-identity.ts";

test("an identity is made once, kept private, and the same at every start", async () => {
  const dir = temporaryDirectory();
  const first = await loadNodeIdentity(dir);
  await saveDeviceToken(dir, new Secret("device-token"));
  const second = await loadNodeIdentity(dir);
  assert.equal(second.deviceId, first.deviceId);
  assert.equal(second.sign("text"), first.sign("text"));
  assert.equal(second.deviceToken?.reveal(), "device-token");
  assert.match(first.deviceId, /^[0-9a-f]{64}$/);
  for (const file of ["identity.json", "device-token"]) assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
  assert.ok(!JSON.stringify(second).includes("device-token"));
  rmSync(dir, { recursive: true });
});

test("a key that others can read, or that is none, is refused", async () => {
  const dir = temporaryDirectory();
  await loadNodeIdentity(dir);
  chmodSync(join(dir, "identity.json"), 0o644);
  await assert.rejects(loadNodeIdentity(dir), (error) => hasCode(error, "STATE_UNSAFE"));
  writeFileSync(join(dir, "identity.json"), "{}");
  chmodSync(join(dir, "identity.json"), 0o600);
  await assert.rejects(loadNodeIdentity(dir), (error) => hasCode(error, "STATE_DAMAGED"));
  rmSync(dir, { recursive: true });
});
