/**
 * The configuration of a running gateway, read and changed by its clients and from the command line; a restart in the same
 * process; and a file of the well-known program as it is.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT, hasCode } from "@openclaw/protocol";
import { say } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { replaceFile } from "@openclaw/testkit/replace-file";

const CANARY = "canary-0123456789abcdef";
const TEXT = `// mine
{
  session: { turnsWaitingMax: 7 }, // waiting
  channels: { telegram: { botToken: "${CANARY}" } },
}
`;

interface Shown {
  readonly path: string;
  readonly hash: string;
  readonly raw: string | null;
  readonly configRevisionHash: string;
  readonly appliedConfigHash: string;
  readonly config: { readonly session?: { readonly turnsWaitingMax?: number } };
}

async function shown(watched: Watched): Promise<Shown> {
  return (await watched.client.request("config.get", {})) as Shown;
}

function read(gateway: RealGateway): Promise<string> {
  return readFile(join(gateway.stateDir, "openclaw.json"), "utf8");
}

async function isGone(watched: Watched): Promise<void> {
  await watched.until(({ event }) => event === "shutdown");
}

test("a client patches: in force at once, told to every client, comments kept, and no secret leaves "
  + "(S4.2, S4.31, S0.4, W.6.9)", async (t) => {
  const gateway = await openRealGateway({ config: TEXT, bare: true });
  t.after(() => gateway.dispose());
  const [one, other] = [await gateway.connect(), await gateway.connect({ scopes: ["operator.read"] })];
  const before = await shown(one);
  assert.match(before.hash, /^hmac-sha256:v1:[A-Za-z0-9_-]{43}$/);
  assert.equal(before.configRevisionHash, before.appliedConfigHash);
  assert.equal(JSON.stringify(before).includes(CANARY), false);
  assert.match(before.raw ?? "", /^\/\/ mine\n/);
  const written = (await one.client.request("config.patch", {
    raw: "{ session: { turnsWaitingMax: 12 } }", baseHash: before.hash,
  })) as { readonly hash: string; readonly changedPaths: readonly string[] };
  assert.deepEqual(written.changedPaths, ["session.turnsWaitingMax"]);
  const event = await other.until(({ event: name }) => name === "config.changed");
  assert.deepEqual([(event.payload as { hash: string }).hash, (await shown(other)).hash], [written.hash, written.hash]);
  assert.equal((await shown(one)).config.session?.turnsWaitingMax, 12);
  assert.equal(await read(gateway), TEXT.replace("7", "12"));
  const stale = one.client.request("config.patch", { raw: "{ session: { turnsWaitingMax: 13 } }", baseHash: before.hash });
  await assert.rejects(stale, (error: Error) => error.message.includes("config changed since last load; re-run config.get and retry"));
  assert.equal((await say(one, "still there?")).status, "ok");
});

test("a restart in the same process: sockets close with 1012, what was said is still there, and the new settings hold (S0.16, S4.2)",
  async (t) => {
    const gateway = await openRealGateway({ config: TEXT, bare: true });
    t.after(() => gateway.dispose());
    const operator = await gateway.connect();
    assert.equal((await say(operator, "remember that the sky is blue")).status, "ok");
    const pid = gateway.pid;
    const before = operator.client.hello.server.bootId;
    for (let round = 0; round < 2; round += 1) {
      const asking = await gateway.connect();
      const { safe } = (await asking.client.request("gateway.restart.preflight", {})) as { readonly safe: boolean };
      assert.equal(safe, true);
      await asking.client.request("gateway.restart.request", {});
      await isGone(asking);
      await until(async () => (await gateway.connect()).client.hello.server.bootId !== asking.client.hello.server.bootId);
    }
    const again = await gateway.connect();
    assert.notEqual(again.client.hello.server.bootId, before);
    const { pid: now } = (await again.client.request("status", {})) as { readonly pid: number };
    assert.equal(now, pid);
    assert.match(JSON.stringify(await again.client.request("chat.history", { sessionKey: "main" })), /the sky is blue/);
    assert.equal((await say(again, "and now?")).status, "ok");
    // A key that is read once, at the start.
    const { hash } = await shown(again);
    const text = `{ gateway: { nodes: { reattachWaitMs: 5000 } }, session: { turnsWaitingMax: 8 } }`;
    await again.client.request("config.apply", { raw: text, baseHash: hash, restartDelayMs: 0 });
    await isGone(again);
    await until(async () => (await shown(await gateway.connect())).config.session?.turnsWaitingMax === 8);
    assert.equal(await gateway.stop(), EXIT.ok);
  });

test("a restart into a configuration that cannot start waits for the file to be mended, and then starts (S0.16)", async (t) => {
  const gateway = await openRealGateway({ config: TEXT, bare: true });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const { hash } = await shown(operator);
  const raw = '{ gateway: { auth: { token: "${NOT_SET_ANYWHERE}" } } }';
  await operator.client.request("config.patch", { raw, baseHash: hash, restartDelayMs: 0 });
  await gateway.wrote(/It does not start: .*NOT_SET_ANYWHERE is not there/);
  await replaceFile(join(gateway.stateDir, "openclaw.json"), TEXT);
  await until(async () => (await shown(await gateway.connect())).config.session?.turnsWaitingMax === 7);
  assert.equal(await gateway.stop(), EXIT.ok);
});

test("killed between the write and the new name: the file says what it said, whole, and the next write works (S0.16)", async (t) => {
  const gateway = await openRealGateway({ config: TEXT, bare: true });
  t.after(() => gateway.dispose());
  await gateway.stop();
  await gateway.start({ OPENCLAW_CRASH_AT: "config.written" });
  const operator = await gateway.connect();
  const { hash } = await shown(operator);
  operator.client.request("config.patch", { raw: "{ session: { turnsWaitingMax: 99 } }", baseHash: hash }).catch(() => undefined);
  await gateway.gone();
  assert.equal(await read(gateway), TEXT);
  await gateway.start();
  const again = await gateway.connect();
  assert.equal((await shown(again)).hash, hash, "the hash of the same file is the same after a restart");
  await again.client.request("config.patch", { raw: "{ session: { turnsWaitingMax: 99 } }", baseHash: hash });
  assert.equal(await read(gateway), TEXT.replace("7", "99"));
});

test("the command line changes the running gateway's configuration through it, and the file where none runs (S0.34, S4.31)", async (t) => {
  const gateway = await openRealGateway({ config: TEXT, bare: true });
  t.after(() => gateway.dispose());
  const through = async (...args: readonly string[]): Promise<unknown> => {
    const said = await gateway.cli(["config", ...args, "--json"]);
    assert.equal(said.code, EXIT.ok, `${args.join(" ")}: ${said.stdout}${said.stderr}`);
    return (JSON.parse(said.stdout) as { readonly through: unknown }).through;
  };
  const operator = await gateway.connect();
  assert.equal(await through("set", "session.turnsWaitingMax", "30"), "gateway");
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 30);
  assert.equal(await through("patch", "{ session: { turnsWaitingMax: 40 } }", "--dry-run"), "gateway");
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 30, "nothing was changed (S1.34)");
  assert.equal(await through("patch", "{ logging: { level: 'debug' }, session: { debounceMs: 5 } }"), "gateway");
  assert.equal(await through("unset", "session.debounceMs"), "gateway");
  const wrong = await gateway.cli(["config", "set", "session.turnWaitingMax", "1", "--json"]);
  assert.match(wrong.stdout, /CONFIG_KEY_UNKNOWN[^]*did you mean/);
  const text = await read(gateway);
  assert.ok(text.includes("// waiting") && text.includes(CANARY) && !text.includes("debounceMs"), text);
  assert.equal((await gateway.cli(["config", "get", "gatewayToken"])).stdout.trim(), gateway.token);
  assert.equal((await gateway.cli(["config", "file"])).stdout.trim(), join(gateway.stateDir, "openclaw.json"));
  assert.equal((await gateway.cli(["config", "get"])).stdout.includes(CANARY), false);
  await gateway.stop();
  assert.equal(await through("set", "session.turnsWaitingMax", "31"), "file");
  assert.equal((await gateway.cli(["config", "get", "session.turnsWaitingMax"])).stdout, "31\n");
  const { stdout } = await gateway.cli(["config", "validate", "--json"]);
  const fine = JSON.parse(stdout) as { readonly valid: boolean; readonly warnings: readonly unknown[] };
  assert.deepEqual([fine.valid, fine.warnings.length], [true, 1]);
  await writeFile(join(gateway.stateDir, "openclaw.json"), "{ gateway: { port: 'x' } }");
  const broken = await gateway.cli(["config", "validate"]);
  assert.equal(broken.code, EXIT.config);
  assert.match(broken.stdout, /openclaw\.json:1:\d+ "gateway\.port" must be a whole number/);
  assert.match((await gateway.cli(["config", "schema"])).stdout, /"turnsWaitingMax"/);
});

test("the token stands in the configuration, or where it says, and OPENCLAW_GATEWAY_TOKEN wins; where it is missing the gateway "
  + "says so and does not start (S4.31)", async (t) => {
  const gateway = await openRealGateway({
    config: { gateway: { auth: { token: { source: "env", provider: "default", id: "MY_TOKEN" } } } }, bare: true,
    env: { MY_TOKEN: "the-token-of-a-variable" },
    // An older one of its own, which the configuration wins over.
    prepare: async (stateDir) => {
      await mkdir(join(stateDir, "credentials"), { mode: 0o700 });
      await writeFile(join(stateDir, "credentials", "gateway-token"), "the-token-in-the-file\n", { mode: 0o600 });
    },
  });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect({ token: "the-token-of-a-variable" });
  assert.equal(JSON.stringify(await shown(operator)).includes("the-token-of-a-variable"), false);
  await assert.rejects(gateway.connect({ token: "the-token-in-the-file" }), (error) => hasCode(error, "AUTH_TOKEN_MISMATCH"));
  await gateway.stop();
  const inline = { gateway: { auth: { token: "the-token-in-the-configuration" } } };
  await writeFile(join(gateway.stateDir, "openclaw.json"), JSON.stringify(inline));
  await gateway.start();
  await gateway.connect({ token: "the-token-in-the-configuration" });
  await gateway.stop();
  await gateway.start({ OPENCLAW_GATEWAY_TOKEN: "the-token-of-the-environment" });
  await gateway.connect({ token: "the-token-of-the-environment" });
  await assert.rejects(gateway.connect({ token: "the-token-in-the-configuration" }), (error) => hasCode(error, "AUTH_TOKEN_MISMATCH"));
  await gateway.stop();
  await writeFile(join(gateway.stateDir, "openclaw.json"), JSON.stringify({ gateway: { auth: { token: "${NOT_SET_ANYWHERE}" } } }));
  const said = await gateway.cli(["gateway", "run", "--json", "--port", "1"]);
  assert.match(said.stdout, /SECRET_UNRESOLVED[^]*NOT_SET_ANYWHERE is not there/);
  assert.equal(said.code, EXIT.config);
});

test("an edit of the file follows gateway.reload.mode: off waits for a start, hot says what waits, hybrid and restart restart "
  + "(S4.31, W.10.11)", async (t) => {
  const textOf = (mode: string, waiting: number, port: number): string =>
    `{ gateway: { reload: { mode: "${mode}" }, nodes: { reattachWaitMs: ${port} } }, session: { turnsWaitingMax: ${waiting} } }`;
  const gateway = await openRealGateway({ config: textOf("hot", 1, 1_000), bare: true });
  t.after(() => gateway.dispose());
  const path = join(gateway.stateDir, "openclaw.json");
  const operator = await gateway.connect();
  const boot = operator.client.hello.server.bootId;
  const edit = async (watched: Watched, text: string): Promise<void> => {
    const before = watched.events.length;
    await replaceFile(path, text);
    await until(async () => watched.events.slice(before).some(({ event }) => event === "config.changed"));
  };
  const logged = async (watched: Watched): Promise<string> => JSON.stringify(await watched.client.request("logs.tail", {}));
  await edit(operator, textOf("hot", 2, 2_000));
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 2);
  await until(async () => (await logged(operator)).includes("gateway.nodes.reattachWaitMs"));
  await edit(operator, textOf("off", 3, 2_000));
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 3, "off holds from here on");
  await edit(operator, textOf("off", 4, 2_000));
  const waits = await shown(operator);
  assert.deepEqual([waits.config.session?.turnsWaitingMax, waits.appliedConfigHash === waits.configRevisionHash], [3, false]);
  assert.equal((await gateway.connect()).client.hello.server.bootId, boot);
  // What is written through the gateway is in force at once, and takes what waited along.
  await operator.client.request("config.patch", { raw: "{ gateway: { reload: { mode: 'hybrid' } } }", baseHash: waits.hash });
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 4);
  // An edit that could not start does not end what runs.
  await edit(operator, '{ gateway: { auth: { token: "${NOT_SET_ANYWHERE}" } } }');
  await until(async () => (await logged(operator)).includes("config.restart.refused"));
  assert.equal((await gateway.connect()).client.hello.server.bootId, boot);
  await edit(operator, textOf("hybrid", 4, 2_000));
  await isGone(operator);
  await until(async () => (await gateway.connect()).client.hello.server.bootId !== boot);
  const third = await gateway.connect();
  await replaceFile(path, textOf("restart", 4, 3_000));
  await isGone(third);
  await until(async () => (await gateway.connect()).client.hello.server.bootId !== third.client.hello.server.bootId);
  const again = await gateway.connect();
  await replaceFile(path, textOf("restart", 5, 3_000));
  await isGone(again);
  await until(async () => (await shown(await gateway.connect())).config.session?.turnsWaitingMax === 5);
});

test("the password stands in the configuration, or where it says, and lets in; a wrong one and the token do not "
  + "(S4.32, W.10.13)", async (t) => {
  const auth = (password: unknown): string => JSON.stringify({
    gateway: { auth: { mode: "password", password } },
    secrets: { providers: { mine: { source: "file", path: "~/password", mode: "singleValue" } } },
  });
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  await writeFile(join(gateway.home, "password"), "of-the-file\n", { mode: 0o600 });
  const config = join(gateway.stateDir, "openclaw.json");
  for (const [said, password] of [
    ["in-the-clear", "in-the-clear"], ["${MY_PASSWORD}", "of-a-variable"],
    [{ source: "env", provider: "default", id: "MY_PASSWORD" }, "of-a-variable"],
    [{ source: "file", provider: "mine", id: "value" }, "of-the-file"],
  ] as const) {
    await gateway.stop();
    await writeFile(config, auth(said), { mode: 0o600 });
    await gateway.start({ MY_PASSWORD: "of-a-variable" });
    const operator = await gateway.connect({ password });
    assert.equal(JSON.stringify(await operator.client.request("config.get", {})).includes(password), false);
    await assert.rejects(gateway.connect({ password: `${password}x` }), (error) => hasCode(error, "AUTH_PASSWORD_MISMATCH"));
    await assert.rejects(gateway.connect(), "the token is no password");
  }
});

test("the port is that of --port, else of OPENCLAW_GATEWAY_PORT, else of the configuration (S4.3, W.1.4)", async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  // Each is taken already, so that whoever tries it says which one it tried.
  const taken = await Promise.all([1, 2, 3].map(async () => {
    const server = createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    return String((server.address() as AddressInfo).port);
  }));
  const [flag = "", variable = "", configured = ""] = taken;
  const home = join(gateway.home, "other");
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(home, "openclaw.json"), `{ gateway: { port: ${configured} } }`, { mode: 0o600 });
  const tried = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
    const { stdout } = await gateway.cli(["gateway", "run", "--json", ...args], { env: { OPENCLAW_STATE_DIR: home, ...env } });
    return taken.find((port) => stdout.includes(port)) ?? stdout;
  };
  assert.equal(await tried(["--port", flag], { OPENCLAW_GATEWAY_PORT: variable }), flag);
  assert.equal(await tried([], { OPENCLAW_GATEWAY_PORT: variable }), variable);
  assert.equal(await tried([], { OPENCLAW_GATEWAY_PORT: "" }), configured);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it did not come");
}
