// The real program as a child process: what it prints where, and what it exits with.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { EXIT } from "@openclaw/protocol";
import { COMMANDS } from "./commands/table.ts";
import { openclaw } from "./commands/run-openclaw.testing.ts";

const ESCAPE = /\x1b/;
const GONE = { OPENCLAW_GATEWAY_PORT: "1" };

test("--version says the version on one line, and as a document with --json", async () => {
  const said = await openclaw(["--version"]);
  assert.match(said.stdout, /^openclaw \d+\.\d+\.\d+\n$/);
  assert.deepEqual([said.code, said.stderr], [0, ""]);
  const document = JSON.parse((await openclaw(["--json", "-V"])).stdout) as { version: string };
  assert.match(document.version, /^\d+\.\d+\.\d+$/);
});

test("--help fits a screen, begins with examples and names every command", async () => {
  const said = await openclaw(["--help"]);
  const lines = said.stdout.trimEnd().split("\n");
  assert.equal(said.code, 0);
  assert.ok(lines.length <= 24, `${lines.length} lines`);
  assert.ok(lines.every((line) => line.length <= 100), "no line is wider than 100");
  assert.match(lines[2] ?? "", /openclaw gateway run/);
  for (const command of COMMANDS) assert.match(said.stdout, new RegExp(`\\b${command.name}\\b`));
});

test("every command and every verb has help with examples that fits a screen", async () => {
  const { isGroup } = await import("./commands/command.ts");
  const { formatHelp } = await import("./commands/help.ts");
  const { createStyle } = await import("./terminal/style.ts");
  const style = createStyle({ tty: false, allowed: false, environment: {} });
  for (const command of COMMANDS) {
    const module = await command.load();
    const specs = isGroup(module) ? Object.entries(module.verbs).map(([verb, spec]) => [[command.name, verb], spec] as const) : [];
    for (const [path, spec] of [[[command.name], module] as const, ...specs]) {
      const lines = formatHelp(path, spec, "1", style);
      assert.ok(lines.length <= 24, `${path.join(" ")}: ${lines.length} lines`);
      assert.ok(spec.examples.length >= 1 && spec.examples.every((example) => example.line.includes("openclaw")), path.join(" "));
      for (const line of lines) assert.ok(line.length <= 120, `${path.join(" ")}: ${line}`);
    }
  }
});

test("an unknown command is answered with the nearest one and exit code 2", async () => {
  const said = await openclaw(["statsu"]);
  assert.equal(said.code, EXIT.usage);
  assert.equal(said.stdout, "");
  assert.match(
    said.stderr,
    /There is no command "statsu"\. Did you mean "status"\?\n {2}Next {2}openclaw status\n {2}Code {2}USAGE_INVALID\n$/,
  );
  assert.match((await openclaw(["nodes", "lsit"])).stderr, /Did you mean "list"\?\n {2}Next {2}openclaw nodes list/);
});

test("--json gives failures as one document on stdout and nothing on stderr", async () => {
  for (const args of [["--json", "frobnicate"], ["nodes", "invoke", "--json"], ["config", "--json", "get", "gatewayToken"]]) {
    const said = await openclaw(args, { OPENCLAW_STATE_DIR: "/nonexistent/state" });
    const { ok, error } = JSON.parse(said.stdout) as { ok: boolean; error: { code: string; message: string; next: string } };
    assert.equal(ok, false);
    assert.ok(error.code !== "" && error.message !== "" && error.next !== "");
    assert.equal(said.stderr, "");
    assert.notEqual(said.code, 0);
  }
});

test("colour comes only when forced or on a screen, and --no-color and NO_COLOR take it away", async () => {
  assert.doesNotMatch((await openclaw(["statsu"])).stderr, ESCAPE);
  assert.match((await openclaw(["statsu"], { FORCE_COLOR: "1" })).stderr, ESCAPE);
  assert.doesNotMatch((await openclaw(["statsu"], { FORCE_COLOR: "1", NO_COLOR: "1" })).stderr, ESCAPE);
  assert.doesNotMatch((await openclaw(["statsu", "--no-color"], { FORCE_COLOR: "1" })).stderr, ESCAPE);
  assert.match((await openclaw(["statsu"], { LANG: "C" })).stderr, /^x There is no command/);
});

test("no gateway: a sentence, the command that starts one, exit code 69", async () => {
  for (const args of [["status"], ["health"], ["nodes", "list"], ["agent", "-m", "hi"], ["gateway", "status"]]) {
    const said = await openclaw(args, GONE);
    assert.equal(said.code, EXIT.unavailable, args.join(" "));
    assert.deepEqual(said.stderr.trimEnd().split("\n"), [
      "✗ No gateway answers at this address.", "  Nothing listens on 127.0.0.1:1 (OPENCLAW_GATEWAY_PORT).",
      "  Next  Start one: openclaw gateway run", "  Code  GATEWAY_UNREACHABLE",
    ]);
  }
});

test("wrong port: what listens there is not a gateway, and the sentence says so", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("SSH-2.0-OpenSSH_9.9\r\n");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const said = await openclaw(["health", "--port", String((server.address() as AddressInfo).port)]);
  server.close();
  assert.equal(said.code, EXIT.unavailable);
  assert.match(said.stderr, /is not a gateway.*\n {2}Next {2}Check the port: --port N/s);
});

