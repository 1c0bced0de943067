// Commands against a gateway that speaks the real wire and says what the test scripts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXIT, OpenClawError } from "@openclaw/protocol";
import { openclaw, type Said } from "./run-openclaw.testing.ts";
import { openScriptedGateway, type Script, type ScriptedGateway } from "./scripted-gateway.testing.ts";

const TOKEN = "the-right-token";
const NODES = {
  ts: 1,
  nodes: [
    {
      nodeId: "3f2a91bc00000000000000000000000000000000000000000000000000000001", displayName: "pi", platform: "linux",
      version: "1", caps: [], commands: ["system.run", "system.info"], tags: ["gpu", "heavy-compute"], paired: true,
      connected: true, connectedAtMs: 1, approvalState: "approved",
    },
    {
      nodeId: "77d0ffff00000000000000000000000000000000000000000000000000000002", displayName: "laptop", platform: "darwin",
      version: "1", caps: [], commands: [], tags: [], paired: true, connected: false, approvalState: "pending",
    },
  ],
};

async function ask(
  script: Script,
  args: readonly string[],
  environment: Readonly<Record<string,
  string>> = {},
): Promise<Said & { readonly gateway: ScriptedGateway }> {
  await using gateway = await openScriptedGateway(script, { token: TOKEN });
  const said = await openclaw(args, {
    OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: TOKEN, OPENCLAW_STATE_DIR: "/nonexistent",
    ...environment,
  });
  return { ...said, gateway };
}

test("a wrong token and a missing one are named, with the command that shows the right one, and exit with 77", async () => {
  const wrong = await ask({}, ["health"], { OPENCLAW_GATEWAY_TOKEN: "another" });
  assert.equal(wrong.code, EXIT.auth);
  assert.match(
    wrong.stderr,
    /The token is not this gateway's\.\n {2}Next {2}.*openclaw config get gatewayToken\n {2}Code {2}AUTH_TOKEN_MISMATCH/,
  );
  assert.doesNotMatch(wrong.stderr + wrong.stdout, /another/);
  const missing = await ask({}, ["health", "--json"], { OPENCLAW_GATEWAY_TOKEN: "" });
  assert.equal(missing.code, EXIT.auth);
  assert.equal((JSON.parse(missing.stdout) as { error: { code: string } }).error.code, "AUTH_TOKEN_MISSING");
});

test("a connection is the command line's own, and asks for no more than its method needs (S4.4)", async () => {
  const { gateway, stdout, code } = await ask({ "node.list": () => NODES }, ["nodes", "list", "--json"]);
  assert.equal(code, 0);
  const [connect] = gateway.connects;
  assert.deepEqual(connect?.["client"], { id: "cli", mode: "cli", version: "0.1.0", platform: process.platform });
  assert.deepEqual(connect?.["scopes"], ["operator.read"]);
  assert.equal((JSON.parse(stdout) as { nodes: unknown[] }).nodes.length, 2);
});

test("nodes list aligns its columns and says what waits; a tag nobody carries is an error with the tags there are", async () => {
  const listed = await ask({ "node.list": () => NODES }, ["nodes"]);
  const [head = "", first = "", second = ""] = listed.stdout.split("\n");
  assert.equal(head.indexOf("NAME"), first.indexOf("pi"));
  assert.equal(head.indexOf("NAME"), second.indexOf("laptop"));
  assert.match(first, /✓ online.*gpu, heavy-compute/);
  assert.match(second, /▸ waiting/);
  assert.match(listed.stdout, /▸ openclaw nodes pending/);
  const none = await ask({ "node.list": () => NODES }, ["nodes", "list", "--tag", "quantum"]);
  assert.equal(none.code, EXIT.notFound);
  assert.deepEqual(none.stderr.trimEnd().split("\n"), [
    "✗ No node carries this tag.", "  Tags here: gpu, heavy-compute.",
    "  Next  Start one: openclaw node start --tags=quantum", "  Code  NODE_TAG_NONE",
  ]);
});

