/**
 * The command line on the real program: one JSON document from every command, and a plain sentence, a code and an exit code for every
 * failure.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS, EXIT, type ErrorCode } from "@openclaw/protocol";
import { freePort, openRealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The one document a command printed; anything before or after it is a failure. */
function documentOf(said: Said, what: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(said.stdout) as Readonly<Record<string, unknown>>;
  } catch {
    assert.fail(`${what} did not print one JSON document: ${said.stdout}${said.stderr}`);
  }
}

/** A failure in both forms: the document with code and next step, and the words a person reads, with the same exit code. */
function assertFailure(words: Said, document: Said, code: ErrorCode, what: string): void {
  const { ok, error } = documentOf(document, what) as {
    readonly ok: boolean; readonly error: { readonly code: string; readonly message: string; readonly next: string },
  };
  assert.deepEqual([ok, error.code], [false, code], what);
  assert.equal(document.code, ERRORS[code].exit, what);
  assert.equal(words.code, document.code, what);
  assert.equal(words.stdout, "", `${what}: stdout is for answers`);
  assert.match(words.stderr, new RegExp(`Code  ${code}`), what);
  assert.match(words.stderr, /^\S .*[.:]$/m, `${what}: a sentence`);
  assert.match(words.stderr, /Next  \S/, what);
  assert.ok(error.next.length > 5 && error.message.length > 5);
}

test("every command answers with one JSON document when asked to, and in words otherwise (S0.33, S0.34, S4.4)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far", tags: ["gpu"] });
  t.after(() => node.dispose());
  const env = { OPENCLAW_NODE_DIR: node.nodeDir };
  const invoke = ["nodes", "invoke", "--node", "far", "--command"];
  const commands: readonly (readonly string[])[] = [
    ["health"], ["status"], ["gateway", "status"], ["gateway", "call", "agents.list"], ["config", "get"], ["config", "get", "gatewayToken"],
    ["config", "get", "gateway.port"], ["agent", "--message", "how busy is this machine?"], ["sessions", "list"],
    ["sessions", "history", "main"], ["nodes", "list"], ["nodes", "list", "--tag", "gpu"], ["nodes", "describe", "far"],
    [...invoke, "system.info"], [...invoke, "system.run", "--params", '{"command":["uptime"]}'], ["nodes", "pending"], ["node", "status"],
    ["devices", "list"], ["approvals", "list"], ["logs", "--limit", "5"], ["sessions", "reset", "main"], ["--version"], ["--help"],
    ["nodes", "invoke", "--help"], ["config", "set", "session.turnsWaitingMax", "30"],
  ];
  for (const command of commands) {
    const what = command.join(" ");
    const [words, document] = [await gateway.cli(command, { env }), await gateway.cli([...command, "--json"], { env })];
    assert.equal(document.code, EXIT.ok, `${what}: ${document.stdout}${document.stderr}`);
    const printed = documentOf(document, what);
    if (!/^(config get|gateway call)/.test(what)) assert.equal(printed["ok"], true, `${what}: ${document.stdout}`);
    assert.equal(words.code, EXIT.ok, `${what}: ${words.stderr}`);
    assert.notEqual(words.stdout.trim(), "", what);
  }
  const followed = await gateway.cli(["logs", "--follow", "--json"], { env, until: /\n.*\n/ });
  for (const line of followed.stdout.slice(0, followed.stdout.lastIndexOf("\n")).split("\n")) assert.equal(
    typeof (JSON.parse(line) as { event: unknown }).event, "string", "a line each",
  );
  // Those that cannot be said twice: each once, as a document.
  const once = [["nodes", "rename", "far", "near"], ["nodes", "remove", "near", "--yes"], ["sessions", "delete", "agent:main:x", "--yes"]];
  for (const command of once) {
    const document = await gateway.cli([...command, "--json"], { env });
    assert.equal(document.code, EXIT.ok, `${command.join(" ")}: ${document.stdout}`);
    assert.equal(documentOf(document, command.join(" "))["ok"], true, command.join(" "));
  }
});

