// Over TLS to a certificate that nobody vouches for: a foreign client, our command line and our node, by its fingerprint and by words.
import test, { type TestContext } from "node:test";
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { endWithUs } from "../testkit/end-with-us.ts";
import { connectPlain, formatHello, makeDevice, openPlainClient } from "../testkit/plain-client.ts";
import { openRealGateway, PROGRAM_MAIN, type RealGateway } from "../testkit/real-gateway.ts";
import { needsThat } from "../testkit/skip.ts";

interface Secure {
  readonly gateway: RealGateway;
  readonly url: string;
  readonly fingerprint: string;
  readonly words: string;
  /** Of another person's machine: nothing of the gateway's own state is seen there. */
  readonly elsewhere: Readonly<Record<string, string>>;
}

async function open(t: TestContext): Promise<Secure> {
  const gateway = await openRealGateway({ bare: true, config: { gateway: { tls: { enabled: true } } } });
  t.after(() => gateway.dispose());
  const shown = JSON.parse((await gateway.cli(["gateway", "tls", "--json"])).stdout) as { fingerprint: string; words: string };
  const elsewhere = {
    OPENCLAW_STATE_DIR: join(gateway.home, "elsewhere"), OPENCLAW_NODE_DIR: join(gateway.home, "node"), OPENCLAW_GATEWAY_PORT: "",
  };
  return { gateway, url: `wss://127.0.0.1:${gateway.port}`, ...shown, elsewhere };
}

test("a foreign client with a setup code: it takes the certificate the code pins and no other, is paired, and comes back by its own "
  + "token; revoked, its next frame is not read (S0.43, W.1.33, W.1.35, W.5.9, W.5.17)", async (t) => {
  const { gateway, url, fingerprint } = await open(t);
  const { setupCode } = JSON.parse((await gateway.cli(["devices", "join-code", "--json"])).stdout) as { setupCode: string };
  const code = JSON.parse(Buffer.from(setupCode, "base64url").toString()) as {
    url: string; bootstrapToken: string; tlsFingerprint: string;
  };
  assert.deepEqual([code.url, code.tlsFingerprint], [url, fingerprint]);
  await assert.rejects(openPlainClient({ url, fingerprint: "0".repeat(64) }), /another certificate/);

  const device = makeDevice();
  const place = { url: code.url, fingerprint: code.tlsFingerprint };
  const hello = { device, scopes: ["operator.read"], client: { id: "openclaw-ios", mode: "ui" } };
  const first = await connectPlain(place, { ...hello, bootstrapToken: code.bootstrapToken });
  const { deviceToken } = (first.hello as { auth: { deviceToken: string } }).auth;
  first.close();
  const back = await connectPlain(place, { ...hello, deviceToken });
  assert.equal((await back.ask("sessions.list")).ok, true);

  assert.equal((await gateway.cli(["devices", "revoke", "--device", device.id, "--role", "operator"])).code, 0);
  const late = back.ask("sessions.list").catch((error: Error) => error);
  assert.deepEqual(await back.closed, { code: 4001, reason: "gateway auth changed" });
  assert.ok(await late instanceof Error, "it was answered");
  const again = await openPlainClient(place);
  const refused = await again.ask("connect", formatHello(again.challenge, { ...hello, deviceToken }));
  assert.equal(refused.error?.details?.["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
});

test("our node over TLS: a token without a fingerprint pairs nothing and shows the words; with it the node works, and a revocation "
  + "ends it (S0.43, W.5.9)", async (t) => {
  const { gateway, url, fingerprint, words, elsewhere } = await open(t);
  const pair = ["node", "pair", "--url", url, "--token", gateway.token, "--name", "shed", "--json"];
  const unknown = await gateway.cli(pair, { env: elsewhere });
  assert.equal(unknown.code, 77);
  assert.match(unknown.stdout, /CERTIFICATE_UNKNOWN/);
  assert.ok(unknown.stdout.includes(words), "what a person has to compare");
  await assert.rejects(access(join(gateway.home, "node", "gateway.json")), "nothing was kept");
  assert.doesNotMatch((await gateway.cli(["devices", "list", "--json"])).stdout, /shed/, "and nothing sent");
  const paired = await gateway.cli([...pair, "--tls-fingerprint", fingerprint], { env: elsewhere });
  assert.equal(paired.code, 0, paired.stdout);

  const node = startProgram(["node", "start", "--workspace", join(gateway.home, "work")], { ...gateway.environment, ...elsewhere });
  await node.saw(/Online/);
  const which = ["nodes", "invoke", "--node", "shed", "--command", "system.which", "--params", '{"bins":["sh"]}', "--json"];
  assert.equal((await gateway.cli(which)).code, 0);
  assert.equal((await gateway.cli(["devices", "revoke", "--device", "shed", "--role", "node"])).code, 0);
  await node.saw(/Refused[^]*node pair/);
  assert.notEqual((await gateway.cli(which)).code, 0);
  node.child.kill("SIGINT");
  await node.ended;
});

const pty = needsThat(await access("/usr/bin/script").then(() => true, () => false), {
  what: "a person who compares words", why: "there is no script(1)", enable: "apt-get install bsdutils",
});

test("our command line at a terminal: a person says that the words agree, once; no is no, and nothing is sent (S0.43)", pty, async (t) => {
  const { gateway, url, fingerprint, words, elsewhere } = await open(t);
  const line = [process.execPath, PROGRAM_MAIN, "health", "--url", url, "--token", gateway.token];
  const answer = async (key: string): Promise<string> => {
    const person = startProgram([], { ...gateway.environment, ...elsewhere, TERM: "xterm", CI: "" }, [
      "/usr/bin/script", "-qec", line.join(" "), "/dev/null",
    ]);
    await person.saw(/Does it show the words/);
    person.child.stdin?.write(`${key}\n`);
    await person.ended;
    return person.output();
  };
  assert.match(await answer("n"), /CERTIFICATE_UNKNOWN/);
  const known = join(gateway.home, "elsewhere", "known-gateways.json");
  await assert.rejects(access(known));
  const agreed = await answer("y");
  assert.ok(agreed.includes(words));
  assert.ok((await readFile(known, "utf8")).includes(fingerprint));
  const later = await gateway.cli(["health", "--url", url, "--token", gateway.token, "--json"], { env: elsewhere });
  assert.equal(later.code, 0, later.stdout);
  assert.equal((await gateway.cli(["gateway", "tls", "--rotate", "--yes"])).code, 0);
  await gateway.stop();
  await gateway.start();
  const other = await gateway.cli(["health", "--url", url, "--token", gateway.token, "--json"], { env: elsewhere });
  assert.match(other.stdout, /CERTIFICATE_MISMATCH/, "another certificate is no question but a refusal");
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  output(): string;
  saw(pattern: RegExp): Promise<void>;
}

function startProgram(
  args: readonly string[], env: Readonly<Record<string, string>>, start: readonly string[] = [process.execPath, PROGRAM_MAIN],
): Running {
  const [program = "", ...before] = start;
  const child = spawn(program, [...before, ...args], { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
  endWithUs(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return {
    child, ended: once(child, "close"), output: () => output,
    saw: async (pattern) => {
      for (const began = Date.now(); !pattern.test(output); ) {
        if (Date.now() - began > 20_000) throw new Error(`it did not write ${String(pattern)}:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}