test("a node is found by name or the beginning of its id; an unknown one lists those there are", async () => {
  const script: Script = {
    "node.list": () => NODES,
    "node.invoke": ({ params }) => ({
      ok: true, nodeId: params["nodeId"], command: params["command"],
      payload: { exitCode: 3, success: false, stdout: "half\n", stderr: "no\n", timedOut: false },
    }),
  };
  for (const name of ["PI", "3f2a91"]) {
    const { gateway, stdout, stderr, code } = await ask(script, [
      "nodes", "invoke", "--node", name, "--command", "system.run", "--params", '{"command":["false"]}',
    ]);
    const sent = gateway.requests.find((request) => request.method === "node.invoke")?.params as Record<string, unknown>;
    assert.equal(sent["nodeId"], NODES.nodes[0]?.nodeId);
    assert.deepEqual([sent["params"], stdout, code], [{ command: ["false"] }, "half\nno\n", 1]);
    assert.match(stderr, /exit code 3/);
  }
  assert.equal((await ask(script, ["nodes", "invoke", "--node", "pi", "--command", "system.run", "--propagate"])).code, 3);
  const unknown = await ask(script, ["nodes", "describe", "pi2"]);
  assert.equal(unknown.code, EXIT.notFound);
  assert.match(
    unknown.stderr,
    /There is no node of that name\.\n {2}"pi2" is none of the nodes: pi, laptop\.\n {2}Next {2}Run: openclaw nodes list/,
  );
});

