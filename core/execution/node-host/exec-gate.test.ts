import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { codeOf, exactArgPattern, hasCode, OpenClawError, type ExecApprovalsFile, type ExecRule } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { createExecApprovalsStore } from "./exec-approvals-store.ts";
import { createExecGate, type RunParams } from "./exec-gate.ts";
import { findProgram } from "./find-program.ts";
import { temporaryDirectory } from "./host-for-test.ts";
import { compileGlob } from "./match-rule.ts";
import { createPathGuard } from "./path-guard.ts";

const PATH = process.env["PATH"] ?? "";
const pathOf = (name: string): string => findProgram(name, PATH, "/") ?? "";

async function setUp(t: TestContext, file?: ExecApprovalsFile) {
  const root = temporaryDirectory();
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [workspace, dir] = [join(root, "work"), join(root, "node")];
  for (const each of [workspace, dir]) mkdirSync(each);
  const store = createExecApprovalsStore(dir, systemClock);
  if (file !== undefined) await store.replace(file, undefined);
  const gate = createExecGate({ store, guard: createPathGuard(workspace, [], [dir]), own: { PATH } });
  /** `allowed`, or the reason it was denied for. */
  const reason = async (params: RunParams): Promise<string> => {
    try {
      await gate.admit(params);
      return "allowed";
    } catch (error) {
      assert.ok(error instanceof OpenClawError && error.code === "SYSTEM_RUN_DENIED", String(error));
      return String(error.detail["reason"]);
    }
  };
  return { root, workspace, dir, store, gate, reason };
}

const ls: RunParams = { command: ["ls", "-l"] };
const listing = (extra: object = {}): ExecApprovalsFile => (
  { version: 1, defaults: { security: "allowlist" }, agents: { main: { allowlist: [{ pattern: pathOf("ls") }], ...extra } } }
);

test("where the owner said nothing everything may run; deny wins over every approval (S4.22)", async (t) => {
  const open = await setUp(t);
  assert.equal(await open.reason(ls), "allowed");
  const closed = await setUp(t, { version: 1, defaults: { security: "deny" } });
  assert.equal(await closed.reason(ls), "security=deny");
  assert.equal(await closed.reason({ ...ls, approved: true, approvalDecision: "allow-always" }), "security=deny");
});

test("the stricter of the gateway's and the node's policy holds, whichever side it is on (W.8.12)", async (t) => {
  const open = await setUp(t);
  assert.equal(await open.reason({ ...ls, security: "deny" }), "security=deny");
  assert.equal(await open.reason({ ...ls, ask: "always" }), "approval-required");
  assert.equal(await open.reason({ ...ls, security: "allowlist" }), "allowlist-miss");
  const strict = await setUp(t, { version: 1, defaults: { security: "deny" } });
  assert.equal(await strict.reason({ ...ls, security: "full", ask: "off" }), "security=deny");
});

test("every combination of security and ask, listed and not, approved and not", async (t) => {
  const { store, reason } = await setUp(t);
  const other: RunParams = { command: ["uname"] };
  const expected: Readonly<Record<string, readonly [string, string, string]>> = {
    "full off": ["allowed", "allowed", "allowed"], "full on-miss": ["allowed", "allowed", "allowed"],
    "full always": ["approval-required", "approval-required", "allowed"],
    "allowlist off": ["allowed", "allowlist-miss", "allowed"], "allowlist on-miss": ["allowed", "approval-required", "allowed"],
    "allowlist always": ["approval-required", "approval-required", "allowed"],
  };
  for (const [setting, reasons] of Object.entries(expected)) {
    const [security, ask] = setting.split(" ") as ["full", "off"];
    const { hash, exists } = await store.snapshot();
    await store.replace({ ...listing(), defaults: { security, ask } }, exists ? hash : undefined);
    assert.deepEqual([await reason(ls), await reason(other), await reason({ ...other, approved: true })], reasons, setting);
  }
});

test("a rule is for the program that would really be started, not for its name", async (t) => {
  const { workspace, reason } = await setUp(t, listing());
  symlinkSync(pathOf("uname"), join(workspace, "ls"));
  writeFileSync(join(workspace, "fake"), "#!/bin/sh\n", { mode: 0o755 });
  assert.equal(await reason(ls), "allowed");
  assert.equal(await reason({ command: [pathOf("ls")] }), "allowed");
  assert.equal(await reason({ command: ["./ls"] }), "allowlist-miss", "another program under the same name");
  assert.equal(await reason({ command: ["./fake"] }), "allowlist-miss");
  assert.equal(await reason({ command: ["no-such-program"] }), "allowlist-miss");
});

test("each command of a shell line has to be on the list; one that can not be read is not", async (t) => {
  const { reason } = await setUp(t, listing());
  const sh = (script: string): RunParams => ({ command: ["/bin/sh", "-lc", script] });
  assert.equal(await reason(sh("ls -l; ls /tmp")), "allowed");
  for (const script of ["ls; uname", "ls && rm x", "ls $(uname)", "ls > x", "ls | tee x", "ls\nuname"]) {
    assert.equal(await reason(sh(script)), "allowlist-miss", script);
  }
});

