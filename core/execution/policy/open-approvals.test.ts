import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Engine, Records } from "@openclaw/sdk";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { openVault, type DataKey } from "../../fabric/vault.ts";
import type { ApprovalAnswer, ApprovalOpening } from "./approval.ts";
import type { Approvals } from "./approvals-port.ts";
import { openApprovals } from "./open-approvals.ts";

interface World {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly answers: ApprovalAnswer[];
  readonly events: { readonly event: string; readonly payload: Record<string, unknown> }[];
  /** What the session does with an answer; may throw. */
  deliver: (answer: ApprovalAnswer) => void;
  /** Opens the index as a newly started gateway would. */
  start(records?: Records): Promise<Approvals>;
}

async function world(t: TestContext): Promise<World> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock, skipNumbers: true });
  const dir = await mkdtemp(join(tmpdir(), "approvals-"));
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const key: DataKey = await (await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds })).tenantKey("home");
  const made: World = {
    clock, engine, answers: [], events: [], deliver: () => undefined,
    start: (records = engine.records) => openApprovals({
      records, clock, ids: systemIds, seal: key.seal, unseal: key.unseal,
      deliver: async (answer) => {
        made.deliver(answer);
        made.answers.push(answer);
        await Promise.resolve();
      },
      onChanged: (event, payload) => made.events.push({ event, payload: payload as Record<string, unknown> }),
      log: { warn: () => undefined },
    }),
  };
  return made;
}

const opening: ApprovalOpening = {
  id: "a1", sessionKey: "agent:main:main", agentId: "main", runId: "r1", stepId: "s1", intentHash: "h1", summary: "run rm old",
  commandArgv: ["rm", "old file"],
  nodeId: "n1", nodeName: "shed", reason: "This runs a program on another node.", rule: "node.act", labels: ["owner"], remember: "session",
};

test("an approval is listed, described and answered in the shapes of the wire", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  const listed = await approvals.open(opening);
  assert.equal(listed.expiresAtMs - listed.createdAtMs, 1_800_000);
  assert.deepEqual(approvals.list(), [listed]);
  assert.equal(listed.request.command, 'rm "old file"');
  assert.deepEqual([listed.request.host, listed.request.cwd, listed.request.toolCallId], ["node", null, null]);
  assert.deepEqual(approvals.get("a1"), {
    id: "a1", commandText: 'rm "old file"', commandPreview: 'rm "old file"', allowedDecisions: ["allow-once", "allow-always", "deny"],
    host: "node", nodeId: "n1", agentId: "main", expiresAtMs: listed.expiresAtMs,
  });
  assert.equal(approvals.show("a1").approval.status, "pending");
  await approvals.resolve("a1", "allow-once", "owner");
  const { approval } = approvals.show("a1");
  assert.deepEqual([approval.status, approval.decision, approval.urlPath], ["allowed", "allow-once", "/approve/a1"]);
  assert.deepEqual(approvals.list(), []);
  assert.deepEqual(
    it.answers,
    [{
      id: "a1", sessionKey: "agent:main:main", runId: "r1", stepId: "s1", intentHash: "h1", decision: "allow-once", by: "owner",
      desk: "session",
    }]
  );
  assert.deepEqual(it.events.map(({ event }) => event), ["exec.approval.requested", "exec.approval.resolved"]);
});

test("the same answer again is accepted and offered once; another answer is refused", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open(opening);
  await Promise.all([approvals.resolve("a1", "deny", "ann"), approvals.resolve("a1", "deny", "bob")]);
  await assert.rejects(approvals.resolve("a1", "allow-once", "bob"), (error) => hasCode(error, "APPROVAL_ALREADY_RESOLVED"));
  await assert.rejects(approvals.resolve("a2", "deny", "bob"), (error) => hasCode(error, "APPROVAL_NOT_FOUND"));
  assert.equal(it.answers.length, 1);
});