test("what a node calls itself cannot move the cursor", async () => {
  const evil = { ...NODES.nodes[0], displayName: "pi\u001b[2J\u202egnp" };
  const { stdout } = await ask({ "node.list": () => ({ nodes: [evil] }) }, ["nodes", "list"]);
  assert.match(stdout, /pi\\x1b\[2J\\u202egnp/);
  assert.doesNotMatch(stdout, /[\u001b\u202e]/);
});

test("a gateway that is starting is waited for", async () => {
  await using gateway = await openScriptedGateway({ health: () => ({ ok: true, ts: 1, durationMs: 0 }) }, { startingFor: 2 });
  const said = await openclaw(["health"], { OPENCLAW_GATEWAY_PORT: String(gateway.port) });
  assert.equal(said.code, 0);
  assert.equal(gateway.connects.length, 3);
  assert.match(said.stdout, /^✓ The gateway is well/);
});

test("the gateway's refusal keeps its sentence, code and exit code", async () => {
  const said = await ask({ "sessions.delete": () => { throw new OpenClawError("SESSION_PROTECTED"); } }, [
    "sessions", "delete", "main", "--yes",
  ]);
  assert.equal(said.code, EXIT.conflict);
  assert.match(said.stderr, /✗ The main session cannot be deleted\.\n.*Reset it instead.*\n {2}Code {2}SESSION_PROTECTED/);
});

test("all of an output is written page by page, and nothing in it can hide (S4.29)", async () => {
  const text = "one\ntwo\u001b[2J\nthree\n";
  const { stdout, code, gateway } = await ask({
    "sessions.output": ({ params }) => {
      const { id, offset } = params as { readonly id: string; readonly offset: number };
      const end = Math.min(text.length, offset + 6);
      return { id, offset, end, chars: text.length, text: text.slice(offset, end) };
    },
  }, ["sessions", "output", "main", "3fe1c0a97b52"]);
  assert.deepEqual([code, stdout, gateway.requests.length], [0, "one\ntwo\\x1b[2J\nthree\n", 3]);
});

test("what cannot be undone is not done where nobody can be asked, unless --yes", async () => {
  const script: Script = { "sessions.delete": () => ({ ok: true, key: "x", deleted: true }) };
  const asked = await ask(script, ["sessions", "delete", "agent:main:old"]);
  assert.equal(asked.code, EXIT.usage);
  assert.match(asked.stderr, /nobody is here to ask\.\n {2}Next {2}Add --yes/);
  assert.equal(asked.gateway.requests.length, 0);
  assert.equal((await ask(script, ["-y", "sessions", "delete", "agent:main:old"])).code, 0);
});

test("approvals show the exact argv, where, why and from where, and are answered by id or its beginning (S4.25)", async () => {
  const approval = {
    id: "0k3vabcdefghijklmnopqr", createdAtMs: Date.now() - 5_000, expiresAtMs: Date.now() + 60_000,
    request: {
      command: "rm -rf x", commandArgv: ["rm", "-rf", "my files"], nodeName: "pi", nodeId: "3f", cwd: "/srv", agentId: "main",
      sessionKey: "agent:main:main", warningText: "It changes files.", labels: ["owner", "outside"],
    },
  };
  const script: Script = { "exec.approval.list": () => [approval], "exec.approval.resolve": () => ({ ok: true }) };
  const listed = await ask(script, ["approvals"]);
  for (const part of [
    'rm -rf "my files"', "pi  in /srv", "It changes files.", "owner, outside", `openclaw approvals allow ${approval.id}`,
  ]) assert.ok(listed.stdout.includes(part), part);
  for (const [args, decision] of [
    [["allow", "0k3v"], "allow-once"], [["allow", approval.id, "--session"], "allow-always"], [["deny", "0k3vab"], "deny"],
  ] as const) {
    const { gateway, code } = await ask(script, ["approvals", ...args]);
    assert.deepEqual([gateway.requests.at(-1)?.params, code], [{ id: approval.id, decision }, 0]);
  }
});

test("nodes approve asks for exactly the scopes the request lists", async () => {
  const waiting = {
    requestId: "r1", nodeId: "77d0", displayName: "laptop", platform: "darwin", commands: ["system.run"],
    requiredApproveScopes: ["operator.pairing", "operator.admin"], ts: Date.now(),
  };
  const { gateway, stdout } = await ask(
    { "node.pair.list": () => ({ pending: [waiting], paired: [] }), "node.pair.approve": () => ({ requestId: "r1", node: {} }) },
    ["nodes", "approve", "laptop"],
  );
  assert.deepEqual(gateway.requests.at(-1), {
    method: "node.pair.approve", params: { requestId: "r1" }, scopes: ["operator.pairing", "operator.admin"],
  });
  assert.match(stdout, /laptop may now be asked for system\.run/);
});

test("logs filters by level and shows records as lines", async () => {
  const lines = [
    { level: "info", event: "turn.started", sessionKey: "main", time: 0 }, { level: "warn", event: "node.lost", nodeId: "3f" },
  ].map((line) => JSON.stringify(line));
  const script: Script = { "logs.tail": () => ({ file: "f", cursor: 1, size: 1, lines }) };
  const warned = await ask(script, ["logs", "--level", "warn"]);
  assert.equal(warned.stdout, " warn  node.lost nodeId=3f\n");
  assert.equal((JSON.parse((await ask(script, ["logs", "--json"])).stdout) as { lines: unknown[] }).lines.length, 2);
});

test("gateway call passes parameters on and prints the payload", async () => {
  const { gateway, stdout, code } = await ask({ "chat.history": () => ({ messages: [] }) }, [
    "gateway", "call", "chat.history", "--params", '{"sessionKey":"main"}',
  ]);
  assert.deepEqual([JSON.parse(stdout), code], [{ messages: [] }, 0]);
  assert.deepEqual(gateway.requests, [{ method: "chat.history", params: { sessionKey: "main" }, scopes: ["operator.read"] }]);
});

test("status says what runs and what waits", async () => {
  const { stdout, code } = await ask({
    status: () => ({ runtimeVersion: "1", pid: 42, sessions: { count: 2, recent: [] }, processMemory: { rss: 61_000_000 } }),
    "node.list": () => NODES, "agents.list": () => ({ agents: [{ id: "main", model: { primary: "demo/demo" } }] }),
    "exec.approval.list": () => [{ id: "a" }],
  }, ["status"]);
  assert.equal(code, 0);
  for (const part of [
    "OpenClaw 9.9.9", "1 min  pid 42  61.0 MB", "main (demo/demo)", "1 online of 2: pi",
    "1 approval waits for you: openclaw approvals list", "1 waits for you: openclaw nodes pending",
  ]) assert.ok(stdout.includes(part), `${part} in\n${stdout}`);
});

test("a conversation that does not exist is not read as an empty one, nor said to begin anew (S4.25)", async () => {
  const script: Script = {
    "chat.history": () => ({ messages: [] }), "sessions.describe": () => ({ session: null }),
    "sessions.reset": () => ({ ok: true, entry: {} }),
  };
  const unknown = await ask(script, ["sessions", "history", "nobody"]);
  assert.deepEqual([unknown.code, /No conversation is called nobody/.test(unknown.stderr)], [EXIT.notFound, true], unknown.stderr);
  assert.match((await ask(script, ["sessions", "history", "main"])).stdout, /Nothing was said here yet/);
  assert.match((await ask(script, ["sessions", "reset", "nobody"])).stdout, /There was no nobody/);
});
