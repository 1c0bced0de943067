import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intent } from "@openclaw/sdk";
import exec, { splitCommandLine } from "./index.ts";

const ctx = { workspace: "/w", sessionKey: "agent:main:main", agentId: "main" };
const propose = (args: unknown): Extract<Intent, { actuator: "node" }> => {
  const intent = exec.propose(args, ctx);
  assert.ok(intent.actuator === "node");
  return intent;
};
const argvOf = (args: unknown): unknown => propose(args).params["command"];

test("an argv is proposed as it is, with what was asked and nothing else", () => {
  assert.deepEqual(propose({ argv: ["uname", "-a"] }), {
    actuator: "node", effect: "unsafe", command: "system.run", target: { command: "system.run" },
    params: { command: ["uname", "-a"], timeoutMs: 1_800_000, sessionKey: "agent:main:main" }, timeoutMs: 1_800_000, summary: "uname -a",
  });
  const full = propose({ argv: ["make"], node: "box", tag: "gpu", cwd: "src", timeoutMs: 5_000, host: "node" });
  assert.deepEqual(full.target, { command: "system.run", node: "box", tag: "gpu" });
  assert.deepEqual(full.params, { command: ["make"], cwd: "src", timeoutMs: 5_000, sessionKey: "agent:main:main" });
  assert.equal(full.timeoutMs, 5_000);
});

test("in the background it is a job, of the same argv", () => {
  const intent = propose({ command: "sleep 100", background: true });
  assert.equal(intent.command, "job.start");
  assert.equal(intent.target.command, "job.start");
  assert.deepEqual(intent.params["command"], ["sleep", "100"]);
});

test("an argv wins over a command line, and one of them has to be there", () => {
  assert.deepEqual(argvOf({ argv: ["a", "b c"], command: "d" }), ["a", "b c"]);
  for (const args of [{}, { command: "" }, { command: "  \n" }]) assert.throws(() => propose(args), /^Error: Give argv or command\.$/);
});

test("a plain command line becomes words, and quotes hold words together", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["uptime", ["uptime"]],
    ["  df   -h\t/tmp ", ["df", "-h", "/tmp"]],
    ["echo 'a b' \"c d\"", ["echo", "a b", "c d"]],
    ["echo a'b c'd\"e f\"", ["echo", "ab cde f"]],
    ["echo \"it's\" 'say \"hi\"'", ["echo", "it's", "say \"hi\""]],
    ["grep '' \"\" file", ["grep", "", "", "file"]],
    ["ls --color=never", ["ls", "--color=never"]],
    ["cat ./a-b_c.txt,d:e@f%g+h^i", ["cat", "./a-b_c.txt,d:e@f%g+h^i"]],
    ["echo ä \u{1f980}", ["echo", "ä", "\u{1f980}"]],
  ];
  for (const [line, words] of cases) assert.deepEqual(splitCommandLine(line), words, line);
});

test("a line with anything only a shell understands goes to one, whole and as one argument", () => {
  const lines = [
    "a | b", "a && b", "a; b", "a &", "a > f", "a < f", "echo $HOME", "echo `id`", "echo $(id)", "ls *.ts", "ls ?", "ls [ab]", "echo {a,b}",
    "cd ~", "a # b", "! a", "echo a\\ b", "a\nb", "\"$HOME\"", "echo '$HOME'",
  ];
  for (const line of lines) assert.deepEqual(splitCommandLine(line), ["/bin/sh", "-c", line], line);
});

test("an assignment before the command needs a shell, an argument with an equals sign does not", () => {
  for (const line of ["A=1 env", "  FOO=bar", "PATH=/x ls"]) assert.deepEqual(splitCommandLine(line), ["/bin/sh", "-c", line]);
  assert.deepEqual(splitCommandLine("env A=1 ls"), ["env", "A=1", "ls"]);
});

test("quotes that do not close are the shell's to complain about", () => {
  for (const line of ["echo 'a", "echo \"a", "echo a' b\"c", "it's"]) assert.deepEqual(splitCommandLine(line), ["/bin/sh", "-c", line]);
});

const ended = { exitCode: 0, timedOut: false, success: true, stdout: "", stderr: "", error: null };

test("what a model reads of a run: its output, what went to stderr, and how it ended when it did not end well", () => {
  const shown = (payload: unknown): readonly [string, boolean] => {
    const { text, isError } = exec.present(payload);
    return [text, isError];
  };
  assert.deepEqual(shown({ ...ended, stdout: "a\nb\n" }), ["a\nb", false]);
  assert.deepEqual(shown({ ...ended, stdout: "out\n", stderr: "warn\n" }), ["out\n[stderr]\nwarn", false]);
  assert.deepEqual(shown(ended), ["", false]);
  assert.deepEqual(shown({ ...ended, exitCode: 2, stdout: "x" }), ["x\n[exit code 2]", true]);
  assert.deepEqual(shown({ ...ended, exitCode: null, signal: "SIGKILL" }), ["[exit code none, signal SIGKILL]", true]);
  assert.deepEqual(shown({ ...ended, exitCode: null, timedOut: true, error: "It ran longer than 5 ms and was ended." }), [
    "[ended: it took longer than allowed]\n[It ran longer than 5 ms and was ended.]", true,
  ]);
  assert.deepEqual(shown({ jobId: "j1", state: "running" }), ["Started in the background as job j1.", false]);
});
