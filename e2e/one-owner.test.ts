/** One gateway on one state directory: how it stops, how the next one goes on, and what a second one is told. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_PORT, EXIT } from "@openclaw/protocol";
import { isOutput, say, send, settled, toolResults } from "@openclaw/testkit/conversation";
import { freePort, openRealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needsThat } from "@openclaw/testkit/skip";

test("asked to stop in the middle of a command, the gateway says goodbye, exits 0, and the next start goes on "
  + "(S0.16, S0.19, S3.2, S3.13)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  await send(first, `go ${callMark("exec", { command: "for i in 1 2 3 4 5; do echo line-$i; sleep 0.2; done" })}`, { key: "drained" });
  await first.until(isOutput("line-2"));
  const code = await gateway.stop();
  assert.equal(code, EXIT.ok, gateway.output());
  assert.equal((await first.client.ended).code, 1012);
  assert.ok(first.events.some(({ event }) => event === "shutdown"), "whoever was connected was told");
  await gateway.start();
  const turn = await settled(await gateway.connect(), "drained");
  assert.equal(turn.status, "ok", turn.error);
  // The local node is stopped with its gateway: what it ran either came to its end, or says that it was ended.
  assert.match(toolResults(turn)[0] ?? "", /^line-1\nline-2\n(line-3\nline-4\nline-5$|(line-\d\n)*\[[^]*The node was stopped)/);
  assert.equal((await say(await gateway.connect(), "and now?")).reply, "echo: and now?");
});

test("a gateway stopped by Ctrl-C exits 0 and leaves no process behind (S0.19, S3.13)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  await say(await gateway.connect(), "how busy is this machine?");
  const { pid } = JSON.parse(await readFile(join(gateway.stateDir, "local-node.json"), "utf8")) as { readonly pid: number };
  assert.equal(await gateway.stop("SIGINT"), EXIT.ok);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

test("a second gateway on the same state directory is refused with a documented code that names pid and port; another profile is not "
  + "(S4.20)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const port = await freePort();
  const second = await gateway.cli(["gateway", "run", "--port", String(port), "--json"]);
  const { error } = JSON.parse(second.stdout) as { readonly error: { readonly code: string; readonly why: string; readonly next: string } };
  assert.equal(second.code, EXIT.conflict);
  assert.equal(error.code, "STATE_HELD");
  assert.match(error.why, new RegExp(`\\b${gateway.pid}\\b`));
  assert.match(error.why, new RegExp(`\\b${gateway.port}\\b`));
  assert.match(error.next, /--profile/);
  const spoken = await gateway.cli(["gateway", "run", "--port", String(port)]);
  assert.equal(spoken.code, EXIT.conflict);
  assert.match(spoken.stderr, new RegExp(`process ${gateway.pid} on port ${gateway.port}`));

  const other = await openRealGateway();
  t.after(() => other.dispose());
  const [mine, theirs] = await Promise.all([gateway, other].map(async (each) => (await each.connect()).client.hello.snapshot.stateDir));
  assert.notEqual(mine, theirs);
});

test("a port that is taken, and a bind beyond loopback without authentication, are refused at once (S4.3, S4.40, S4.41)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const home = await mkdtemp(join(tmpdir(), "openclaw-other-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const env = { OPENCLAW_STATE_DIR: join(home, "state") };
  const taken = await gateway.cli(["gateway", "run", "--port", String(gateway.port), "--json"], { env });
  assert.equal(taken.code, EXIT.unavailable, taken.stdout);
  assert.equal((JSON.parse(taken.stdout) as { error: { code: string } }).error.code, "PORT_TAKEN");
  await mkdir(env.OPENCLAW_STATE_DIR, { recursive: true });
  await writeFile(join(env.OPENCLAW_STATE_DIR, "openclaw.json"), JSON.stringify({ gateway: { auth: { mode: "none" } } }));
  for (const bind of ["lan", "tailnet", "0.0.0.0", "custom"]) {
    const refused = await gateway.cli(["gateway", "run", "--bind", bind, "--json"], { env });
    assert.equal(refused.code, EXIT.config, bind);
    assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, "BIND_REFUSED", bind);
  }
  assert.deepEqual(await listeningOn(gateway.port), ["127.0.0.1"], "loopback, and nothing else");
});

const usual = needsThat(await isFree(DEFAULT_PORT), {
  what: "the usual port", why: `something listens on ${DEFAULT_PORT}`, enable: `stop what listens on port ${DEFAULT_PORT}`,
});

test("without a word about it, the gateway listens on loopback, port 18789, and commands find it there "
  + "(S4.3, S4.40, W.1.3, W.1.5)", usual, async (t) => {
  const gateway = await openRealGateway({ usualPort: true });
  t.after(() => gateway.dispose());
  assert.equal(gateway.port, 18_789);
  assert.deepEqual(await listeningOn(18_789), ["127.0.0.1"]);
  const found = await gateway.cli(["gateway", "status", "--json"], { env: { OPENCLAW_GATEWAY_PORT: "" } });
  assert.equal((JSON.parse(found.stdout) as { url: string }).url, "http://127.0.0.1:18789");
  assert.equal((await gateway.cli(["config", "get", "gateway.port"])).stdout, "18789\n");
  for (const path of ["/healthz", "/readyz", "/"]) assert.equal((await fetch(`http://127.0.0.1:18789${path}`)).status, 200, path);
});

test("an idle gateway with its local node, and a paired node, are small enough for a home server and an old laptop "
  + "(S0.7, S0.39)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "old-laptop" });
  t.after(() => node.dispose());
  const operator = await gateway.connect();
  await say(operator, "how busy is this machine?");
  const { pid } = JSON.parse(await readFile(join(gateway.stateDir, "local-node.json"), "utf8")) as { readonly pid: number };
  const [here, local, far] = [await sharedBytes(gateway.pid), await treeBytes(pid), await sharedBytes(node.pid)];
  assert.ok(here + local < 200 * MIB, `gateway ${here / MIB} MiB and local node ${local / MIB} MiB`);
  assert.ok(far < 120 * MIB, `node ${far / MIB} MiB`);
});

test("the state directory is its owner's alone (S0.4, S0.48)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  assert.equal((await stat(gateway.stateDir)).mode & 0o777, 0o700);
  for (const name of ["gateway-token", "key-encryption-key"]) {
    assert.equal((await stat(join(gateway.stateDir, "credentials", name))).mode & 0o777, 0o600, name);
  }
  assert.equal(await gateway.stop(), EXIT.ok);
  await chmod(gateway.stateDir, 0o755);
  const refused = await gateway.cli(["gateway", "run", "--json"]);
  assert.equal(refused.code, EXIT.config, refused.stdout);
  assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, "STATE_UNSAFE");
});

const MIB = 1_048_576;

/** Proportional set size: what is shared counts by its share. */
async function sharedBytes(pid: number): Promise<number> {
  return Number(/^Pss:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? Number.NaN) * 1_024;
}

/** Of a process and all below it; one below that ends meanwhile has none. */
async function treeBytes(pid: number): Promise<number> {
  const below = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").filter((word) => word !== "");
  const sizes = await Promise.all([sharedBytes(pid), ...below.map((child) => treeBytes(Number(child)).catch(() => 0))]);
  return sizes.reduce((sum, size) => sum + size, 0);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Addresses that accept connections on the port, from the kernel's own table. */
async function listeningOn(port: number): Promise<readonly string[]> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const found: string[] = [];
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of (await readFile(table, "utf8")).split("\n").slice(1)) {
      const [, local = "", , state] = line.trim().split(/\s+/);
      const [address = "", hex] = local.split(":");
      if (state === "0A" && hex === wanted) found.push(
        address.length === 8 ? address.match(/../g)!.map((byte) => parseInt(byte, 16)).reverse().join(".") : address,
      );
    }
  }
  return found;
}
