/** The ways in that need a gateway set up otherwise: devices that wait, setup codes, a password, a pinned certificate. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { endChild, endWithUs } from "../../testkit/end-with-us.ts";
import { freePort, type RealGateway } from "../../testkit/real-gateway.ts";
import { startSshd } from "../../testkit/real-sshd.ts";
import { Skipped } from "./skipped.ts";
import type { Running, Said, Stage } from "./stage.ts";

interface ReachStep {
  readonly group: "reach";
  readonly tried: string;
  run(stage: Stage): Promise<string>;
}

const WAIT_MS = 60_000;

type Ask = (args: readonly string[]) => Promise<Said>;
interface Waiting { readonly gateway: RealGateway; readonly ask: Ask }

/** One for each stage: later steps go on with it. */
const waiting = new WeakMap<Stage, Waiting>();

export const REACHING: readonly ReachStep[] = [
  {
    group: "reach", tried: "devices reject: a device that asked stays out",
    run: async (stage) => {
      const gateway = await stage.another({ gateway: { nodes: { pairing: { autoApproveLocal: false } } } });
      const at = ["--url", `ws://127.0.0.1:${gateway.port}`, "--token", gateway.token];
      const ask: Ask = (args) => stage.command("theirs", "reach", [...args, ...at]);
      waiting.set(stage, { gateway, ask });
      const node = await join(stage, gateway);
      const [request] = await untilPending(ask);
      await node.end();
      expects(await ask(["devices", "reject", request ?? ""]), /reject/i);
      const { pending } = await devicesOf(ask);
      if (pending.some(({ requestId }) => requestId === request)) throw new Error(`it is still asked for: ${JSON.stringify(pending)}`);
      return "no longer asked for";
    },
  },
  {
    group: "reach", tried: "devices approve: then it is in",
    run: async (stage) => {
      const { gateway, ask } = await waitingOf(stage);
      const first = await join(stage, gateway);
      const [request] = await untilPending(ask);
      expects(await ask(["devices", "approve", request ?? ""]), /approved|"deviceId"/i);
      await first.end();
      const again = await join(stage, gateway);
      await until(async () => (await devicesOf(ask)).paired.some(({ connected }) => connected === true), "it did not come in", again);
      await again.end();
      return "paired and connected";
    },
  },
  {
    group: "reach", tried: "node run --pair CODE: a setup code lets one machine in",
    run: async (stage) => {
      const { gateway, ask } = await waitingOf(stage);
      const made = expects(await ask([
        "gateway", "call", "device.pair.setupCode", "--params", '{"bootstrapProfile":"node"}', "--json",
      ]), /"setupCode"/);
      const code = /"setupCode":\s*"([^"]+)"/.exec(made)?.[1] ?? "";
      const node = await stage.start("by-code", ["node", "run", "--pair", `oc-pair://${code}`], { port: gateway.port, token: "" });
      await until(async () => {
        const { text } = await ask(["nodes", "list", "--connected", "--json"]);
        return /"system.run"/.test(text);
      }, "no node came with what it may be asked", node);
      await node.end();
      return "in, its commands approved";
    },
  },
  {
    group: "reach", tried: "gateway call --password, and with a wrong one",
    run: async (stage) => {
      const password = "a-password-of-some-length";
      const { port } = await stage.another({ gateway: { auth: { mode: "password" } } }, { OPENCLAW_GATEWAY_PASSWORD: password });
      const call = (said: string): Promise<Said> => stage.command("theirs", "reach", [
        "gateway", "call", "health", "--url", `ws://127.0.0.1:${port}`, "--password", said, "--json",
      ]);
      expects(await call(password), /"ok": true/);
      const { code, text } = await call("another-password");
      if (code === 0 || !/password/i.test(text)) throw new Error(`a wrong password: exit ${code}: ${text.slice(0, 160)}`);
      return "in; the wrong one is refused";
    },
  },
  {
    group: "reach", tried: "node run --tls --tls-fingerprint: TLS on the same port, pinned",
    run: async (stage) => {
      const gateway = await stage.another({ gateway: { tls: { enabled: true } } });
      const { stdout } = await gateway.cli(["gateway", "tls", "--json"]);
      const pin = /[0-9a-f]{64}/i.exec(stdout.replaceAll(":", ""))?.[0] ?? "";
      const run = (home: string, fingerprint: string): Promise<Running> => stage.start(home, [
        "node", "run", "--host", "127.0.0.1", "--port", String(gateway.port), "--tls", "--tls-fingerprint", fingerprint,
      ], gateway);
      const node = await run("pinned", pin);
      const listed = async (): Promise<string> => (await gateway.cli(["gateway", "call", "node.list"], {
        env: { OPENCLAW_GATEWAY_TOKEN: gateway.token },
      })).stdout;
      await until(async () => /"connected": true/.test(await listed()), "it did not come in", node);
      await node.end();
      const other = await run("wrongly-pinned", "0".repeat(64));
      await other.wrote(/fingerprint/i, WAIT_MS);
      await other.end();
      return "in; another certificate is refused";
    },
  },
  {
    group: "reach", tried: "gateway probe, gateway call: through an SSH tunnel",
    run: async (stage) => {
      if (!existsSync("/usr/sbin/sshd")) throw new Skipped("sshd is not installed");
      const sshd = await startSshd();
      const port = await freePort();
      const tunnel = spawn("ssh", [
        "-N", "-L", `127.0.0.1:${port}:127.0.0.1:${stage.gateway.port}`, "-p", String(sshd.port), "-i", sshd.identity,
        "-o", `UserKnownHostsFile=${sshd.knownHosts}`, "-o", "BatchMode=yes", `${userInfo().username}@127.0.0.1`,
      ], { stdio: "ignore" });
      endWithUs(tunnel);
      try {
        const at = ["--url", `ws://127.0.0.1:${port}`, "--token", stage.gateway.token];
        await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, "the tunnel did not open");
        expects(await stage.command("theirs", "reach", ["gateway", "probe", ...at]), /Reachable: yes/);
        expects(await stage.command("theirs", "reach", ["gateway", "call", "sessions.list", ...at, "--json"]), /"sessions"/);
        return "as on this machine";
      } finally {
        await endChild(tunnel, "SIGTERM");
        await sshd.dispose();
      }
    },
  },
];