test("of two different answers at once the first one counts, for everybody", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open(opening);
  const [first, second] = await Promise.allSettled(
    [approvals.resolve("a1", "allow-always", "ann"), approvals.resolve("a1", "deny", "bob")]
  );
  assert.deepEqual([first.status, second.status], ["fulfilled", "rejected"]);
  assert.deepEqual(it.answers.map(({ decision, by }) => [decision, by]), [["allow-always", "ann"]]);
});

test("what waits survives a restart and can be answered there", async (t) => {
  const it = await world(t);
  const before = await it.start();
  const listed = await before.open(opening);
  await before[Symbol.asyncDispose]();
  await using after = await it.start();
  assert.deepEqual(after.list(), [listed]);
  assert.deepEqual(await after.open(opening), listed, "opening it again after a crash is the same approval");
  assert.equal(it.events.length, 1);
  await after.resolve("a1", "allow-once", "owner");
  await using again = await it.start();
  await again.resolve("a1", "allow-once", "owner");
  await assert.rejects(again.resolve("a1", "deny", "owner"), (error) => hasCode(error, "APPROVAL_ALREADY_RESOLVED"));
  assert.equal(it.answers.length, 1);
});

test("an answer that was given but not offered when the gateway died is offered by the next one, unchanged", async (t) => {
  const it = await world(t);
  const before = await it.start();
  await before.open(opening);
  it.deliver = () => {
    throw new OpenClawError("ENGINE_UNAVAILABLE");
  };
  await assert.rejects(before.resolve("a1", "allow-once", "owner"), (error) => hasCode(error, "ENGINE_UNAVAILABLE"));
  await assert.rejects(before.resolve("a1", "deny", "bob"), (error) => hasCode(error, "APPROVAL_ALREADY_RESOLVED"));
  assert.deepEqual(before.list(), [], "it waits for nobody any more");
  await before[Symbol.asyncDispose]();
  it.deliver = () => undefined;
  await using after = await it.start();
  await it.clock.advance(1);
  assert.deepEqual(it.answers.map(({ decision }) => decision), ["allow-once"]);
  assert.equal(after.show("a1").approval.status, "allowed");
});

test("an answer its session can not take is offered again until it arrives", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open(opening);
  let failures = 3;
  it.deliver = () => {
    failures -= 1;
    if (failures >= 0) throw new OpenClawError("BACKPRESSURE");
  };
  await assert.rejects(approvals.resolve("a1", "deny", "owner"));
  await it.clock.advance(600);
  assert.equal(it.answers.length, 0);
  await it.clock.advance(10_000);
  assert.equal(it.answers.length, 1);
});

test("nobody's answer is told as no decision when the time is over, also across a restart", async (t) => {
  const it = await world(t);
  const before = await it.start();
  await before.open(opening);
  await it.clock.advance(1_000_000);
  await before[Symbol.asyncDispose]();
  await using after = await it.start();
  await it.clock.advance(799_000);
  assert.equal(it.answers.length, 0);
  await it.clock.advance(1_000);
  assert.deepEqual(it.answers.map(({ decision }) => decision), [null]);
  assert.equal(after.show("a1").approval.status, "expired");
  await assert.rejects(after.resolve("a1", "allow-once", "owner"), (error) => hasCode(error, "APPROVAL_ALREADY_RESOLVED"));
});

test("nothing of what is asked can be read in the store", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open({ ...opening, summary: "canary-summary", commandArgv: ["canary-program"], reason: "canary-reason" });
  const rows = await it.engine.records.list("approvals", "");
  assert.equal(rows.length, 1);
  for (const { value } of rows) assert.equal(Buffer.from(value).includes("canary"), false);
});

test("what its turn took back is settled, and waits again for whoever opens it again", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open(opening);
  await approvals.cancel("a1");
  assert.deepEqual(approvals.list(), []);
  assert.equal(approvals.show("a1").approval.status, "cancelled");
  await approvals.open(opening);
  assert.equal(approvals.list().length, 1);
  await approvals.resolve("a1", "deny", "owner");
  assert.equal(it.answers.length, 1);
});

