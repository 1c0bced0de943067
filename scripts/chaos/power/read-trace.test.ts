import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readTrace, type TracedCall } from "./read-trace.ts";

const hex = (text: string): string => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

async function read(t: TestContext, ...lines: readonly string[]): Promise<readonly TracedCall[]> {
  const dir = mkdtempSync(join(tmpdir(), "trace-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "trace"), `${lines.join("\n")}\n`);
  const found: TracedCall[] = [];
  for await (const call of readTrace(join(dir, "trace"))) found.push(call);
  return found;
}

test("calls are read with their bytes and paths; those that failed changed nothing (S0.16)", async (t) => {
  const [file, other] = [hex("/s/a, b"), hex("/s/c")];
  const calls = await read(
    t,
    `7 100.000001 openat(AT_FDCWD<${hex("/")}>, "${file}", O_WRONLY|O_CREAT|O_APPEND, 0600) = 5<${file}>`,
    `7 100.000002 write(5<${file}>, "${hex("say (\"x\")\n")}", 10) = 10`,
    `7 100.000003 pwrite64(5<${file}>, "${hex("abcdef")}", 6, 4096) = 3`,
    `7 100.000004 writev(5<${file}>, [{iov_base="${hex("ab")}", iov_len=2}, {iov_base="${hex("cd")}", iov_len=2}], 2) = 4`,
    `7 100.000005 rename("${file}", "${other}") = 0`,
    `7 100.000006 unlink("${file}") = -1 ENOENT (No such file or directory)`,
    `7 100.000007 mkdirat(9<${hex("/s")}>, "${hex("d")}", 0700) = 0`,
    `7 100.000008 copy_file_range(5<${file}>, [0], 6<${other}>, [0], 9, 0) = 9`,
    "7 100.000009 +++ exited with 0 +++",
  );
  assert.deepEqual(calls.map(({ kind }) => kind), ["open", "write", "write", "write", "rename", "mkdir", "copy"]);
  assert.deepEqual(calls.map(({ path }) => path), ["/s/a, b", "/s/a, b", "/s/a, b", "/s/a, b", "/s/c", "/s/d", "/s/c"]);
  const written = calls.flatMap((call) => (call.kind === "write" ? [[call.data.toString(), call.offset]] : []));
  assert.deepEqual(written, [["say (\"x\")\n", null], ["abc", 4_096], ["abcd", null]]);
});

test("a call that another thread interrupts counts when it ends, with the time at which it began (S0.16)", async (t) => {
  const file = hex("/s/a");
  const calls = await read(
    t,
    `7 100.5 fsync(5<${file}> <unfinished ...>`,
    `8 100.6 write(5<${file}>, "${hex("x")}", 1) = 1`,
    "7 100.9 <... fsync resumed>) = 0",
  );
  assert.deepEqual(calls.map(({ kind, atMs }) => [kind, atMs]), [["write", 100_600], ["sync", 100_500]]);
});

test("what cannot be followed is an error and not a guess", async (t) => {
  await assert.rejects(read(t, `7 100.5 sendfile(5<${hex("/s/a")}>, 6, NULL, 3) = 3`), /sendfile/);
  await assert.rejects(read(t, `7 100.5 write(5<${hex("/s/a")}>, "${hex("x")}"..., 900) = 900`), /shortened/);
});