test("a shortened long option is another argument: the rule's arguments hold to the letter (CVE-2026-28363)", async (t) => {
  const rule = { pattern: pathOf("sort"), argPattern: exactArgPattern(["--reverse", "a b"]) };
  const { reason } = await setUp(t, { version: 1, defaults: { security: "allowlist" }, agents: { main: { allowlist: [rule] } } });
  assert.equal(await reason({ command: ["sort", "--reverse", "a b"] }), "allowed");
  const others = [["--reverse", "a", "b"], ["--rev", "a b"], ["--compress-prog=sh", "a b"], [], ["--reverse"]];
  assert.equal(await reason({ command: ["sort", "--reverse", "a b", "-o", "x"] }), "allowlist-miss");
  for (const args of others) {
    assert.equal(await reason({ command: ["sort", ...args] }), "allowlist-miss", args.join(" "));
  }
});

test("an interpreter with a text on its command line is no listed program where that is asked for", async (t) => {
  const rule = { pattern: process.execPath };
  const { reason } = await setUp(t, { version: 1, defaults: { security: "allowlist" }, agents: { "*": { allowlist: [rule] } } });
  assert.equal(await reason({ command: [process.execPath, "-e", "1"] }), "allowed");
  assert.equal(await reason({ command: [process.execPath, "-e", "1"], strictInlineEval: true }), "allowlist-miss");
  assert.equal(await reason({ command: [process.execPath, "x.js"], strictInlineEval: true }), "allowed");
});

test("an always becomes a rule for exactly this command, and for nothing that can not be read (S4.22)", async (t) => {
  const { store, reason } = await setUp(t, { version: 1, defaults: { security: "allowlist", ask: "on-miss" } });
  const run: RunParams = { command: ["sh", "-c", "uname -a; ls"], agentId: "work" };
  assert.equal(await reason(run), "approval-required");
  assert.equal(await reason({ ...run, approved: true, approvalDecision: "allow-always" }), "allowed");
  assert.equal(await reason(run), "allowed");
  assert.equal(await reason({ ...run, command: ["sh", "-c", "uname -r; ls"] }), "approval-required");
  assert.equal(await reason({ ...run, agentId: "other" }), "approval-required", "another agent was not meant");
  assert.deepEqual((await store.load()).agents?.["work"]?.allowlist?.map(({ pattern }) => pattern), [pathOf("uname"), pathOf("ls")]);
  const unread: RunParams = { command: ["sh", "-c", "echo $HOME"], approved: true, approvalDecision: "allow-always" };
  assert.equal(await reason(unread), "allowed");
  assert.equal((await store.load()).agents?.["main"], undefined);
});

test("what runs is the plan: another command, directory, agent, session or script is refused (#78415)", async (t) => {
  const { workspace, gate, reason } = await setUp(t);
  mkdirSync(join(workspace, "sub"));
  writeFileSync(join(workspace, "job.sh"), "echo one\n");
  const asked: RunParams = { command: ["sh", "job.sh"], agentId: "main", sessionKey: "agent:main:main" };
  const { plan, execPolicy, allowAlwaysCoverage } = await gate.prepare(asked);
  assert.deepEqual([plan.argv, plan.cwd, plan.agentId, plan.sessionKey], [asked.command, workspace, "main", "agent:main:main"]);
  assert.deepEqual([execPolicy, plan.mutableFileOperand?.argvIndex], [{ security: "full", ask: "off" }, 1]);
  assert.equal(allowAlwaysCoverage.complete, false, "what a script does is not in its name");
  const run: RunParams = { ...asked, approved: true, systemRunPlan: { ...plan } };
  assert.equal(await reason(run), "allowed");
  for (const change of [
    { command: ["sh", "other.sh"] }, { command: ["sh", "job.sh", "x"] }, { cwd: "sub" }, { agentId: "work" }, { sessionKey: "agent:main:x" },
  ]) assert.equal(await reason({ ...run, ...change }), "execution-plan-miss", JSON.stringify(change));
  writeFileSync(join(workspace, "job.sh"), "rm -rf /\n");
  assert.equal(await reason(run), "execution-plan-miss", "the script is another one than was shown");
});

test("the text a person is shown is the command itself, whatever the gateway calls it (#78415)", async (t) => {
  const { gate } = await setUp(t);
  const shown = async (params: RunParams): Promise<string> => (await gate.prepare(params)).plan.commandText;
  assert.equal(await shown({ command: ["/bin/sh", "-lc", "uptime"], rawCommand: "uptime" }), "uptime");
  assert.equal(await shown({ command: ["rm", "-r", "a b"], rawCommand: "ls" }), 'rm -r "a b"');
});