test("no gateway, another program on the port, a wrong port, a wrong token: each its sentence, its code and its exit code "
  + "(S0.48, S4.20)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const other = createServer((_, response) => response.end("hello"));
  other.listen(0, "127.0.0.1");
  t.after(() => other.close());
  const nobody = String(await freePort());
  const somebody = String((other.address() as { port: number }).port);
  const both = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<[Said, Said]> => [
    await gateway.cli(args, { env }), await gateway.cli([...args, "--json"], { env }),
  ];

  assertFailure(...await both(["status", "--port", nobody]), "GATEWAY_UNREACHABLE", "wrong port");
  assertFailure(...await both(["health"], { OPENCLAW_GATEWAY_PORT: nobody }), "GATEWAY_UNREACHABLE", "wrong port in the environment");
  const stranger = await both(["status", "--port", somebody]);
  assertFailure(...stranger, "GATEWAY_UNREACHABLE", "another program");
  assert.match(stranger[0].stderr, /not a gateway/);
  assertFailure(...await both(["status", "--token", "not-the-token-of-this-gateway"]), "AUTH_TOKEN_MISMATCH", "wrong token");
  assertFailure(
    ...await both(["status"], { OPENCLAW_GATEWAY_TOKEN: "not-the-token-of-this-gateway" }), "AUTH_TOKEN_MISMATCH",
    "wrong token in the environment",
  );
  const home = await mkdtemp(join(tmpdir(), "openclaw-empty-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const unpaired = await both(["node", "start"], { OPENCLAW_NODE_DIR: join(home, "node") });
  assertFailure(...unpaired, "PAIRING_REQUIRED", "a node that was never paired");
  const far = await gateway.cli(["status", "--url", "http://gateway.example:18789", "--json"]);
  assert.equal(far.code, EXIT.usage, "a token never travels unencrypted to another machine");
  await gateway.stop();
  assertFailure(...await both(["agent", "--message", "hello"]), "GATEWAY_UNREACHABLE", "a gateway that was stopped");
});

test("unknown node, no node with that tag, a node that is away, unknown approval, session, agent, command, option "
  + "(S0.36, S4.11)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far", tags: ["gpu"] });
  t.after(() => node.dispose());
  const both = async (...args: readonly string[]): Promise<[Said, Said]> => [
    await gateway.cli(args), await gateway.cli([...args, "--json"]),
  ];
  const run = ["--command", "system.run", "--params", '{"command":["uptime"]}'];

  const unknown = await both("nodes", "invoke", "--node", "fra", ...run);
  assertFailure(...unknown, "NODE_UNKNOWN", "unknown node");
  assert.match(unknown[0].stderr, /far/, "says which there are");
  const tagless = await both("nodes", "list", "--tag", "tpu");
  assertFailure(...tagless, "NODE_TAG_NONE", "no node with that tag");
  assert.match(tagless[0].stderr, /gpu/, "says which tags there are");
  assertFailure(...await both("nodes", "describe", "nobody"), "NODE_UNKNOWN", "unknown node");
  assertFailure(
    ...await both("nodes", "invoke", "--node", "far", "--command", "camera.snap"), "NODE_COMMAND_NOT_ALLOWED", "a command it does not have",
  );
  assertFailure(
    ...await both("nodes", "invoke", "--node", "far", "--command", "system.run", "--params", "{}"), "PARAMS_INVALID",
    "parameters that do not fit",
  );
  await node.stop();
  assertFailure(...await both("nodes", "invoke", "--node", "far", ...run), "NODE_OFFLINE", "a node that is away");
  assertFailure(...await both("approvals", "allow", "none"), "APPROVAL_NOT_FOUND", "unknown approval");
  assertFailure(...await both("agent", "--agent", "nobody", "--message", "hi"), "UNKNOWN_AGENT_ID", "unknown agent");
  assertFailure(...await both("config", "get", "no.such.key"), "CONFIG_KEY_UNKNOWN", "unknown setting");
  assertFailure(...await both("gateway", "call", "no.such.method"), "METHOD_UNKNOWN", "unknown method");
  const unsaid = [["nodse"], ["nodes", "lsit"], ["nodes", "list", "--tga", "x"], ["nodes", "invoke"], ["agent", "--timeout", "soon", "x"]];
  for (const wrong of unsaid) {
    const [words, document] = await both(...wrong);
    assert.equal(words.code, EXIT.usage, wrong.join(" "));
    assert.equal(document.code, EXIT.usage);
    documentOf(document, wrong.join(" "));
    assert.match(words.stderr, /Next  openclaw/, "says how it is used");
  }
});

test("the offline model says what it is and how to connect a real one; the agent's failures are the command's (S0.5, S3.13)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const outside = await gateway.cli(["agent", "--message", "write me a poem about the sea"]);
  assert.equal(outside.code, EXIT.ok, outside.stderr);
  assert.match(outside.stdout, /offline|demo/i);
  assert.match(outside.stdout, /openclaw model add/);
  await gateway.wrote(/Model\s+demo\/demo\s+offline/);
  assert.equal((await gateway.cli(["config", "set", "agents.defaults.model", "nowhere/none"])).code, EXIT.ok);
  for (let model = ""; model !== "nowhere/none"; ) {
    const shown = await gateway.cli(["gateway", "call", "agents.list", "--json"]);
    model = (documentOf(shown, "agents.list") as { agents: { model: { primary: string } }[] }).agents[0]?.model.primary ?? "";
  }
  const failed = await gateway.cli(["agent", "--session", "agent:main:fresh", "--message", "hello", "--json"]);
  assert.equal((documentOf(failed, "agent") as { error: { code: string } }).error.code, "MODEL_NOT_CONFIGURED");
  assert.equal(failed.code, ERRORS.MODEL_NOT_CONFIGURED.exit);
});
