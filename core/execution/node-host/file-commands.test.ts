import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openHostForTest, temporaryDirectory } from "./host-for-test.ts";
import { listGpus } from "./list-gpus.ts";

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

test("files are written atomically, read whole and in parts, and directories listed", async () => {
  await using t = await openHostForTest();
  const call = (id: string, command: string, params: object) => t.gateway.call(t.nodeId, id, command, params);
  const written = await call("w1", "file.write", { path: "notes/a.txt", content: "häuser", makeDirs: true });
  assert.deepEqual(written.payload, { path: join(t.workspace, "notes/a.txt"), bytes: 7, sha256: sha256(Buffer.from("häuser")) });
  chmodSync(join(t.workspace, "notes/a.txt"), 0o640);
  await call("w2", "file.write", { path: "notes/a.txt", content: Buffer.from("bäume").toString("base64"), encoding: "base64" });
  assert.equal(readFileSync(join(t.workspace, "notes/a.txt"), "utf8"), "bäume");
  assert.equal(statSync(join(t.workspace, "notes/a.txt")).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(join(t.workspace, "notes")), ["a.txt"], "no temporary file stays");
  const read = await call("r1", "file.read", { path: "notes/a.txt" });
  const whole = { path: join(t.workspace, "notes/a.txt"), content: "bäume", encoding: "utf8", bytes: 6, totalBytes: 6 };
  assert.deepEqual(read.payload, whole);
  const part = await call("r2", "file.read", { path: "notes/a.txt", bytesMax: 2 });
  assert.equal(part.payload["content"], "b", "a part does not end inside a character");
  assert.equal(part.payload["bytes"], 1);
  writeFileSync(join(t.workspace, "raw"), Buffer.from([0, 255, 1]));
  assert.deepEqual((await call("r3", "file.read", { path: "raw" })).payload["content"], "AP8B");
  symlinkSync("raw", join(t.workspace, "link"));
  const listed = (await call("l1", "dir.list", {})).payload["entries"] as { name: string; kind: string; bytes?: number }[];
  assert.deepEqual(listed.map(({ name, kind, bytes }) => ({ name, kind, bytes })), [
    { name: "link", kind: "link", bytes: undefined },
    { name: "notes", kind: "dir", bytes: undefined },
    { name: "raw", kind: "file", bytes: 3 },
  ]);
});

test("no path leads out of the allowed directories: not .., not a link, not the node's own state", async () => {
  await using t = await openHostForTest({});
  const outside = temporaryDirectory();
  writeFileSync(join(outside, "secret"), "secret");
  symlinkSync(outside, join(t.workspace, "dir-link"));
  symlinkSync(join(outside, "secret"), join(t.workspace, "file-link"));
  symlinkSync(join(outside, "new"), join(t.workspace, "dangling"));
  const code = async (id: string, command: string, params: object): Promise<string | undefined> =>
    (await t.gateway.call(t.nodeId, id, command, params)).code;
  const paths = [
    "/etc/passwd", "../node/epochs.json", "dir-link/secret", "dir-link/none/deeper", "file-link", join(outside, "secret"),
    `${t.workspace}/../x`, `${t.workspace}-beside`, join(t.root, "node", "journal"),
  ];
  for (const [index, path] of paths.entries()) {
    assert.equal(await code(`r${index}`, "file.read", { path }), "NODE_PATH_FORBIDDEN", path);
    assert.equal(await code(`w${index}`, "file.write", { path, content: "x", makeDirs: true }), "NODE_PATH_FORBIDDEN", path);
    assert.equal(await code(`l${index}`, "dir.list", { path }), "NODE_PATH_FORBIDDEN", path);
    assert.equal(await code(`a${index}`, "artifact.collect", { path }), "NODE_PATH_FORBIDDEN", path);
    assert.equal(await code(`d${index}`, "artifact.deliver", { path, digest: "0".repeat(64) }), "NODE_PATH_FORBIDDEN", path);
  }
  await code("dangling", "file.write", { path: "dangling", content: "x" });
  assert.equal(existsSync(join(outside, "new")), false, "a dangling link is not followed");
  assert.deepEqual(readdirSync(outside), ["secret"]);
  assert.equal(readFileSync(join(outside, "secret"), "utf8"), "secret");
  rmSync(outside, { recursive: true });
});