interface Devices {
  readonly pending: readonly { readonly requestId: string }[];
  readonly paired: readonly { readonly connected?: boolean }[];
}

async function devicesOf(ask: Ask): Promise<Devices> {
  const { text } = await ask(["devices", "list", "--json"]);
  const { pending = [], paired = [] } = JSON.parse(text.slice(text.indexOf("{"))) as Partial<Devices>;
  return { pending, paired };
}

async function untilPending(ask: Ask): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await until(async () => {
    found = (await devicesOf(ask)).pending.map(({ requestId }) => requestId);
    return found.length > 0;
  }, "nobody asked");
  return found;
}

function join(stage: Stage, { port, token }: RealGateway): Promise<Running> {
  return stage.start("waiting", ["node", "run", "--host", "127.0.0.1", "--port", String(port)], { port, token });
}

async function waitingOf(stage: Stage): Promise<Waiting> {
  const known = waiting.get(stage);
  if (known === undefined) throw new Error("the step before did not work");
  return known;
}

function expects({ code, text }: Said, pattern: RegExp): string {
  if (code !== 0 || !pattern.test(text)) throw new Error(`${text.trim().replaceAll("\n", " ").slice(0, 240)} (exit ${code})`);
  return text;
}

async function until(holds: () => Promise<boolean>, why: string, running?: Running): Promise<void> {
  for (const began = Date.now(); !(await holds().catch(() => false)); ) {
    if (Date.now() - began > WAIT_MS) throw new Error(`${why}: ${running?.output().trim().split("\n").at(-1) ?? ""}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
