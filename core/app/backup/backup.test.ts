import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { openSqliteEngine, openStateDir } from "../../fabric/engine.ts";
import { createLogger } from "../../fabric/telemetry.ts";
import { createBackup } from "./create-backup.ts";
import { keepBackups } from "./keep-backups.ts";
import { unpackBackup, verifyBackup } from "./read-backup.ts";
import { restoreBackup } from "./restore-backup.ts";
import { openStream, sealStream } from "./seal-stream.ts";
import { listBackups, newBackupFile } from "./stored-backups.ts";
import { readTar, tarEnd, tarHeader, tarPadding } from "./tar.ts";

const never = new AbortController().signal;
const word = new Secret("four words nobody guesses");

test("a sealed stream opens under its passphrase only, and not when one byte of it was changed, cut off or moved (S3.13)", async () => {
  const plain = Buffer.concat([systemIds.bytes(2_500_000), Buffer.from("the end")]);
  const sealed = await collect(sealStream(pieces(plain, 70_001), word, systemIds, { N: 2 ** 10, r: 8, p: 1 }));
  assert.ok((await collect(openStream(pieces(sealed, 9_999), word))).equals(plain));
  assert.ok(!sealed.includes("the end"));
  await assert.rejects(collect(openStream(pieces(sealed, 65_536), new Secret("another"))), coded("BACKUP_PASSPHRASE_WRONG"));
  const first = sealed.indexOf(10) + 1;
  const frame = 4 + 1_048_576 + 16;
  for (const at of [first + 50, first + frame + 9, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const code = at === first + 50 ? "BACKUP_PASSPHRASE_WRONG" : "BACKUP_DAMAGED";
    await assert.rejects(collect(openStream(pieces(changed, 65_536), word)), coded(code));
  }
  for (const end of [sealed.length - 20, first + 2 * frame, first + frame]) {
    await assert.rejects(collect(openStream(pieces(sealed.subarray(0, end), 65_536), word)), (error) => end === first + frame
      ? hasCode(error, "BACKUP_PASSPHRASE_WRONG") || hasCode(error, "BACKUP_DAMAGED") : hasCode(error, "BACKUP_DAMAGED"));
  }
  const swapped = Buffer.concat([
    sealed.subarray(0, first), sealed.subarray(first + frame, first + 2 * frame), sealed.subarray(first, first + frame),
    sealed.subarray(first + 2 * frame),
  ]);
  await assert.rejects(collect(openStream(pieces(swapped, 65_536), word)));
});

test("a plain backup is a tar that tar reads; an archive that leads out of its directory is refused (S3.13)", async (t) => {
  const { dir, state } = await openWorld(t);
  await mkdir(join(state, "workspace", "ä".repeat(60)), { recursive: true });
  const long = `${"ä".repeat(60)}/${"x".repeat(120)}.txt`;
  await writeFile(join(state, "workspace", long), "long name");
  await symlink("../../etc/passwd", join(state, "workspace", "link"));
  const file = join(dir, "out", "openclaw-20260101T000000Z.tar");
  await createBackup({ ...options(state), file, withKeys: false, withWorkspace: true }, never);
  const listing = spawnSync("tar", ["tf", file], { encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8" } });
  assert.equal(listing.status, 0, listing.stderr);
  assert.ok(listing.stdout.includes("x".repeat(120)) && !listing.stdout.includes("credentials"), listing.stdout);
  const to = join(dir, "unpacked");
  await mkdir(to);
  const { parts } = await unpackBackup({ file, passphrase: undefined, to, accepts: () => true }, never);
  assert.equal(await readFile(join(to, "workspace", long), "utf8"), "long name");
  assert.ok(parts.some(({ path, target }) => path === "workspace/link" && target === "../../etc/passwd"));
  for (const path of ["../out", "/etc/x", "a/../../b", "a//b"]) {
    const head = tarHeader({ path, kind: "file", mode: 0o600, modifiedMs: 0, bytes: 1 });
    const bytes = Buffer.concat([head, Buffer.from("x"), tarPadding(1), tarEnd()]);
    await assert.rejects(readTar(pieces(bytes, 512), async () => undefined), coded("BACKUP_DAMAGED"), path);
  }
});

test("backups of one second have names of their own, also beside one that is being made, which is left alone (S3.13)", async (t) => {
  const { dir, state } = await openWorld(t);
  const out = join(dir, "out");
  const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0, 7);
  const made: string[] = [];
  for (let nth = 0; nth < 3; nth += 1) {
    const file = await newBackupFile(out, nowMs, false);
    await createBackup({ ...options(state), file, withKeys: false, withWorkspace: false }, never);
    made.unshift(file);
  }
  assert.deepEqual((await listBackups(out)).map(({ file }) => file), made, "newest first, though their second is one");
  const next = await newBackupFile(out, nowMs, false);
  await writeFile(`${next}.part`, "half of it");
  assert.notEqual(await newBackupFile(out, nowMs, false), next);
  await assert.rejects(createBackup({ ...options(state), file: next, withKeys: false, withWorkspace: false }, never), coded("CONFLICT"));
  assert.equal(await readFile(`${next}.part`, "utf8"), "half of it");
});

test("a backup is restored into an empty place only, or what is there is moved aside; one that does not verify changes nothing "
  + "(S3.13)", async (t) => {
  const { dir, state } = await openWorld(t);
  const file = join(dir, "out", "openclaw-20260101T000000Z.backup");
  const whole = { ...options(state), file, passphrase: word, withKeys: true, withWorkspace: true };
  await createBackup(whole, never);
  assert.equal((await stat(file)).mode & 0o077, 0);
  assert.match((await readFile(file)).subarray(0, 200).toString("latin1"), /"N":131072,"r":8,"p":1/, "dear to guess at");
  await assert.rejects(createBackup(whole, never), coded("CONFLICT"));
  assert.equal((await verifyBackup(file, word, never)).withKeys, true);
  const restore = (stateDir: string, more: object = {}): Promise<unknown> => restoreBackup({
    file, passphrase: word, stateDir, replace: false, keysFrom: undefined, clock: systemClock, ids: systemIds, ...more,
  }, never);
  await assert.rejects(restore(state), coded("BACKUP_TARGET_FULL"));
  await writeFile(join(state, "openclaw.json"), "{ changed: 1 }");
  const bytes = await readFile(file);
  const half = Math.floor(bytes.length / 2);
  bytes[half] = (bytes[half] ?? 0) ^ 1;
  await writeFile(join(dir, "flipped"), bytes);
  await assert.rejects(restore(state, { replace: true, file: join(dir, "flipped") }));
  assert.equal(await readFile(join(state, "openclaw.json"), "utf8"), "{ changed: 1 }");
  assert.deepEqual((await readdir(dir)).filter((name) => name.includes("restoring")), []);

  const { movedTo } = (await restore(state, { replace: true })) as { readonly movedTo: string };
  assert.equal(await readFile(join(state, "openclaw.json"), "utf8"), "{}");
  assert.equal(await readFile(join(movedTo, "openclaw.json"), "utf8"), "{ changed: 1 }");
  assert.equal(reservedOf(state) - reservedOf(movedTo), 2 ** 36, "nodes obey the copy rather than the original");
  await using again = await openStateDir({ dir: state, clock: systemClock, ids: systemIds, port: null });
  await using engine = await openSqliteEngine({ dir: again.dir, clock: systemClock, ids: systemIds });
  assert.equal(Buffer.from((await engine.records.get("formats", "probe"))?.value ?? []).toString(), "kept");

  const keyless = join(dir, "out", "openclaw-20260102T000000Z.tar");
  await createBackup({ ...options(state), file: keyless, withKeys: false, withWorkspace: true }, never);
  const empty = join(dir, "empty");
  await assert.rejects(restore(empty, { file: keyless, passphrase: undefined }), coded("BACKUP_KEYLESS"));
  await restore(empty, { file: keyless, passphrase: undefined, keysFrom: join(movedTo, "credentials") });
  assert.equal(await readFile(join(empty, "credentials", "key-encryption-key"), "utf8"), "k".repeat(32));
});

test("a gateway makes a backup when the newest is older than it should be, keeps so many, and tries again after a failure "
  + "(S3.13)", async (t) => {
  const { dir, state } = await openWorld(t);
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 0, 1) });
  const folder = join(dir, "kept");
  await mkdir(folder);
  await writeFile(join(folder, "notes.txt"), "somebody else's");
  const lines: string[] = [];
  const failing = { now: true };
  const stopping = new AbortController();
  const running = keepBackups({
    stateDir: state, configPath: join(state, "openclaw.json"), version: "1", clock,
    log: createLogger({ write: (line) => lines.push(line), clock }),
    wish: () => ({ everyHours: 24, keep: 2, to: folder, plain: false }), passphrase: async () => word,
    make: async ({ file, passphrase }) => {
      assert.equal(passphrase, word.reveal());
      if (failing.now) throw new Error("the disk is away");
      await writeFile(file, "made");
      return { bytes: 4, parts: 1 };
    },
  }, stopping.signal);
  const pass = async (hours: number): Promise<void> => {
    for (let minute = 0; minute < hours * 60; minute += 1) {
      while (clock.pending === 0) await new Promise(setImmediate);
      await clock.advance(60_000);
    }
  };
  await pass(1);
  assert.ok(lines.filter((line) => line.includes("backup.failed")).length >= 3, "a failure is told and tried again");
  failing.now = false;
  await pass(1);
  assert.equal((await listBackups(folder)).length, 1);
  await pass(75);
  const names = await readdir(folder);
  assert.equal(names.filter((name) => name.startsWith("openclaw-")).length, 2, names.join());
  assert.ok(names.includes("notes.txt"));
  assert.equal(lines.filter((line) => line.includes("backup.made")).length, 4);
  stopping.abort(new Error("stopping"));
  await running;
});