test("a token is not sent unencrypted to another machine", async () => {
  for (const args of [
    ["status", "--url", "http://192.0.2.7:3000", "--token", "t"],
    ["node", "pair", "--url=ws://gateway.example:3000", "--token", "t"],
  ]) {
    const said = await openclaw(args, { OPENCLAW_NODE_DIR: "/nonexistent/node" });
    assert.equal(said.code, EXIT.usage);
    assert.match(
      said.stderr,
      /is another machine, and (http|ws):\/\/ would send the token there unencrypted\.\n {2}Next {2}.*wss:.* remote --ssh/,
    );
  }
});

test("config get gatewayToken prints the bare token with no gateway running; the environment wins (S0.34)", async () => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-cli-"));
  try {
    const missing = await openclaw(["config", "get", "gatewayToken"], { OPENCLAW_STATE_DIR: dir });
    assert.equal(missing.code, EXIT.notFound);
    assert.match(missing.stderr, /holds no token yet.*\n {2}Next {2}openclaw gateway run/s);
    await mkdir(join(dir, "credentials"));
    await writeFile(join(dir, "credentials", "gateway-token"), "secret-of-the-file\n", { mode: 0o600 });
    for (const path of ["gatewayToken", "gateway.auth.token"]) {
      assert.deepEqual(await openclaw(["config", "get", path], { OPENCLAW_STATE_DIR: dir }), {
        code: 0, stdout: "secret-of-the-file\n", stderr: "",
      });
    }
    assert.equal(
      (await openclaw(["config", "get", "gatewayToken", "--json"], { OPENCLAW_STATE_DIR: dir })).stdout,
      '"secret-of-the-file"\n',
    );
    assert.equal(
      (await openclaw(["config", "get", "gatewayToken"], { OPENCLAW_STATE_DIR: dir, OPENCLAW_GATEWAY_TOKEN: "from-outside" })).stdout,
      "from-outside\n",
    );
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("config set checks before it writes, config get hides a token that is in the file, and a broken file names its line", async () => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-cli-"));
  const at = { OPENCLAW_STATE_DIR: dir };
  try {
    assert.equal((await openclaw(["config", "set", "gateway.port", "3000"], at)).stdout, "✓ gateway.port is now 3000\n");
    assert.equal((await openclaw(["config", "get", "gateway.port"], at)).stdout, "3000\n");
    const unknown = await openclaw(["config", "set", "gateway.prot", "3001"], at);
    assert.equal(unknown.code, EXIT.notFound);
    assert.match(unknown.stderr, /CONFIG_KEY_UNKNOWN/);
    assert.equal((await openclaw(["config", "set", "gateway.port", "many"], at)).code, EXIT.config);
    assert.equal((await openclaw(["config", "get", "gateway.port"], at)).stdout, "3000\n");
    assert.match((await openclaw(["config", "set", "gatewayToken", "abc"], at)).stderr, /CONFIG_SECRET_INLINE/);

    await writeFile(join(dir, "openclaw.json"), '{ gatewayToken: "a-token-somebody-put-here" }', { mode: 0o600 });
    assert.doesNotMatch((await openclaw(["config", "get"], at)).stdout, /somebody/);
    assert.equal((await openclaw(["config", "get", "gatewayToken"], at)).stdout, "a-token-somebody-put-here\n");

    await writeFile(join(dir, "openclaw.json"), '{\n  gateway: { port: "x" },\n}', { mode: 0o600 });
    const broken = await openclaw(["config", "get", "gateway.port"], at);
    assert.equal(broken.code, EXIT.config);
    assert.match(broken.stderr, /openclaw\.json:2:\d+ "gateway\.port"/);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("the port a gateway noted in its state directory is where commands look for it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-cli-"));
  try {
    await writeFile(join(dir, "owner.json"), '{"pid":1,"port":2,"startedAtMs":1}');
    assert.match(
      (await openclaw(["health"], { OPENCLAW_STATE_DIR: dir })).stderr,
      /Nothing listens on 127\.0\.0\.1:2 \(where the gateway of this state directory listened last\)/,
    );
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("a bad port, profile or JSON is a usage error before anything is tried", async () => {
  for (const [args, environment, sentence] of [
    [["status", "--port", "70000"], {}, /--port says "70000", which is no port/],
    [["status"], { OPENCLAW_GATEWAY_PORT: "abc" }, /OPENCLAW_GATEWAY_PORT says "abc"/],
    [["status", "--profile", "../up"], {}, /"\.\.\/up" cannot be a profile's name/],
    [["gateway", "call", "health", "--params", "{oops"], {}, /--params takes JSON/],
    [["status", "--url", "ftp://127.0.0.1"], {}, /not reached by ftp:/],
    [["status", "--profile", "work"], { OPENCLAW_STATE_DIR: "/other" }, /--profile work and OPENCLAW_STATE_DIR=\/other name two places/],
    [["sessions", "list", "--limit", "0"], {}, /--limit takes a whole number from 1 on, not 0/],
  ] as const) {
    const said = await openclaw(args, environment);
    assert.equal(said.code, EXIT.usage, said.stderr);
    assert.match(said.stderr, sentence);
  }
});