test("the node's state is closed even where a directory above it is allowed", async () => {
  const root = temporaryDirectory();
  await using t = await openHostForTest({ dir: join(root, "state"), limit: { allowedDirs: [root] } });
  writeFileSync(join(root, "fine"), "fine");
  assert.equal((await t.gateway.call(t.nodeId, "r1", "file.read", { path: join(root, "fine") })).payload["content"], "fine");
  writeFileSync(join(root, "state", "identity.json"), "key");
  const key = { path: join(root, "state", "identity.json") };
  assert.equal((await t.gateway.call(t.nodeId, "r2", "file.read", key)).code, "NODE_PATH_FORBIDDEN");
  await t.host[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

test("failures come in words, large things are refused, pipes do not hang", async () => {
  await using t = await openHostForTest();
  const call = (id: string, command: string, params: object) => t.gateway.call(t.nodeId, id, command, params);
  const missing = await call("m1", "file.read", { path: "none" });
  assert.equal(missing.code, "NODE_FILE_FAILED");
  assert.match(missing.message ?? "", /no such file or directory/);
  mkdirSync(join(t.workspace, "sub"));
  assert.equal((await call("m2", "file.read", { path: "sub" })).code, "NODE_FILE_FAILED");
  assert.equal((await call("m3", "file.write", { path: "sub", content: "x" })).code, "NODE_FILE_FAILED");
  assert.equal((await call("m4", "file.write", { path: "no/dir/x", content: "x" })).code, "NODE_FILE_FAILED");
  assert.equal((await call("m5", "file.write", { path: "b", content: "no base64!", encoding: "base64" })).code, "PARAMS_INVALID");
  execFileSync("mkfifo", [join(t.workspace, "pipe")]);
  assert.equal((await call("m6", "file.read", { path: "pipe" })).code, "NODE_FILE_FAILED");
  writeFileSync(join(t.workspace, "large"), Buffer.alloc(1_048_577, "x"));
  assert.equal((await call("m7", "file.read", { path: "large" })).code, "TOO_LARGE");
  assert.equal((await call("m8", "file.read", { path: "large", offset: 1_048_570 })).payload["bytes"], 7);
  assert.equal((await call("m9", "file.write", { path: "w", content: "x".repeat(1_048_577) })).code, "TOO_LARGE");
  writeFileSync(join(t.workspace, "control"), Buffer.alloc(1_000_000, 1));
  assert.equal((await call("m10", "file.read", { path: "control", encoding: "utf8" })).payload["bytes"], 1_000_000);
  assert.ok(!readdirSync(t.workspace).some((name) => name.startsWith(".")), "no temporary file stays");
});

test("a file is collected piece by piece with one piece in flight, and delivered with its digest checked", async () => {
  await using t = await openHostForTest();
  const content = Buffer.from(Array.from({ length: 700_000 }, (_, index) => index % 251));
  writeFileSync(join(t.workspace, "model.bin"), content);
  const stored: Buffer[] = [];
  t.gateway.answer = (method, params) => {
    if (method === "node.artifact.write") {
      assert.equal(params["offset"], stored.reduce((sum, piece) => sum + piece.length, 0));
      stored.push(Buffer.from(String(params["dataBase64"]), "base64"));
      return { received: stored.at(-1)?.length };
    }
    if (method === "node.artifact.read") {
      const from = Number(params["offset"]);
      const piece = content.subarray(from, from + 262_144);
      return { dataBase64: piece.toString("base64"), last: from + piece.length === content.length };
    }
    return { ok: true };
  };
  const collected = await t.gateway.call(t.nodeId, "c1", "artifact.collect", { path: "model.bin" });
  assert.deepEqual(collected.payload, { digest: sha256(content), bytes: 700_000, name: "model.bin" });
  assert.deepEqual(Buffer.concat(stored), content);
  const writes = t.gateway.frames.filter((frame) => frame.method === "node.artifact.write");
  assert.deepEqual(writes.map((frame) => frame.params["last"]), [false, false, true]);
  const delivered = await t.gateway.call(t.nodeId, "d1", "artifact.deliver", { path: "copy.bin", digest: sha256(content) });
  assert.equal(delivered.payload["bytes"], 700_000);
  assert.deepEqual(readFileSync(join(t.workspace, "copy.bin")), content);
  const wrong = await t.gateway.call(t.nodeId, "d2", "artifact.deliver", { path: "copy.bin", digest: "0".repeat(64) });
  assert.equal(wrong.code, "NODE_FILE_FAILED");
  assert.deepEqual(readFileSync(join(t.workspace, "copy.bin")), content, "the old content stays");
  assert.equal(readdirSync(t.workspace).length, 2);
});

test("graphics processors are read from the kernel's files", async () => {
  const root = temporaryDirectory();
  const nvidia = join(root, "nvidia");
  mkdirSync(join(nvidia, "0000:01:00.0"), { recursive: true });
  writeFileSync(join(nvidia, "0000:01:00.0", "information"), "Model: \t NVIDIA RTX 4090\nIRQ: 1\n");
  const card = (name: string, files: Record<string, string>): void => {
    mkdirSync(join(root, "drm", name, "device"), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(root, "drm", name, "device", file), text);
  };
  card("card0", { vendor: "0x10de\n", device: "0x2684\n" });
  card("card1", { vendor: "0x1002\n", product_name: "Radeon PRO\n", mem_info_vram_total: "8589934592\n" });
  card("card1-HDMI-A-1", { vendor: "0x1002\n" });
  const radeon = { name: "AMD Radeon PRO", memoryTotalBytes: 8_589_934_592 };
  assert.deepEqual(await listGpus({ nvidia, drm: join(root, "drm") }), [{ name: "NVIDIA RTX 4090" }, radeon]);
  assert.deepEqual(await listGpus({ nvidia: join(root, "none"), drm: join(root, "none") }), []);
  rmSync(root, { recursive: true });
});
