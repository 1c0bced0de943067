// A person uses a gateway elsewhere from this machine: a setup code, and nothing else.
import test from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openRealGateway } from "../testkit/real-gateway.ts";

test("connect --operator: a code makes this machine a person's device over TLS; commands reach that gateway without a token, with what "
  + "the code gave and no more, until it is revoked (S0.43, S4.18, W.3.12, W.3.13, W.5.9, W.5.17)", async (t) => {
  const gateway = await openRealGateway({ bare: true, config: { gateway: { tls: { enabled: true } } } });
  t.after(() => gateway.dispose());
  const codeFor = async (profile: string): Promise<string> => (JSON.parse(
    (await gateway.cli(["devices", "join-code", "--for", profile, "--json"])).stdout,
  ) as { setupCode: string }).setupCode;
  const env = { OPENCLAW_STATE_DIR: join(gateway.home, "laptop"), OPENCLAW_GATEWAY_PORT: "" };
  const there = async (...args: readonly string[]) => await gateway.cli([...args, "--json"], { env });

  const node = await there("connect", await codeFor("node"), "--operator");
  assert.match(node.stdout, /AUTH_SCOPE_MISMATCH/, "a node's code is no person's");
  const code = await codeFor("limited");
  const own = await gateway.cli(["connect", code, "--operator", "--json"], { env: { OPENCLAW_GATEWAY_PORT: "" } });
  assert.equal(own.code, 2);
  assert.match(own.stdout, /a gateway of its own[^]*--profile/);
  const joined = await there("connect", code, "--operator", "--name", "laptop");
  assert.equal(joined.code, 0, `refused before, the code is still good: ${joined.stdout}`);
  assert.match((await there("connect", code, "--operator")).stdout, /AUTH_BOOTSTRAP_TOKEN_INVALID/, "single use");

  const status = await there("status");
  assert.equal(status.code, 0, status.stdout + status.stderr);
  assert.ok(status.stdout.includes(`https://127.0.0.1:${gateway.port}`));
  assert.match((await there("devices", "list")).stdout, /AUTH_SCOPE_MISMATCH/, "administration was not given");
  const text = await readFile(join(gateway.home, "laptop", "openclaw.json"), "utf8");
  assert.doesNotMatch(text, /token"?\s*:/i, "no secret stands in the file");
  const second = await there("connect", await codeFor("limited"), "--operator", "--name", "laptop");
  assert.equal(second.code, 0, `the same gateway again: ${second.stdout}`);

  const ended = await gateway.cli(["devices", "revoke", "--device", "laptop", "--role", "operator", "--json"]);
  assert.equal(ended.code, 0, ended.stdout);
  const revoked = await there("status");
  assert.equal(revoked.code, 77);
  assert.match(revoked.stdout, /AUTH_DEVICE_TOKEN_MISMATCH/);
  const full = await there("connect", await codeFor("full"), "--operator", "--name", "laptop");
  assert.equal(full.code, 0, full.stdout);
  const listed = await there("devices", "list");
  assert.equal(listed.code, 0, listed.stdout);
  assert.match(listed.stdout, /"laptop"/, "a code for everything gives everything");
});