test("a file that is damaged allows nothing; the file is replaced only by its hash", async (t) => {
  const { dir, store, reason } = await setUp(t, listing());
  const { hash, path, resolvedDefaults } = await store.snapshot();
  assert.deepEqual([path, resolvedDefaults?.security], [join(dir, "exec-approvals.json"), "allowlist"]);
  const stale = (error: unknown): boolean => (
    hasCode(error, "PARAMS_INVALID") && (error as Error).message === "exec approvals changed; reload and retry"
  );
  await assert.rejects(store.replace({ version: 1 }, "0".repeat(64)), stale);
  await assert.rejects(store.replace({ version: 1 }, undefined), (error) => codeOf(error) === "PARAMS_INVALID");
  await assert.rejects(store.replace({ version: 2 }, hash), (error) => codeOf(error) === "PARAMS_INVALID");
  const after = await store.replace({ version: 1, socket: { path: "/s", token: "secret" } }, hash);
  assert.equal(JSON.stringify(after).includes("secret"), false, "the socket of another program is not shown");
  assert.equal(readFileSync(path, "utf8").includes("secret"), false, "and not kept");
  const again = await store.replace({ ...after.file, defaults: {} }, after.hash);
  assert.notEqual(again.hash, after.hash);
  writeFileSync(path, "{ no json");
  assert.equal(await reason(ls), "security=deny");
});

test("a rule says when it was used last and for what; that spoils no edit that was begun (W.8.14)", async (t) => {
  const { store, reason } = await setUp(t, listing());
  const { hash } = await store.snapshot();
  assert.equal(await reason(ls), "allowed");
  const noted = async (): Promise<ExecRule | undefined> => {
    const { file, hash: now } = await store.snapshot();
    assert.equal(now, hash);
    return file.agents?.["main"]?.allowlist?.[0];
  };
  while ((await noted())?.lastUsedAt === undefined) await new Promise((resolve) => setImmediate(resolve));
  const { lastUsedAt, ...rule } = (await noted()) as ExecRule;
  assert.deepEqual(rule, { pattern: pathOf("ls"), lastUsedCommand: "ls -l", lastResolvedPath: pathOf("ls") });
  assert.equal(await reason({ command: ["ls", "-a"] }), "allowed");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await noted())?.lastUsedAt, lastUsedAt, "not written again within the minute");
  await store.replace({ version: 1 }, hash);
});

test("what the file could ask for and is not done is refused over the wire, and told where it is written by hand (W.8.14)", async (t) => {
  const { dir, store, reason } = await setUp(t);
  const unmet: readonly (readonly [ExecApprovalsFile, RegExp])[] = [
    [{ version: 1, defaults: { askFallback: "full" } }, /defaults\.askFallback can only be deny/],
    [{ version: 1, agents: { work: { autoAllowSkills: true } } }, /agents\.work\.autoAllowSkills can only be false/],
    [{ version: 1, agents: { "*": { mcpTools: [{ server: "a" }] } } }, /agents\.\*\.mcpTools has to be empty/],
  ];
  for (const [file, words] of unmet) {
    await assert.rejects(store.replace(file, undefined), (error) => codeOf(error) === "PARAMS_INVALID" && words.test(String(error)));
  }
  await store.replace({ version: 1, defaults: { askFallback: "deny", autoAllowSkills: false } }, undefined);
  const told: string[] = [];
  const byHand = createExecApprovalsStore(dir, systemClock, (what) => told.push(...what));
  const text = JSON.stringify({ version: 1, defaults: { security: "allowlist", ask: "on-miss", askFallback: "full" } });
  writeFileSync(join(dir, "exec-approvals.json"), text);
  for (let times = 0; times < 3; times += 1) await byHand.load();
  assert.equal(told.length, 1);
  assert.equal((await byHand.snapshot()).resolvedDefaults?.askFallback, "deny", "what holds is shown");
  assert.equal(await reason(ls), "approval-required");
});

test("an edit by hand holds from the next command on, also one that leaves the file as long as it was", async (t) => {
  const { dir, reason } = await setUp(t, { version: 1, defaults: { security: "full" } });
  assert.equal(await reason(ls), "allowed");
  writeFileSync(join(dir, "exec-approvals.json"), JSON.stringify({ version: 1, defaults: { security: "deny" } }));
  assert.equal(await reason(ls), "security=deny");
  for (const security of ["full", "deny", "full"]) {
    writeFileSync(join(dir, "exec-approvals.json"), JSON.stringify({ version: 1, defaults: { security } }));
    assert.equal(await reason(ls), security === "full" ? "allowed" : "security=deny");
  }
});

test("globs: two stars cross directories, one does not", () => {
  const fits = (pattern: string, path: string): boolean => compileGlob(pattern).test(path);
  assert.deepEqual(
    [fits("/usr/bin/*", "/usr/bin/ls"), fits("/usr/*", "/usr/bin/ls"), fits("/usr/**", "/usr/bin/ls"), fits("/**/ls", "/usr/bin/ls")],
    [true, false, true, true],
  );
  assert.deepEqual([fits("/usr/bin/l?", "/usr/bin/ls"), fits("/usr/bin/l.", "/usr/bin/ls")], [true, false]);
  assert.equal(fits("~/x", `${homedir()}/x`), true);
});
