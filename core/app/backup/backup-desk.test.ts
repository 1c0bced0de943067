import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { createBackupDesk, type BackupDeskDeps } from "./backup-desk.ts";

const never = new AbortController().signal;

interface Told {
  readonly canMake: boolean;
  readonly count: number;
  readonly backups: readonly { readonly file: string; readonly verified?: { readonly well: boolean; readonly code?: string } }[];
}

async function openDesk(t: TestContext, more: Partial<BackupDeskDeps> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-desk-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 0, 1) });
  const orders: object[] = [];
  const desk = createBackupDesk({
    stateDir: "/nowhere", configPath: "/nowhere/openclaw.json", version: "1", clock, wish: () => ({ to: folder, keep: 2 }),
    passphrase: async () => new Secret("four words nobody guesses"),
    work: async (order) => {
      orders.push(order);
      if (!("verify" in order)) await writeFile(order.file, "made");
      return { bytes: 4, parts: 1 };
    },
    ...more,
  });
  return { desk, folder, clock, orders, told: async (answer: Promise<object>) => (await answer) as Told };
}

test("one press makes one backup as the configuration says, however often it is pressed at once; old ones go (S3.13)", async (t) => {
  const { desk, folder, clock, orders, told } = await openDesk(t);
  const before = await told(desk.status());
  assert.deepEqual([before.canMake, before.count, before.backups], [true, 0, []]);
  const [first] = await Promise.all([told(desk.create(never)), desk.create(never)]);
  assert.deepEqual([first.count, orders.length], [1, 1]);
  for (let made = 0; made < 2; made += 1) {
    await clock.advance(1_000);
    await desk.create(never);
  }
  assert.equal((await readdir(folder)).length, 2);
});

test("without a passphrase none is made from here and the next step is the command; a plain one needs none (S3.13)", async (t) => {
  const { desk, told } = await openDesk(t, { passphrase: async () => undefined });
  assert.equal((await told(desk.status())).canMake, false);
  await assert.rejects(desk.create(never), (error: { next?: string }) => (
    hasCode(error, "BACKUP_PASSPHRASE_MISSING") && /backup create/.test(error.next ?? "")
  ));
  const place: { to?: string } = {};
  const plain = await openDesk(t, { passphrase: async () => undefined, wish: () => ({ ...place, plain: true, keep: 2 }) });
  place.to = plain.folder;
  assert.match((await plain.told(plain.desk.create(never))).backups[0]?.file ?? "", /\.tar$/);
});

test("what reading one through found is said of that file, and what is no backup of the folder is not read (S3.13)", async (t) => {
  const damaged = new OpenClawError("BACKUP_DAMAGED", { why: "A byte differs." });
  const { desk, folder, told } = await openDesk(t, { work: () => Promise.reject(damaged) });
  const file = "openclaw-20260102T000000Z.backup";
  await writeFile(join(folder, file), "made");
  const { backups } = await told(desk.verify(file, never));
  assert.deepEqual(backups.map(({ verified }) => [verified?.well, verified?.code]), [[false, "BACKUP_DAMAGED"]]);
  await writeFile(join(folder, file), "another one");
  assert.equal((await told(desk.status())).backups[0]?.verified, undefined);
  for (const other of ["../../etc/passwd", "notes.txt", "openclaw-20260103T000000Z.backup"]) {
    await assert.rejects(desk.verify(other, never), (error) => hasCode(error, "NOT_FOUND"), other);
  }
});
