// Pairing and starting this machine as a node, with the real node host, against a scripted gateway.
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT, formatDeviceProof, NODE_COMMANDS } from "@openclaw/protocol";
import { openclaw, startOpenClaw } from "./run-openclaw.testing.ts";
import { openScriptedGateway, type Script } from "./scripted-gateway.testing.ts";

const TOKEN = "the-shared-token-that-is-spent";

interface NodeHello {
  readonly role: string;
  readonly commands: string[];
  readonly tags?: string[];
  readonly auth: { readonly token?: string; readonly deviceToken?: string };
  readonly client: { readonly id: string; readonly mode: string; readonly platform: string; readonly displayName: string };
  readonly device: {
    readonly id: string;
    readonly publicKey: string;
    readonly signature: string;
    readonly signedAt: number;
    readonly nonce: string
  };
}

async function withDir(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-node-"));
  try {
    await use(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Lists one pending surface for whatever node connected last. */
function pairingScript(seen: { node?: NodeHello }): Script {
  return {
    "node.pair.list": () => ({
      pending: [
        {
          requestId: "r1", nodeId: seen.node?.device.id, commands: seen.node?.commands,
          requiredApproveScopes: ["operator.pairing", "operator.write", "operator.admin"], ts: 1,
        },
      ],
      paired: [],
    }),
    "node.pair.approve": () => ({ requestId: "r1", node: {} }),
    "node.event": () => ({ ok: true, event: "x", handled: true }),
  };
}

test("pairing proves a key, spends the token, approves the node and says what was granted (S0.35, S0.48)", () => withDir(async (dir) => {
  const seen: { node?: NodeHello } = {};
  await using gateway = await openScriptedGateway(pairingScript(seen), { token: TOKEN });
  const nodeHello = (): NodeHello => gateway.connects.find((connect) => connect["role"] === "node") as unknown as NodeHello;
  Object.defineProperty(seen, "node", { get: nodeHello });
  const said = await openclaw(
    ["node", "pair", "--url", `http://127.0.0.1:${gateway.port}`, "--token", TOKEN, "--name", "pi"],
    { OPENCLAW_NODE_DIR: dir },
  );
  assert.equal(said.code, 0, said.stderr);

  const hello = nodeHello();
  const proof = formatDeviceProof({
    deviceId: hello.device.id, clientId: "node-host", clientMode: "node", role: "node", scopes: [],
    signedAtMs: hello.device.signedAt, token: TOKEN, nonce: hello.device.nonce, platform: hello.client.platform,
  });
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: hello.device.publicKey } });
  assert.ok(verify(null, Buffer.from(proof), key, Buffer.from(hello.device.signature, "base64url")));
  assert.equal(hello.device.id, createHash("sha256").update(Buffer.from(hello.device.publicKey, "base64url")).digest("hex"));
  assert.deepEqual(gateway.requests.at(-1), {
    method: "node.pair.approve", params: { requestId: "r1" }, scopes: ["operator.pairing", "operator.write", "operator.admin"],
  });

  assert.match(said.stdout, /✓ This machine is now the node pi of http:\/\/127\.0\.0\.1/);
  for (const [command, { summary }] of Object.entries(NODE_COMMANDS)) assert.ok(
    said.stdout.includes(command) && said.stdout.includes(summary),
    command,
  );

  for (const name of await readdir(dir)) {
    const file = join(dir, name);
    assert.equal((await stat(file)).mode & 0o077, 0, name);
    assert.doesNotMatch(await readFile(file, "utf8"), new RegExp(TOKEN), `${name} holds the gateway's token`);
  }
  assert.doesNotMatch(said.stdout + said.stderr, new RegExp(TOKEN));
}));

test("a node that cannot be paired leaves nothing that looks like a pairing", () => withDir(async (dir) => {
  await using gateway = await openScriptedGateway({}, { token: TOKEN });
  const environment = {
    OPENCLAW_NODE_DIR: dir, OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_STATE_DIR: join(dir, "no-gateway-here"),
  };
  const wrong = await openclaw(["node", "pair", "--token", "wrong"], environment);
  assert.equal(wrong.code, EXIT.auth);
  assert.match(wrong.stderr, /AUTH_TOKEN_MISMATCH/);
  const none = await openclaw(["node", "pair"], environment);
  assert.match(none.stderr, /AUTH_TOKEN_MISSING/);
  const start = await openclaw(["node", "start"], environment);
  assert.equal(start.code, EXIT.auth);
  assert.match(start.stderr, /holds no pairing\.\n {2}Next {2}openclaw node pair --url URL --token TOKEN/);
}));

test("node start comes online with its tags and its own token, and Ctrl-C ends it with 0 (S0.36, S0.37)", () => withDir(async (dir) => {
  const seen: { node?: NodeHello } = {};
  await using gateway = await openScriptedGateway(pairingScript(seen));
  Object.defineProperty(seen, "node", { get: () => gateway.connects.find((connect) => connect["role"] === "node") });
  const environment = { OPENCLAW_NODE_DIR: dir, OPENCLAW_STATE_DIR: join(dir, "no-gateway-here") };
  assert.equal((await openclaw(["node", "pair", "--url", `http://127.0.0.1:${gateway.port}`, "--token", TOKEN], environment)).code, 0);
  const running = startOpenClaw(["node", "start", "--tags=gpu,heavy-compute", "--allow-dir", "/srv"], environment);
  await running.saw("Online");
  const hello = gateway.connects.at(-1) as unknown as NodeHello;
  assert.deepEqual([hello.tags, hello.auth], [["gpu", "heavy-compute"], { deviceToken: "device-token-of-the-node" }]);
  running.kill("SIGINT");
  const said = await running.done;
  assert.equal(said.code, 0, said.stderr);
  for (const part of ["gpu, heavy-compute", "/srv", "✓ Online"]) assert.ok(said.stdout.includes(part), part);
}));

test("a tag that could not be matched is refused before the node starts", async () => {
  const said = await openclaw(["node", "start", "--tags", "two words"], { OPENCLAW_NODE_DIR: "/nonexistent/node" });
  assert.equal(said.code, EXIT.usage);
  assert.match(said.stderr, /"two words" cannot be a tag/);
});
