/**
 * The drill: a gateway in the middle of its work is backed up, goes on, is lost, and comes back from the backup. What was accepted
 * before is there, what was done is not done again, what waited still waits, and its nodes obey it.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { approvalOf, history, say, send, settled, textOf, toolResults } from "@openclaw/testkit/conversation";
import { endWithUs, untilEnd } from "@openclaw/testkit/end-with-us";
import { openRealGateway, PROGRAM_MAIN, type RealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";
import { openTmux } from "@openclaw/testkit/tmux";

const env = { OPENCLAW_BACKUP_PASSPHRASE: "four words nobody guesses" };
const mark = (word: string): string => `echo ${word} >> witness; echo ${word}`;

test("a restored gateway goes on from its backup: history, a question to a person and the schedule are there, nothing is done twice, "
  + "and a node that served the original since obeys it (S3.13, S1.20)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const backup = { everyHours: 1, passphrase: "x".repeat(12) };
  const gateway = await openRealGateway({ config: { ...scriptedConfig(model.url, { yesLocal: true }), backup } });
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far", tags: ["gpu"] });
  t.after(() => node.dispose());
  const before = await gateway.connect();
  await say(before, `first ${callMark("exec", { command: mark("first") })}`);
  assert.equal(await witnessOf(gateway), "first\n");
  await before.client.request("cron.add", {
    name: "nightly", schedule: { kind: "cron", expr: "0 3 * * *", tz: "UTC" }, payload: { kind: "agentTurn", message: "look around" },
    sessionTarget: "isolated", wakeMode: "now",
  });
  await send(before, `asked ${callMark("exec", { tag: "gpu", command: mark("asked") })}`, { key: "asked" });
  const approvalId = await approvalOf(before);

  for (let tries = 0; (await listed(gateway)).length === 0; tries += 1) {
    assert.ok(tries < 200, "the gateway makes one by itself, for the configuration says so");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const made = await gateway.cli(["backup", "create", "--json"], { env });
  assert.equal(made.code, 0, made.stdout + made.stderr);
  const { file } = JSON.parse(made.stdout) as { readonly file: string };
  await killedBeforeItsEnd(gateway);
  const verified = await gateway.cli(["backup", "verify", file, "--json"], { env });
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const wrong = await gateway.cli(["backup", "verify", file, "--json"], { env: { OPENCLAW_BACKUP_PASSPHRASE: "another passphrase" } });
  assert.match(wrong.stdout, /BACKUP_PASSPHRASE_WRONG/);

  // The original goes on, and its node hears newer epochs than any the backup knows.
  for (const word of ["second", "third"]) {
    await gateway.kill();
    await gateway.start();
    const operator = await gateway.connect();
    await untilOnline(gateway);
    const turn = await say(operator, `${word} ${callMark("exec", { tag: "gpu", argv: ["uname"] })}`, { session: "other" });
    assert.deepEqual(toolResults(turn), ["Linux"], turn.error);
  }
  const refused = await gateway.cli(["backup", "restore", file, "--replace", "--yes", "--json"], { env });
  assert.match(refused.stdout, /STATE_HELD/, "not under a gateway that runs");
  assert.equal(await gateway.stop(), 0);
  const full = await gateway.cli(["backup", "restore", file, "--yes", "--json"], { env });
  assert.match(full.stdout, /BACKUP_TARGET_FULL/);
  const restored = await gateway.cli(["backup", "restore", file, "--replace", "--yes", "--json"], { env });
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);

  await gateway.start();
  const after = await gateway.connect();
  const said = (await history(after)).filter(({ role }) => role === "user").map(textOf).join("\n");
  assert.deepEqual([/first/.test(said), /asked/.test(said)], [true, true], said);
  assert.deepEqual(await history(after, "other"), [], "of what came after the backup it knows nothing");
  const jobs = await after.client.request("cron.list", {}) as { readonly jobs: readonly { readonly name: string }[] };
  assert.deepEqual(jobs.jobs.map(({ name }) => name), ["nightly"]);
  const waiting = (await after.client.request("exec.approval.list", {})) as readonly { readonly id: string }[];
  assert.deepEqual(waiting.map(({ id }) => id), [approvalId]);
  await untilOnline(gateway);
  await after.client.request("exec.approval.resolve", { id: approvalId, decision: "allow-once" });
  const turn = await settled(after, "asked");
  assert.deepEqual([turn.status, toolResults(turn)], ["ok", ["asked"]], turn.error);
  assert.equal(await readFile(join(node.workspace, "witness"), "utf8"), "asked\n");
  const obeyed = await say(after, `again ${callMark("exec", { tag: "gpu", argv: ["uname"] })}`, { session: "other" });
  assert.deepEqual(toolResults(obeyed), ["Linux"], "the node heard newer epochs of this session, from the original");
  assert.equal(await witnessOf(gateway), "first\n", "what was done before the backup is not done again");
  assert.equal(await gateway.stop(), 0);
  const examined = await gateway.cli(["doctor", "--json"]);
  assert.equal(examined.code, 0, examined.stdout);
  await t.test("a person is asked for the passphrase, twice for a new one, and never sees it; a wrong one is called that (S3.13)",
    needs("tmux"), (typing) => typedPassphrase(typing, gateway));
});

async function typedPassphrase(t: TestContext, { home, environment }: RealGateway): Promise<void> {
  const file = join(home, "typed.backup");
  const openclaw = [process.execPath, PROGRAM_MAIN, "backup"].join(" ");
  const line = [`create --to ${file}`, `create --to ${file}`, `verify ${file}`, `verify ${file}`].map((verb) => `${openclaw} ${verb}`);
  const terminal = await openTmux({ command: ["sh", "-c", line.join("; ")], env: environment, columns: 120 });
  t.after(() => terminal.dispose());
  const asked = async (times: number, prompt: string, answer: string): Promise<void> => {
    await terminal.until(new RegExp(`(?:${prompt}[^]*){${times}}`));
    await terminal.type(answer);
    await terminal.keys("Enter");
  };
  await asked(1, "Passphrase:", "five words nobody guesses");
  await asked(1, "Once more:", "five words nobody gueses");
  await terminal.until(/The two are not the same/);
  await asked(2, "Passphrase:", "five words nobody guesses");
  await asked(2, "Once more:", "five words nobody guesses");
  await terminal.until(/✓ \S+typed\.backup/);
  await asked(3, "Passphrase:", "six words nobody guesses");
  await terminal.until(/BACKUP_PASSPHRASE_WRONG/);
  await asked(4, "Passphrase:", "five words nobody guesses");
  const seen = await terminal.until(/ended with \d/);
  assert.match(seen, /BACKUP_PASSPHRASE_WRONG[^]*All of it verifies[^]*ended with 0/);
  assert.doesNotMatch(seen, /nobody/, "what was typed is not shown");
}

/** Runs before the program: what gives the unfinished file its name ends the process instead. */
const DEADLY = `import files from "node:fs/promises"; import { syncBuiltinESMExports } from "node:module";
const { rename } = files;
files.rename = (from, to) => String(from).endsWith(".part") ? process.kill(process.pid, "SIGKILL") : rename(from, to);
syncBuiltinESMExports();`;

