// Ways to a gateway that only stand in the configuration: the command line opens them, and closes them when it ends.
import test, { type TestContext } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { openRealGateway, type RealGateway } from "../testkit/real-gateway.ts";
import { startSshd } from "../testkit/real-sshd.ts";
import { needs } from "../testkit/skip.ts";

/** A folder before PATH with one program in it. */
async function withProgram(t: TestContext, name: string, script: (dir: string) => string): Promise<{ dir: string; PATH: string }> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-ways-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, name), `#!/bin/sh\n${script(dir)}\n`, { mode: 0o755 });
  return { dir, PATH: `${dir}:${process.env["PATH"] ?? ""}` };
}

const linesOf = async (file: string): Promise<readonly string[]> =>
  (await readFile(file, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

/** Named a fake: it notes what it is told. */
const fakeTailscale = (dir: string): string => `echo "$@" >> ${dir}/said; echo "fake tailscale $@"`;

test("gateway.tailscale.mode serve: the command asks Tailscale when it starts and, where configured, takes it back at its end: "
  + "a fake command (S4.34, S4.37)", async (t) => {
  const { dir, PATH } = await withProgram(t, "tailscale", fakeTailscale);
  const said = join(dir, "said");
  for (const resetOnExit of [true, false]) {
    await rm(said, { force: true });
    const config = { gateway: { tailscale: { mode: "serve", resetOnExit } } };
    const gateway = await openRealGateway({ bare: true, env: { PATH }, config });
    t.after(() => gateway.dispose());
    await gateway.wrote(/Tailscale serves it within the tailnet/);
    const serve = `serve --bg --https=443 http://127.0.0.1:${gateway.port}`;
    assert.deepEqual(await linesOf(said), [serve]);
    assert.equal(await gateway.stop(), 0);
    assert.deepEqual(await linesOf(said), resetOnExit ? [serve, "serve --https=443 off"] : [serve]);
  }
});

test("--tailscale wins over the file; a funnel without a password does not start; without Tailscale the gateway runs and says so "
  + "(S4.34, S4.35, S4.41)", async (t) => {
  const { dir, PATH } = await withProgram(t, "tailscale", fakeTailscale);
  const said = join(dir, "said");
  const config = { gateway: { tailscale: { mode: "funnel" } } };
  await assert.rejects(openRealGateway({ bare: true, env: { PATH }, config }), /ended at its start \(78\)[^]*A funnel is public/);
  assert.deepEqual(await linesOf(said), [], "nothing was asked of Tailscale");
  const off = await openRealGateway({ bare: true, env: { PATH }, config, args: ["--tailscale", "off"] });
  t.after(() => off.dispose());
  await off.stop();
  assert.deepEqual(await linesOf(said), []);
  const broken = await withProgram(t, "tailscale", () => "echo 'Logged out.' >&2; exit 1");
  const alone = await openRealGateway({ bare: true, env: { PATH: broken.PATH }, args: ["--tailscale", "serve"] });
  t.after(() => alone.dispose());
  await alone.wrote(/Tailscale does not serve it: [^]*Logged out\./);
  assert.equal((await alone.cli(["health"])).code, 0);
});

/** The machine of the person: a state directory whose file leads elsewhere. */
async function laptop(gateway: RealGateway, name: string, remote: object): Promise<Record<string, string>> {
  const dir = join(gateway.home, name);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const config = { gateway: { mode: "remote", remote: { transport: "ssh", token: gateway.token, ...remote } } };
  await writeFile(join(dir, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  return { OPENCLAW_STATE_DIR: dir, OPENCLAW_GATEWAY_PORT: "" };
}

test("gateway.remote.transport ssh: a command opens the tunnel itself, once, through a real sshd, and leaves nothing behind "
  + "(S4.37, S4.38, S4.43)", needs("sshd"), async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const sshd = await startSshd();
  t.after(() => sshd.dispose());
  const { dir, PATH } = await withProgram(t, "ssh", (own) => `echo $$ >> ${own}/pids\nexec /usr/bin/ssh -F ${own}/config "$@"`);
  await writeFile(join(dir, "config"), [
    "Host desk", "HostName 127.0.0.1", `Port ${sshd.port}`, `User ${userInfo().username}`, `UserKnownHostsFile ${sshd.knownHosts}`,
    "Host stranger", "HostName 127.0.0.1", `Port ${sshd.port}`, `User ${userInfo().username}`, "UserKnownHostsFile /dev/null",
  ].join("\n"));
  const remote = { sshTarget: "desk", remotePort: gateway.port, sshIdentity: sshd.identity };
  const env = { PATH, ...await laptop(gateway, "laptop", remote) };
  const startsOfSsh = (): Promise<readonly string[]> => linesOf(join(dir, "pids"));

  const health = await gateway.cli(["health", "--json"], { env });
  assert.equal(health.code, 0, health.stdout + health.stderr);
  const [first] = await startsOfSsh();
  assert.throws(() => process.kill(Number(first), 0), "its ssh has ended with it");
  const approved = await gateway.cli(["devices", "approve", "nobody"], { env });
  assert.match(approved.stderr, /NOT_FOUND|no waiting/i, approved.stderr);
  assert.equal((await startsOfSsh()).length, 2, "one tunnel for a command");

  const byUrl = { PATH, ...await laptop(gateway, "by-url", { url: `ws://desk:${gateway.port}`, sshIdentity: sshd.identity }) };
  assert.equal((await gateway.cli(["status", "--json"], { env: byUrl })).code, 0, "the url's host and port, where nothing else is said");

  const strict = { PATH, ...await laptop(gateway, "strict", { ...remote, sshTarget: "stranger", sshHostKeyPolicy: "strict" }) };
  const refused = await gateway.cli(["health", "--json"], { env: strict });
  assert.equal(refused.code, 69);
  assert.match(refused.stdout, /TUNNEL_FAILED[^]*Host key verification failed/);
  const nobody = await gateway.cli(["health", "--json"], { env: { PATH, ...await laptop(gateway, "nobody", {}) } });
  assert.match(nobody.stdout, /CONFIG_INVALID[^]*sshTarget/);
  const node = await gateway.cli(["node", "pair", "--json"], { env: { ...env, OPENCLAW_NODE_DIR: join(gateway.home, "node") } });
  assert.match(node.stdout, /openclaw remote --ssh desk/);
  const set = await gateway.cli(["config", "set", "logging.level", "debug", "--json"], { env });
  assert.match(set.stdout, /"through": "file"/, "its own file is changed, not that of the gateway there");
});
