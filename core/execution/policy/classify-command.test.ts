import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyCommand, classifyRun } from "./classify-command.ts";
import { describeReadOnlyCommands, READ_ONLY_COMMANDS } from "./read-only-commands.ts";

const place = { allowedDirs: ["/home/ann/desk"], cwd: "/home/ann/desk" };
const isReadOnly = (
  line: string, at: Parameters<typeof classifyCommand>[1] = place
): boolean => classifyCommand(line.split(" "), at).readOnly;

test("the documented commands run unasked", () => {
  for (const line of [
    "uname -a", "uptime", "uptime -p", "df -h", "df -hT /", "ls", "ls -la", "ls -la /home/ann/desk/src", "cat notes.txt",
    "cat -n ./a b/c", "head -n 5 a",
    "head -5 a", "tail -n +3 a", "wc -l a", "date", "date +%s", "date -u", "whoami", "id", "id -un", "hostname", "hostname -I", "free -m",
    "nproc", "nproc --all",
    "lscpu", "lsblk -o NAME,SIZE", "pwd", "echo hello --world", "printf %s\\n hi", "ps aux", "ps -ef", "ps -eo pid,comm --sort=-%cpu",
    "which node npm", "stat a", "file a",
    "du -sh .", "du -d 1 src", "true", "sleep 5", "sleep 60", "/bin/ls -l", "/usr/bin/uptime", "cat /proc/loadavg",
    "cat /proc/meminfo /etc/os-release",
    "cat /sys/class/thermal/thermal_zone0/temp", "grep -n word a", "sort -k2,2 a", "nvidia-smi",
    "nvidia-smi --query-gpu=name,memory.total --format=csv,noheader", "cat -- -strange",
  ]) assert.equal(isReadOnly(line), true, `${line}: ${classifyCommand(line.split(" "), place).why}`);
});

test("arguments that write, set, follow, start or list by file make a command an ordinary one", () => {
  for (const line of [
    "date -s 2020-01-01", "date --set=2020-01-01", "date 010203042020", "date -us x", "date -f a", "hostname evil", "hostname -F a",
    "hostname -b x", "sort -o out a",
    "sort -uo out a", "sort --output=out a", "sort --outp=out a", "sort --compress-program=sh a", "sort -T /tmp a",
    "sort --files0-from=a", "tail -f a", "tail -F a",
    "tail -5f a", "tail +5f a", "tail --follow a", "tail --foll a", "wc --files0-from=a", "du --files0-from=a", "du -X a", "uniq a out",
    "file -C -m a", "file -f a", "file -z a",
    "ps auxe", "ps e", "ps eww", "ps -eo pid,environ", "ps -o args e", "ps -e -u x", "free -s 1", "grep -f a b", "grep -R x .",
    "grep -P x a", "sleep 61", "sleep 1 1 1", "sleep infinity",
    "seq 1 100000000", "printf %9999999d 1", "printf %*d 99999 1", "nvidia-smi -pl 100", "nvidia-smi -f out", "lscpu -s /x",
    "ls --color=always -T 9", "cat", "true x", "uptime x",
    "env", "printenv", "find . -delete", "tee a", "rm a", "sh -c ls", "bash", "sudo ls", "awk 1 a", "sed -n p a", "xargs ls", "node -v", "",
  ]) assert.equal(isReadOnly(line), false, line);
});

test("an abbreviated long option is never taken for the option it abbreviates", () => {
  for (const [program, rule] of Object.entries(READ_ONLY_COMMANDS)) {
    for (const option of rule.long ?? []) {
      if (typeof option !== "string" || option.length < 5) continue;
      const shorter = option.slice(0, -1);
      if (rule.long?.includes(shorter) === true) continue;
      assert.equal(classifyCommand([program, shorter, "a"], place).readOnly, false, `${program} ${shorter}`);
    }
  }
});

test("paths must lie in an allowed directory or on the list of system files", () => {
  for (const path of [
    "/etc/passwd", "/etc/shadow", "../secret", "src/../../x", "/home/ann/desk/../.ssh/id", "/home/ann/deskshop/a", "/home/ann",
    "/proc/self/environ", "/proc/1/environ", "/proc/1/cmdline",
    "/dev/sda", "/dev/zero", "/dev/../etc/passwd", "/proc/loadavg/../self/environ", "/sys/kernel/notes", "-", "/",
  ]) assert.equal(classifyCommand(["cat", path], place).readOnly, false, path);
  assert.equal(
    classifyCommand(["cat", "/proc/self/environ"], { allowedDirs: ["/"] }).readOnly, false,
    "allowing everything does not allow other processes' secrets"
  );
  assert.equal(classifyCommand(["cat", "/dev/zero"], { allowedDirs: ["/", "/dev"] }).readOnly, false);
  assert.equal(classifyCommand(["cat", "/etc/passwd"], { allowedDirs: ["/"] }).readOnly, true);
  assert.equal(classifyCommand(["cat", "a\0b"], place).readOnly, false);
});

test("where it runs, from where the program comes, and its environment count too", () => {
  assert.equal(isReadOnly("ls", { allowedDirs: ["/home/ann/desk"], cwd: "/etc" }), false);
  assert.equal(isReadOnly("cat passwd", { allowedDirs: ["/home/ann/desk"], cwd: "/etc" }), false);
  assert.equal(isReadOnly("ls", { ...place, env: { LD_PRELOAD: "x" } }), false);
  for (const program of ["./ls", "/tmp/ls", "/usr/local/bin/ls", "/usr/bin/../bin/ls", "//bin/ls", "/bin/ls/", "bin/ls", "LS"]) {
    assert.equal(isReadOnly(`${program} -l`), false, program);
  }
});

test("names every object has are not commands", () => {
  for (
    const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]
  ) assert.equal(classifyCommand([name], place).readOnly, false);
});

test("the guide can be written from the table", () => {
  const rows = describeReadOnlyCommands();
  assert.equal(rows.length, Object.keys(READ_ONLY_COMMANDS).length);
  for (const { program, summary } of rows) assert.ok(program !== "" && summary !== "");
});

test("a run is judged with its own directory and environment", () => {
  type At = Parameters<typeof classifyRun>[1];
  const runs = (params: Record<string, unknown>, at: At = place): boolean => classifyRun(params, at).readOnly;
  assert.equal(runs({ command: ["cat", "notes"] }), true);
  assert.equal(runs({ command: ["cat", "notes"], cwd: "src", timeoutMs: 5 }), true);
  assert.equal(runs({ command: ["cat", "notes"], cwd: "src" }, { allowedDirs: ["/home/ann/desk"] }), false);
  assert.equal(runs({ command: ["cat", "passwd"], cwd: "/etc" }), false);
  assert.equal(runs({ command: ["cat", "id"], cwd: "src/../../.ssh" }), false);
  assert.equal(runs({ command: ["cat", "id"], cwd: 7 }), false);
  assert.equal(runs({ command: ["ls"], env: { LD_PRELOAD: "x" } }), false);
  assert.equal(runs({ command: ["ls"], env: {} }), true);
  assert.equal(runs({ command: "ls" }), false);
  assert.equal(runs({ command: ["ls", 5] }), false);
  assert.equal(runs({ command: [] }), false);
});