/** A backup that is killed before its end leaves nothing that looks like one. */
async function killedBeforeItsEnd(gateway: RealGateway): Promise<void> {
  const folder = join(gateway.home, "killed");
  const child = spawn(process.execPath, [PROGRAM_MAIN, "backup", "create", "--to", folder], {
    env: { ...gateway.environment, ...env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(DEADLY)}` }, stdio: "ignore",
  });
  endWithUs(child);
  await untilEnd(child);
  assert.equal(child.signalCode, "SIGKILL");
  const left = await readdir(folder);
  assert.ok(left.some((name) => name.endsWith(".part")), left.join());
  assert.deepEqual(left.filter((name) => !name.endsWith(".part")), [], left.join());
  assert.deepEqual(await listed(gateway, "--to", folder), []);
}

async function listed(gateway: RealGateway, ...more: readonly string[]): Promise<readonly unknown[]> {
  const { stdout } = await gateway.cli(["backup", "list", "--json", ...more]);
  return (JSON.parse(stdout) as { readonly backups: readonly unknown[] }).backups;
}

async function untilOnline(gateway: RealGateway): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { stdout } = await gateway.cli(["nodes", "--json"]);
    const { nodes = [] } = JSON.parse(stdout) as {
      readonly nodes?: readonly { readonly displayName?: string; readonly connected?: boolean }[];
    };
    if (["far", "local"].every((name) => nodes.some((one) => one.displayName === name && one.connected === true))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("a node stays away");
}

async function witnessOf(gateway: RealGateway): Promise<string> {
  return await readFile(join(gateway.stateDir, "workspace", "witness"), "utf8").catch(() => "");
}
