import assert from "node:assert/strict";
import { test } from "node:test";
import { commandSegments, isInlineEval, runsScriptFile, shellLineOf, startsShell } from "./command-segments.ts";

const sh = (script: string): readonly string[] => ["/bin/sh", "-lc", script];

test("a plain shell line is every command in it, by its words (S4.22)", () => {
  const cases: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["uptime", [["uptime"]]],
    ["ls -l /tmp && cat 'a b' | sort", [["ls", "-l", "/tmp"], ["cat", "a b"], ["sort"]]],
    ["git status; git log -1\nuname", [["git", "status"], ["git", "log", "-1"], ["uname"]]],
    ["nohup nice ls", [["ls"]]],
    ["bash -c 'echo hi'", [["echo", "hi"]]],
  ];
  for (const [script, segments] of cases) assert.deepEqual(commandSegments(sh(script)), segments, script);
  assert.deepEqual(commandSegments(["git", "log; rm -rf /"]), [["git", "log; rm -rf /"]], "an argument is no command line");
});

test("what only a shell understands is not known, and so on nobody's list", () => {
  const scripts = [
    "echo $(id)", "echo `id`", "ls > /etc/passwd", "ls & rm x", "echo ${HOME}", "cat <(id)", "ls *.ts", "cd ~", "A=1 ls", "PATH=/x ls",
    "ls \\; rm", "! ls", "(ls)", "{ ls; }", "ls;; rm", "&& ls", "echo \"$(id)\"", "echo 'a", "",
    ";", "# ls", "eval ls", ". ./x", "source x",
  ];
  for (const script of scripts) assert.equal(commandSegments(sh(script)), undefined, script);
});

test("chains of wrappers are looked through only where nothing stands between (wrapper chains; CVE-2026-28363)", () => {
  assert.deepEqual(commandSegments(["env", "ls"]), [["ls"]]);
  assert.deepEqual(commandSegments(["nohup", "setsid", "sh", "-c", "ls"]), [["ls"]]);
  const unknown: readonly (readonly string[])[] = [
    ["env", "-S", "sh -c id"], ["env", "A=1", "ls"], ["nice", "-n", "5", "ls"], ["sudo", "ls"], ["xargs", "rm"], ["timeout", "5", "rm"],
    ["busybox", "sh", "-c", "id"], ["sh", "script.sh"], ["sh", "-c"], ["sh", "--init-file", "x", "-c", "ls"], ["flock", "x", "rm"], [], [""],
    ["nohup", "nohup", "nohup", "nohup", "nohup", "nohup", "rm"],
  ];
  for (const argv of unknown) assert.equal(commandSegments(argv), undefined, argv.join(" "));
});

test("interpreters that run a text of their arguments are told apart, and so are shells in front", () => {
  const inline = [
    ["python3", "-c", "1"], ["node", "-e", "1"], ["node", "--eval=1"], ["perl", "-ne", "1"], ["awk", "{}"], ["python3.11", "-Ic", "1"],
  ];
  for (const argv of inline) {
    assert.equal(isInlineEval(argv), true, argv.join(" "));
  }
  for (const argv of [["python3", "x.py"], ["node", "x.js"], ["ls", "-e"]]) assert.equal(isInlineEval(argv), false, argv.join(" "));
  assert.deepEqual([startsShell(["env", "bash"]), startsShell(["ls", "bash"]), startsShell(["/usr/bin/zsh"])], [true, false, true]);
  assert.deepEqual([runsScriptFile("bash"), runsScriptFile("/usr/bin/python3.12"), runsScriptFile("ls")], [true, true, false]);
  assert.deepEqual(shellLineOf(["sh", "-e", "-c", "ls"]), { script: "ls" });
});
