/** What nobody should send and no machine should do, on the real program: each is refused with a code, and everybody else is served. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { EXIT, hasCode } from "@openclaw/protocol";
import { history, say, send, settled, textOf } from "@openclaw/testkit/conversation";
import { connectPlain } from "@openclaw/testkit/plain-client";
import { openRealGateway, type RealGateway, type RealGatewayOptions } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

const run = promisify(execFile);
const HUNDRED_MB = 100_000_000;
const DAY_MS = 86_400_000;

async function open(t: TestContext, { config = {}, ...options }: RealGatewayOptions = {}): Promise<RealGateway> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: { ...scriptedConfig(model.url), ...(config as object) }, ...options });
  t.after(() => gateway.dispose());
  return gateway;
}

async function residentBytes(pid: number): Promise<number> {
  const [, pages = "0"] = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
  return Number(pages) * 4_096;
}

test("a message of 100 MB is refused with a code by whoever is asked to send it, ends no other request, and costs the gateway nothing "
  + "(S0.7, S0.19, S3.13)", needs("linux"), async (t) => {
  const gateway = await open(t, { config: { hooks: { enabled: true } } });
  const watched = await gateway.connect();
  assert.equal((await say(watched, "hello")).reply, "echo: hello");
  const before = await residentBytes(gateway.pid);
  const huge = "x".repeat(HUNDRED_MB);
  const running = send(watched, "slowly [[tokens 20 20]]", { key: "meanwhile" });
  await assert.rejects(send(watched, huge), (error) => hasCode(error, "TOO_LARGE"));
  assert.equal((await settled(watched, await running)).status, "ok", "the same connection goes on");
  await assert.rejects(send(watched, "x".repeat(300_000)), (error) => hasCode(error, "MESSAGE_TOO_LARGE"));

  const rude = await connectPlain(gateway.port, { token: gateway.token });
  rude.sendRaw(`{"type":"req","id":"1","method":"chat.send","params":{"message":"${huge}"}}`);
  assert.equal((await rude.closed).code, 1009, "whoever sends it all the same loses his own connection");

  const tokenFile = join(gateway.stateDir, "credentials", "hooks-token");
  while (!existsSync(tokenFile)) await new Promise((resolve) => setTimeout(resolve, 20));
  const token = (await readFile(tokenFile, "utf8")).trim();
  assert.deepEqual(await postHuge(gateway.port, token, true), { status: 413, code: "HOOK_BODY_TOO_LARGE" });
  const cut = await postHuge(gateway.port, token, false);
  assert.ok(cut === "cut" || cut.code === "HOOK_BODY_TOO_LARGE", JSON.stringify(cut));
  const grown = (await residentBytes(gateway.pid)) - before;
  assert.ok(grown < 90_000_000, `${Math.round(grown / 1e6)} MB more`);
  assert.equal((await say(watched, "still there?")).reply, "echo: still there?");
});

/** A hook's call of 100 MB, told beforehand or not; `cut` where the gateway closed on it before it had read the answer. */
function postHuge(port: number, token: string, told: boolean): Promise<{ readonly status: number; readonly code: string } | "cut"> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}`, ...(told ? { "content-length": HUNDRED_MB } : {}) };
    const request = httpRequest({ port, path: "/hooks/agent", method: "POST", headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => {
        const { error } = JSON.parse(text) as { readonly error: { readonly code: string } };
        resolve({ status: response.statusCode ?? 0, code: error.code });
        request.destroy();
      });
    });
    request.on("error", () => resolve("cut"));
    const piece = Buffer.alloc(1_048_576, 0x20);
    let left = HUNDRED_MB;
    const more = (): void => {
      while (left > 0 && !request.destroyed) {
        left -= piece.length;
        if (!request.write(piece.subarray(0, Math.min(piece.length, left + piece.length)))) return void request.once("drain", more);
      }
      if (!told) request.end();
    };
    more();
  });
}

const JOB = { name: "x", schedule: { kind: "every", everyMs: 60_000 }, payload: { kind: "agentTurn", message: "x" } };

test("a session key with control characters is refused with a code wherever one can be said, and nothing is made of it "
  + "(S4.7, S3.13)", async (t) => {
  const gateway = await open(t);
  const watched = await gateway.connect();
  await say(watched, "hello");
  const { client } = watched;
  for (const key of ["a\u0000b", "a\u001b[2Jb", "a\nb", "a\u007fb", "a\u0085b", "agent:main:\u202eniam", "a\u2028b", "\ud800"]) {
    const shown = JSON.stringify(key);
    const calls: readonly (readonly [method: string, params: object])[] = [
      ["chat.send", { sessionKey: key, message: "hi", idempotencyKey: "k" }], ["chat.history", { sessionKey: key }],
      ["agent", { sessionKey: key, message: "hi", idempotencyKey: "k" }], ["sessions.patch", { key, label: "x" }],
      ["sessions.create", { key }], ["sessions.reset", { key }], ["sessions.delete", { key }], ["sessions.fork", { key: "main", as: key }],
      ["cron.add", { ...JOB, sessionTarget: `session:${key}` }], ["cron.add", { ...JOB, sessionTarget: "current", sessionKey: key }],
    ];
    for (const [method, params] of calls) {
      await assert.rejects(client.request(method, params), (error) => {
        assert.ok(hasCode(error, "SESSION_KEY_INVALID") || hasCode(error, "PARAMS_INVALID"), `${method} ${shown}: ${String(error)}`);
        return true;
      }, `${method} ${shown}`);
    }
    if (key.includes("\u0000") || !key.isWellFormed()) continue; // no argument of a program can hold these
    const said = await gateway.cli(["sessions", "history", key]);
    assert.equal(said.code, EXIT.usage, said.stderr);
    assert.match(said.stderr, /SESSION_KEY_INVALID/);
    assert.doesNotMatch(said.stderr.replaceAll("\n", ""), /\p{Cc}|\u202e/u, "the refusal moves no cursor");
  }
  const { sessions } = await client.request("sessions.list", {}) as { readonly sessions: readonly { readonly key: string }[] };
  assert.deepEqual(sessions.map(({ key }) => key), ["agent:main:main"]);
});

test("the disk is full in mid-conversation: new messages are refused with a code, what was accepted is answered once there is room, "
  + "and every chain verifies (S0.16, S0.40, S3.2)", needs("root", "a really full disk under a gateway"), async (t) => {
  const disk = await mkdtemp(join(tmpdir(), "openclaw-full-"));
  await run("mount", ["-t", "tmpfs", "-o", "size=24m,mode=0755", "tmpfs", disk]);
  const home = join(disk, "home");
  await mkdir(home);
  const gateway = await open(t, { home });
  t.after(async () => {
    await run("umount", ["-l", disk]);
    await rm(disk, { recursive: true, force: true });
  });
  const watched = await gateway.connect();
  await say(watched, "before");
  await send(watched, "slowly [[tokens 40 30]]", { key: "accepted" });
  await watched.until(({ event, payload }) => event === "chat" && JSON.stringify(payload).includes("word2"));
  const ballast = join(disk, "ballast");
  await run("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4096"]).catch(() => undefined); // until nothing fits any more
  assert.ok((await stat(ballast)).size > 1_000_000);
  let refused = "";
  for (let at = 0; at < 400 && refused === ""; at++) {
    await send(watched, `${at} ${"z".repeat(20_000)}`, { session: "filler", key: `filler-${at}` }).catch((error: unknown) => {
      refused = hasCode(error, "DISK_FULL") ? "DISK_FULL" : String(error);
    });
  }
  assert.equal(refused, "DISK_FULL");
  await watched.client.request("health", {});
  const told = await gateway.cli(["doctor", "--json"]);
  assert.match(told.stdout, /"DISK_FULL"/, "the doctor says so beside the gateway");
  await rm(ballast);
  assert.equal((await settled(watched, "accepted")).status, "ok", "it stalled, and went on");
  assert.equal((await say(watched, "after")).reply, "echo: after");
  const texts = (await history(watched)).filter(({ role }) => role === "user").map(textOf);
  assert.deepEqual(texts, ["before", "slowly [[tokens 40 30]]", "after"]);
  await gateway.stop();
  const well = JSON.parse((await gateway.cli(["doctor", "--json"])).stdout) as { readonly findings: readonly { readonly level: string }[] };
  assert.deepEqual(well.findings.filter(({ level }) => level === "problem"), []);
});

test("a clock that goes back by a day between two starts reorders nothing, repeats nothing and holds nobody up; the doctor tells of it "
  + "(S0.16, S1.10, S3.2)", async (t) => {
  const gateway = await open(t);
  const back = join(gateway.home, "yesterday.mjs");
  await writeFile(back, `const real = Date.now; Date.now = () => real() - ${DAY_MS};`);
  const yesterday = { NODE_OPTIONS: `--import ${back}` };
  const first = await gateway.connect();
  await say(first, "one", { key: "one" });
  await send(first, "slowly [[tokens 60 20]]", { key: "cut" });
  await first.until(({ event, payload }) => event === "chat" && JSON.stringify(payload).includes("word3"));
  await gateway.kill();
  await gateway.start(yesterday);
  const second = await gateway.connect();
  assert.equal((await settled(second, "cut")).status, "ok");
  assert.equal((await say(second, "one", { key: "one" })).reply, "echo: one", "a repeat is known for what it is");
  assert.equal((await say(second, "two")).reply, "echo: two");
  await gateway.stop();
  const found = await gateway.cli(["doctor"], { env: yesterday });
  assert.match(found.stdout, /clock is 2[34] h behind/);
  await gateway.start();
  const third = await gateway.connect();
  assert.equal((await say(third, "three")).reply, "echo: three");
  const texts = (await history(third)).filter(({ role }) => role === "user").map(textOf);
  assert.deepEqual(texts, ["one", "slowly [[tokens 60 20]]", "two", "three"]);
  await gateway.stop();
  assert.match((await gateway.cli(["doctor"])).stdout, /every chain verifies/);
});
