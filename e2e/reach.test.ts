// The real program beyond this machine: certificates, setup codes, binds that are refused, and a tunnel through a real sshd.
import test from "node:test";
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { networkInterfaces, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { endWithUs } from "../testkit/end-with-us.ts";
import { freePort, openRealGateway, PROGRAM_MAIN, type RealGateway } from "../testkit/real-gateway.ts";
import { startSshd } from "../testkit/real-sshd.ts";
import { needs } from "../testkit/skip.ts";

interface Answer { readonly code: number | null; readonly stdout: string; readonly stderr: string }

const outside = Object.values(networkInterfaces()).flatMap((faces) => faces ?? []).find(
  ({ family, internal }) => family === "IPv4" && !internal,
)?.address ?? "";

test("a setup code pairs a machine over TLS by the certificate it pins, once (S0.43, W.5.17)", async () => {
  const gateway = await openRealGateway({ config: { gateway: { tls: { enabled: true } } } });
  try {
    const made = JSON.parse(
      (await gateway.cli(["devices", "join-code", "--for", "node", "--json"])).stdout,
    ) as { setupCode: string; gatewayUrl: string };
    assert.equal(made.gatewayUrl, `wss://127.0.0.1:${gateway.port}`);
    const env = { OPENCLAW_NODE_DIR: join(gateway.home, "node"), OPENCLAW_STATE_DIR: join(gateway.home, "elsewhere") };
    const joined = await gateway.cli(["connect", `oc-pair://${made.setupCode}`, "--name", "shed", "--json"], { env });
    assert.equal(joined.code, 0, joined.stderr + joined.stdout);
    const { tlsFingerprint } = JSON.parse(joined.stdout) as { tlsFingerprint: string };
    const words = JSON.parse((await gateway.cli(["gateway", "tls", "--json"])).stdout) as { fingerprint: string; words: string };
    assert.equal(tlsFingerprint, words.fingerprint);

    const again = await gateway.cli(["connect", made.setupCode, "--json"], { env });
    assert.match(again.stdout, /AUTH_BOOTSTRAP_TOKEN_INVALID/, "single use");

    const node = startNode(gateway, env);
    await node.saw(/Online/);
    const ran = await gateway.cli(
      ["nodes", "invoke", "--node", "shed", "--command", "system.which", "--params", '{"bins":["sh"]}', "--json"],
    );
    assert.equal(ran.code, 0, `approved with the code, nobody asked: ${ran.stdout}${ran.stderr}`);
    await node.end();

    assert.equal((await gateway.cli(["gateway", "tls", "--rotate", "--yes"])).code, 0);
    await gateway.stop();
    await gateway.start();
    const stranger = startNode(gateway, env);
    await stranger.saw(/not the gateway it was/);
    await stranger.end();
  } finally {
    await gateway.dispose();
  }
});

const beyond = needs("address-beside-loopback");

test("beyond loopback: TLS by itself, words that agree on both sides, plain refused (S4.36, S4.41, W.1.36)", beyond, async () => {
  const gateway = await openRealGateway({ bare: true, config: { gateway: { bind: "custom", customBindHost: outside } } });
  try {
    const url = `wss://${outside}:${gateway.port}`;
    const { fingerprint, words } = JSON.parse(
      (await gateway.cli(["gateway", "tls", "--json"])).stdout,
    ) as { fingerprint: string; words: string };
    const env = { OPENCLAW_STATE_DIR: join(gateway.home, "elsewhere") };
    const unknown = await gateway.cli(["status", "--url", url, "--token", gateway.token, "--json"], { env });
    assert.equal(unknown.code, 77);
    assert.match(unknown.stdout, /CERTIFICATE_UNKNOWN/);
    assert.ok(unknown.stdout.includes(words), "the words of the other machine's command");
    assert.doesNotMatch(unknown.stdout + unknown.stderr, new RegExp(gateway.token));
    const pinned = await gateway.cli(
      ["health", "--url", url, "--token", gateway.token, "--tls-fingerprint", fingerprint, "--json"], { env },
    );
    assert.equal(pinned.code, 0, pinned.stdout);
    const remote = { gateway: { mode: "remote", remote: { url, tlsFingerprint: fingerprint, token: gateway.token } } };
    await mkdir(env.OPENCLAW_STATE_DIR, { recursive: true, mode: 0o700 });
    await writeFile(join(env.OPENCLAW_STATE_DIR, "openclaw.json"), JSON.stringify(remote), { mode: 0o600 });
    const configured = await gateway.cli(["health", "--json"], { env: { ...env, OPENCLAW_GATEWAY_PORT: "" } });
    assert.equal(configured.code, 0, configured.stdout);
    const wrong = await gateway.cli(
      ["health", "--url", url, "--token", gateway.token, "--tls-fingerprint", "0".repeat(64), "--json"], { env },
    );
    assert.match(wrong.stdout, /CERTIFICATE_MISMATCH/);
    assert.equal((await fetch(`http://${outside}:${gateway.port}/healthz`)).status, 426);
  } finally {
    await gateway.dispose();
  }
});

test("a bind that would let anybody in, or anybody listen, does not start; it says what to change (S4.41)", async () => {
  const home = await mkdtemp(join(tmpdir(), "openclaw-reach-"));
  try {
    for (const [config, said] of [
      [{ gateway: { bind: "lan", auth: { mode: "none" } } }, /auth\.mode is none/],
      [{ gateway: { bind: "lan", tls: { enabled: false } } }, /gateway\.tls\.enabled is false/],
      [{ gateway: { auth: { mode: "trusted-proxy" } } }, /no proxy is trusted/],
      [{ gateway: { auth: { mode: "password" } } }, /there is no password/],
    ] as const) {
      const stateDir = join(home, ".openclaw");
      await mkdir(stateDir, { recursive: true, mode: 0o700 });
      await writeFile(join(stateDir, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
      const answer = await run(["gateway", "run", "--port", String(await freePort())], { HOME: home });
      assert.equal(answer.code, 78, answer.stderr);
      assert.match(answer.stderr, said);
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

test("Tailscale's names count when the daemon confirms them: a fake daemon, named a fake (S4.33)", async () => {
  const home = await mkdtemp(join(tmpdir(), "openclaw-tailscale-"));
  const socketPath = join(home, "fake-tailscaled.sock");
  const fakeDaemon = createServer((request, response) => {
    const isAda = request.url?.includes(encodeURIComponent("100.64.0.5:1")) === true;
    response.writeHead(isAda ? 200 : 404).end(JSON.stringify({ UserProfile: { LoginName: "ada@example.com" } }));
  }).listen(socketPath);
  await once(fakeDaemon, "listening");
  const gateway = await openRealGateway({
    bare: true, config: { gateway: { auth: { allowTailscale: true } } }, env: { OPENCLAW_TAILSCALED_SOCKET: socketPath },
  });
  try {
    const { WebSocket } = await import("ws");
    const methodFor = async (address: string, login: string): Promise<unknown> => {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}`, {
        headers: { host: "desk.tail1234.ts.net", "x-forwarded-for": address, "tailscale-user-login": login },
      });
      const answer = new Promise<{ ok: boolean; payload?: { auth: { method: string } } }>((resolve, reject) => {
        socket.on("error", reject);
        socket.on("message", (data) => {
          const frame = JSON.parse(String(data)) as { event?: string; id?: string; ok: boolean };
          if (frame.id === "hello") resolve(frame);
          if (frame.event !== "connect.challenge") return;
          socket.send(JSON.stringify({ type: "req", id: "hello", method: "connect", params: {
            minProtocol: 4, maxProtocol: 4, client: { id: "cli", mode: "cli", version: "1", platform: "linux" },
          } }));
        });
      });
      const { ok, payload } = await answer;
      socket.terminate();
      return ok ? payload?.auth.method : "refused";
    };
    assert.equal(await methodFor("100.64.0.5", "ada@example.com"), "tailscale");
    assert.equal(await methodFor("100.64.0.5", "eve@example.com"), "refused");
    assert.equal(await methodFor("100.64.0.9", "ada@example.com"), "refused");
  } finally {
    await gateway.dispose();
    fakeDaemon.close();
    await rm(home, { recursive: true, force: true });
  }
});

test("openclaw tailscale runs Tailscale's own command, a funnel with a password only: a fake command (S4.34, S4.35)", async () => {
  const home = await mkdtemp(join(tmpdir(), "openclaw-tailscale-"));
  try {
    await mkdir(join(home, "bin"));
    await writeFile(join(home, "bin", "tailscale"), `#!/bin/sh\necho "fake tailscale $@"\necho "$@" >> ${home}/said\n`, { mode: 0o755 });
    const env = { HOME: home, PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}`, OPENCLAW_GATEWAY_PORT: "18999" };
    assert.equal((await run(["tailscale", "serve"], env)).code, 0);
    const refused = await run(["tailscale", "funnel", "--yes"], env);
    assert.equal(refused.code, 78);
    assert.match(refused.stderr, /A funnel is public/);
    await mkdir(join(home, ".openclaw"), { mode: 0o700 });
    await writeFile(join(home, ".openclaw", "openclaw.json"), '{ gateway: { auth: { mode: "password" } } }', { mode: 0o600 });
    assert.equal((await run(["tailscale", "funnel", "--yes"], env)).code, 0);
    assert.equal((await run(["tailscale", "off"], env)).code, 0);
    assert.deepEqual((await readFile(join(home, "said"), "utf8")).trim().split("\n"), [
      "serve --bg --https=443 http://127.0.0.1:18999", "funnel --bg --https=443 http://127.0.0.1:18999",
      "funnel --https=443 off", "serve --https=443 off",
    ]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

const throughSshd = needs("sshd");

test("openclaw remote opens, watches, reopens and closes a tunnel of a real sshd (S4.37, S4.38, S4.39, S4.43)", throughSshd, async () => {
  const gateway = await openRealGateway({ bare: true });
  const sshd = await startSshd();
  const localPort = await freePort();
  const remote = startCommand([
    "remote", "--ssh", `${userInfo().username}@127.0.0.1`, "--ssh-port", String(sshd.port), "--identity", sshd.identity,
    "--ssh-option", `UserKnownHostsFile=${sshd.knownHosts}`, "--remote-port", String(gateway.port), "--port", String(localPort),
  ], gateway.environment);
  try {
    await remote.saw(/is reached at http:\/\/127\.0\.0\.1/);
    const through = ["--url", `http://127.0.0.1:${localPort}`, "--token", gateway.token, "--json"];
    const health = await gateway.cli(["health", ...through]);
    assert.equal(health.code, 0, health.stdout + health.stderr);
    assert.equal((await gateway.cli(["nodes", "list", ...through])).code, 0);
    const page = await fetch(`http://127.0.0.1:${localPort}/`, { redirect: "manual" });
    assert.notEqual(page.status, 403, "the far end answers to the near end's port");

    sshd.dropConnections();
    await remote.saw(/Lost: /);
    await remote.saw(/is reached at[^]*is reached at/);
    assert.equal((await gateway.cli(["health", ...through])).code, 0);

    remote.child.kill("SIGINT");
    await remote.ended;
    await assert.rejects(fetch(`http://127.0.0.1:${localPort}/healthz`), "nothing is left listening");
  } finally {
    remote.child.kill("SIGKILL");
    await sshd.dispose();
    await gateway.dispose();
  }
  const refused = await run([
    "remote", "--ssh", "nobody@127.0.0.1", "--ssh-port", String(localPort), "--once", "--ssh-option", "ConnectTimeout=2",
  ], { HOME: tmpdir() }, 4_000);
  assert.notEqual(refused.code, 0);
});

interface RunningCommand { readonly child: ChildProcess; readonly ended: Promise<unknown>; saw(pattern: RegExp): Promise<void> }

function startCommand(args: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  const child = spawn(process.execPath, [PROGRAM_MAIN, ...args], { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  endWithUs(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return {
    child, ended: once(child, "close"),
    saw: async (pattern) => {
      for (const began = Date.now(); !pattern.test(output); ) {
        if (Date.now() - began > 30_000) throw new Error(`it did not write ${String(pattern)}:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

function startNode(gateway: RealGateway, env: Readonly<Record<string, string>>): RunningCommand & { end(): Promise<void> } {
  const node = startCommand(["node", "start", "--workspace", join(gateway.home, "work")], { ...gateway.environment, ...env });
  return {
    ...node,
    end: async () => {
      node.child.kill("SIGINT");
      await node.ended;
    },
  };
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>, timeoutMs = 30_000): Promise<Answer> {
  const child = spawn(process.execPath, [PROGRAM_MAIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env }, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs,
  });
  endWithUs(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}
