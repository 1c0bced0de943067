/**
 * The agent's hands against the gateway itself: with every question waved through, nothing it runs can read the gateway's
 * state, change it, see its process or end it. On the real program, through the whole way an agent's command takes.
 */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { say, toolResults, type Turn } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

/** Root confines by another uid; anybody else needs namespaces of their own. */
const confinable = process.getuid?.() === 0 ? { skip: false as const } : needs(
  "user-namespaces", "the local node cannot reach its gateway",
);

interface Setting {
  readonly gateway: RealGateway;
  readonly operator: Watched;
  /** One turn in which the model makes this one call. */
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Turn>;
}

async function open(t: TestContext): Promise<Setting> {
  const model: ScriptedModel = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway(
    { config: scriptedConfig(model.url), args: ["--yes-local"], env: { GATEWAY_SECRET: "environ-canary-7781" } },
  );
  t.after(() => gateway.dispose());
  await gateway.wrote(/Local node\s+\S+ local\s+confined/);
  const operator = await gateway.connect();
  const call = async (name: string, args: Readonly<Record<string, unknown>>): Promise<Turn> => {
    model.script({ calls: [{ name, arguments: args }] });
    // A session for each: what a node said is outside text, and would make the next command one that asks.
    const turn = await say(operator, "go", { session: `agent:main:try-${model.requests.length}` });
    assert.equal(turn.status, "ok", turn.error);
    return turn;
  };
  return { gateway, operator, call };
}

/** What a shell line printed, or the reason it could not. */
async function run(setting: Setting, line: string): Promise<string> {
  return toolResults(await setting.call("exec", { command: line, timeoutMs: 10_000 })).join("");
}

test("no command reads the gateway's secrets: not from its files, not from its process, not under another name "
  + "(S0.1, S0.4, S0.19, S0.21)", confinable, async (t) => {
  const setting = await open(t);
  const { gateway } = setting;
  const { stateDir, pid, token } = gateway;
  assert.match(await run(setting, "echo works; pwd"), /works\n\S+workspace/, "it does run commands");
  const key = (await readFile(join(stateDir, "credentials", "key-encryption-key"))).toString("latin1");
  const credentials = `${stateDir}/credentials`;
  const tries = [
    `cat ${credentials}/gateway-token`, `cat ${credentials}/*`, `ls -la ${stateDir}`, `find ${stateDir} -type f | head -50; true`,
    `head -c 4000 ${stateDir}/state/openclaw.sqlite`, "cat ../credentials/gateway-token; ls ..", `cat /proc/${pid}/environ`,
    `cat /proc/${pid}/root${credentials}/gateway-token`, `ls -la /proc/${pid}/cwd/ /proc/${pid}/fd`, "ps -A -o pid,args", "env",
    "cat /proc/*/environ | tr '\\0' '\\n'", "cat /proc/1/environ | tr '\\0' '\\n'; cat /proc/self/environ | tr '\\0' '\\n'",
    `ln -sf ${stateDir} link; cat link/credentials/gateway-token`, `cp -r ${stateDir} copy; cat copy/credentials/gateway-token`,
    "cat /proc/self/mountinfo", "umount -l /tmp; ls /tmp; mount", `unshare -U -r -m sh -c 'umount -a; ls ${stateDir}'`,
  ];
  for (const line of tries) {
    const said = await run(setting, line);
    for (const secret of [token, key, "environ-canary-7781"]) assert.equal(said.includes(secret), false, `${line}\n${said}`);
    assert.doesNotMatch(said, /gateway run/, `${line}: the gateway's process is not to be seen`);
  }
  const paths = [`${credentials}/gateway-token`, "../credentials/gateway-token", `/proc/${pid}/environ`, "link/credentials/gateway-token"];
  for (const path of paths) {
    assert.match(toolResults(await setting.call("read_file", { path })).join(""), /^NODE_(PATH_FORBIDDEN|FILE_FAILED): /, path);
  }
});

test("no command changes the gateway's files or ends its process (S0.1, S0.19, S0.21)", confinable, async (t) => {
  const setting = await open(t);
  const { gateway, operator } = setting;
  const { stateDir, pid } = gateway;
  const before = await listing(stateDir);
  const tries = [
    `rm -rf ${stateDir}/state ${stateDir}/credentials`, `rm -rf ${stateDir}`, `echo broken > ${stateDir}/openclaw.json`,
    `chmod -R 777 ${stateDir}`, `mv ${stateDir} ${stateDir}-gone`, `cp /dev/null ${stateDir}/state/openclaw.sqlite`,
    `kill -9 ${pid}`, `kill -TERM ${pid}`, `kill -9 -- -${pid}`, "pkill -9 -f 'gateway run'", `echo 1000 > /proc/${pid}/oom_score_adj`,
    "killall -9 node", "kill -9 -1", // end the node and themselves at the most: the gateway starts another one
  ];
  for (const line of tries) {
    const said = await run(setting, `${line}; echo tried it`);
    if (!/^(pkill|killall|kill -9 -1)/.test(line)) assert.match(said, /tried it/, line);
    assert.equal((await operator.client.request("health", {}) as { ok: boolean }).ok, true, line);
  }
  assert.equal(gateway.pid, pid);
  process.kill(pid, 0);
  const after = await listing(stateDir);
  assert.deepEqual(before.filter((name) => !after.includes(name)), [], "nothing is gone");
  assert.equal(JSON.parse(await readFile(join(stateDir, "openclaw.json"), "utf8")) !== null, true);
  assert.match(
    toolResults(await setting.call("write_file", { path: join(stateDir, "openclaw.json"), content: "{}" })).join(""),
    /^NODE_PATH_FORBIDDEN: /,
  );
  await gateway.kill();
  await gateway.start();
  assert.equal((await say(await gateway.connect(), "still there?")).reply, "echo: still there?");
});

test("a link that leads out of the workspace is not followed, whoever made it (S0.19, S0.21, S0.41)", confinable, async (t) => {
  const setting = await open(t);
  const workspace = join(setting.gateway.stateDir, "workspace");
  await mkdir(join(workspace, "data"), { recursive: true });
  await writeFile(join(workspace, "data", "fine.txt"), "fine", { mode: 0o644 });
  await symlink(join(setting.gateway.stateDir, "credentials"), join(workspace, "out"));
  await symlink("/etc/passwd", join(workspace, "passwd"));
  assert.match(toolResults(await setting.call("read_file", { path: "data/fine.txt" })).join(""), /fine/);
  for (const path of ["out/gateway-token", "passwd", "data/../out/gateway-token", "../../../etc/passwd"]) {
    assert.match(toolResults(await setting.call("read_file", { path })).join(""), /^NODE_(PATH_FORBIDDEN|FILE_FAILED): /, path);
    assert.match(
      toolResults(await setting.call("write_file", { path, content: "x" })).join(""), /^NODE_(PATH_FORBIDDEN|FILE_FAILED): /, path,
    );
  }
  assert.match(toolResults(await setting.call("list_files", { path: "out" })).join(""), /^NODE_(PATH_FORBIDDEN|FILE_FAILED): /);
});

/** Files that belong to the gateway and do not come and go. */
async function listing(stateDir: string): Promise<readonly string[]> {
  const names = await readdir(stateDir, { recursive: true });
  return names.filter((name) => /^(credentials|state\/openclaw\.sqlite$|openclaw)/.test(name)).sort();
}
