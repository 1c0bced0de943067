import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { createJournal } from "../../fabric/journal.ts";
import { openVault } from "../../fabric/vault.ts";
import { checkLog } from "./check-log.ts";

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "doctor-"));
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const journal = createJournal({ engine, vault, clock, ids: systemIds });
  const address = journal.address("agent:main:main");
  const log = await journal.load(address);
  const claim = await engine.log.claim(address.slot, "test");
  await log.append(claim, "owner", [{ type: "session.opened", body: { key: "agent:main:main", agentId: "main", sessionId: "s" } }]);
  const examine = (nowMs: number) => checkLog({
    engine, journal, nowMs, nameOf: async () => "agent:main:main", progress: () => undefined,
  });
  return { engine, vault, clock, claim, address, examine };
}

test("a clock that was set back by a day is told of, and no more than that (C11)", async (t) => {
  const { clock, examine } = await setUp(t);
  const day = 86_400_000;
  const [log, behind] = await examine(clock.now() - day);
  assert.deepEqual(log?.findings, []);
  assert.deepEqual(behind?.findings.map(({ code, level }) => [code, level]), [["CLOCK_BEHIND", "attention"]]);
  assert.match(behind?.findings[0]?.what ?? "", /24 h behind/);
  assert.deepEqual((await examine(clock.now())).flatMap(({ findings }) => findings), []);
});

test("an event that is not the one that was written breaks its session's chain, and is found", async (t) => {
  const { engine, claim, address, clock, examine } = await setUp(t);
  await engine.log.append(claim, address.token, [Buffer.from([1, 2, 0, 0, 0, 123, 125])], "strange");
  const [log] = await examine(clock.now());
  assert.equal(log?.findings.length, 1);
  assert.match(log?.findings[0]?.what ?? "", /agent:main:main is damaged/);
});