test("a write that may have been applied is looked up instead of lost or done twice", async (t) => {
  const it = await world(t);
  const { records } = it.engine;
  let unsure = true;
  const shaky: Records = {
    get: (...args) => records.get(...args),
    list: (...args) => records.list(...args),
    watch: (...args) => records.watch(...args),
    write: async (...args) => {
      const revision = await records.write(...args);
      unsure = !unsure;
      if (!unsure) throw new OpenClawError("ENGINE_UNAVAILABLE");
      return revision;
    },
  };
  await using approvals = await it.start(shaky);
  await approvals.open(opening);
  await approvals.resolve("a1", "allow-once", "owner");
  assert.equal(approvals.show("a1").approval.status, "allowed");
  assert.equal(it.answers.length, 1);
});

test("a deleted session's approvals are forgotten, settled ones after a day", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open(opening);
  await approvals.open({ ...opening, id: "a2", sessionKey: "agent:main:other" });
  await approvals.forget("agent:main:main");
  assert.throws(() => approvals.get("a1"), (error) => hasCode(error, "APPROVAL_NOT_FOUND"));
  await approvals.resolve("a2", "deny", "owner");
  await it.clock.advance(90_000_000);
  await using later = await it.start();
  assert.throws(() => later.get("a2"), (error) => hasCode(error, "APPROVAL_NOT_FOUND"));
  assert.equal((await it.engine.records.list("approvals", "")).length, 0);
});

test("a deleted session's approvals are forgotten though a write is not confirmed, or another gateway changed them (S0.19)", async (t) => {
  const it = await world(t);
  const { records } = it.engine;
  let unsure = 0;
  await using approvals = await it.start({
    get: (...args) => records.get(...args), list: (...args) => records.list(...args), watch: (...args) => records.watch(...args),
    write: async (...args) => {
      const revision = await records.write(...args);
      if (unsure-- > 0) throw new OpenClawError("ENGINE_UNAVAILABLE");
      return revision;
    },
  });
  await approvals.open(opening);
  await approvals.open({ ...opening, id: "a2" });
  await using other = await it.start();
  await other.resolve("a2", "deny", "owner");
  unsure = 1;
  await approvals.forget("agent:main:main");
  assert.deepEqual(approvals.list(), []);
  assert.equal((await records.list("approvals", "")).length, 0);
});

test("one that another gateway changed is not taken for old", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open(opening);
  await approvals.cancel("a1");
  await using other = await it.start();
  await it.clock.advance(90_000_000);
  await other.open({ ...opening, id: "a2" });
  await other.open(opening);
  await approvals.open({ ...opening, id: "a3" });
  await approvals.resolve("a3", "deny", "owner");
  assert.equal((await it.engine.records.list("approvals", "a1")).length, 1);
});

test("a decision an approval does not allow is refused, and it goes on waiting", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  await approvals.open({ ...opening, allowedDecisions: ["allow-once", "deny"] });
  await assert.rejects(approvals.resolve("a1", "allow-always", "owner"), (error) => hasCode(error, "PARAMS_INVALID"));
  assert.equal(approvals.list().length, 1);
});

test("what ended is told with who ended it, the newest first", async (t) => {
  const it = await world(t);
  await using approvals = await it.start();
  for (const id of ["a1", "a2", "a3", "a4"]) await approvals.open({ ...opening, id });
  await approvals.resolve("a1", "allow-always", "device:d1");
  await it.clock.advance(5);
  await approvals.resolve("a2", "deny", "owner");
  await it.clock.advance(5);
  await approvals.expire("a3");
  const told = approvals.past(10).map(({ id, status, decision, resolvedBy }) => [id, status, decision, resolvedBy]);
  assert.deepEqual(told, [
    ["a3", "expired", null, "clock"], ["a2", "denied", "deny", "owner"], ["a1", "allowed", "allow-always", "device:d1"],
  ]);
  assert.deepEqual(approvals.past(1).map(({ id }) => id), ["a3"]);
});