function options(stateDir: string): Pick<Parameters<typeof createBackup>[0], "stateDir" | "configPath" | "version" | "clock" | "ids"> {
  return { stateDir, configPath: join(stateDir, "openclaw.json"), version: "0.1.0", clock: systemClock, ids: systemIds };
}

async function openWorld(t: TestContext): Promise<{ readonly dir: string; readonly state: string }> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-backup-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const state = join(dir, "state-dir");
  await using owned = await openStateDir({ dir: state, clock: systemClock, ids: systemIds, port: null });
  await using engine = await openSqliteEngine({ dir: owned.dir, clock: systemClock, ids: systemIds });
  await engine.records.write("formats", "probe", Buffer.from("kept"), 0);
  await writeFile(join(state, "openclaw.json"), "{}");
  await writeFile(join(state, "credentials", "key-encryption-key"), "k".repeat(32));
  return { dir, state };
}

function reservedOf(stateDir: string): number {
  const database = new DatabaseSync(join(stateDir, "state", "openclaw.sqlite"), { readOnly: true });
  try {
    return Number(database.prepare("SELECT reserved FROM counter").get()?.["reserved"]);
  } finally {
    database.close();
  }
}

function coded(code: ErrorCode): (error: unknown) => boolean {
  return (error) => hasCode(error, code);
}

async function* pieces(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const held: Uint8Array[] = [];
  for await (const chunk of source) held.push(chunk);
  return Buffer.concat(held);
}
