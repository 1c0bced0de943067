import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError, type ErrorCode } from "@openclaw/protocol";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { InvokeRequest, Nodes } from "../nodes.ts";
import { createGate, openApprovals, type ApprovalDecision, type Approvals } from "../policy.ts";
import { createOperatorInvoker, OPERATOR_DESK, type OperatorCall } from "./invoke-for-operator.ts";

const signal = new AbortController().signal;
const coded = (code: ErrorCode) => (error: unknown): boolean => hasCode(error, code);

/** The gate and the approvals are the real ones; the node answers `done N`, or fails where a test says so. */
async function setUp(t: TestContext) {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const ran: InvokeRequest[] = [];
  const acknowledged: string[] = [];
  const node: { fail?: ErrorCode; plan?: object } = {};
  const nodes = {
    choose: ({ node: wanted }: { readonly node?: string }) => {
      if (wanted === "nowhere") throw new OpenClawError("NODE_UNKNOWN");
      return { nodeId: `id-of-${wanted ?? ""}`, displayName: wanted, local: wanted === "local", by: "name", candidates: 1 };
    },
    invoke: async function* (request: InvokeRequest) {
      ran.push(request);
      if (node.fail === undefined) yield { type: "end", ok: true, payload: `done ${ran.length}`, nodeId: request.nodeId };
      else yield { type: "end", ok: false, code: node.fail, why: "It failed.", nodeId: request.nodeId };
    },
    plan: async ({ params }: InvokeRequest) => (
      node.plan === undefined ? null : { ok: true, params: { ...(params as object), ...node.plan } }
    ),
    acknowledge: (id: string, nodeId: string) => acknowledged.push(`${id} ${nodeId}`),
  } as unknown as Nodes;
  const desk: { approvals?: Approvals } = {};
  const settings = { yesLocal: false };
  const operator = createOperatorInvoker({
    nodes, gate: createGate({ localNodeConfined: () => true, yesLocal: () => settings.yesLocal }), clock, ids: systemIds,
    placeOf: () => ({ allowedDirs: ["/w"], cwd: "/w" }), approvals: () => desk.approvals as Approvals,
    clientApprovals: { admit: async () => null },
  });
  const approvals = (desk.approvals = await openApprovals({
    records: engine.records, clock, ids: systemIds, seal: (_, plain) => plain, unseal: (_, sealed) => sealed, onChanged: () => undefined,
    log: { warn: () => undefined }, deliver: async (answer) => operator.receiveAnswer(answer),
  }));
  t.after(async () => {
    await approvals[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  let keys = 0;
  const invoke = (argv: readonly string[], more: Partial<OperatorCall> = {}) => operator.invoke({
    nodeId: "local", command: "system.run", params: { command: argv }, idempotencyKey: `key-${++keys}`,
    principal: { id: "owner" }, ...more,
  }, signal);
  /** Expects the question, and answers it. */
  const answered = async (argv: readonly string[], decision: ApprovalDecision, more: Partial<OperatorCall> = {}): Promise<void> => {
    const error: unknown = await invoke(argv, more).then(() => undefined, (thrown: unknown) => thrown);
    assert.ok(error instanceof OpenClawError && error.code === "APPROVAL_REQUIRED", String(error));
    await approvals.resolve(String(error.detail["approvalId"]), decision, "owner");
  };
  return { clock, ran, acknowledged, node, settings, operator, approvals, invoke, answered };
}

test("what only reads runs at once, a declared reading command and a documented read-only program alike", async (t) => {
  const { ran, approvals, invoke } = await setUp(t);
  assert.deepEqual(await invoke(["uname", "-a"]), { nodeId: "id-of-local", payload: "done 1" });
  await invoke([], { command: "system.info", params: {} });
  await invoke([], { command: "system.info", params: undefined });
  await invoke(["cat", "/w/notes"], { nodeId: "gpu-box" });
  assert.deepEqual(ran.map(({ nodeId, command }) => `${command} ${nodeId}`), [
    "system.run id-of-local", "system.info id-of-local", "system.info id-of-local", "system.run id-of-gpu-box",
  ]);
  assert.equal(approvals.list().length, 0);
});

test("a node may forget what came to an end, and keeps what failed on the way (S0.4)", async (t) => {
  const { ran, acknowledged, node, invoke } = await setUp(t);
  await invoke(["uname"]);
  assert.deepEqual(acknowledged, [`${ran[0]?.id} id-of-local`]);
  node.fail = "OUTCOME_UNKNOWN";
  await assert.rejects(invoke(["uptime"]), coded("OUTCOME_UNKNOWN"));
  assert.equal(acknowledged.length, 1);
});

test("what acts is asked for first: the answer says how to allow it, and nothing has run", async (t) => {
  const { ran, approvals, invoke } = await setUp(t);
  const calls = [
    invoke(["rm", "-r", "/w"]), invoke([], { command: "file.write", params: { path: "a", content: "b" } }),
    invoke([], { command: "made.up" }), invoke(["cat", "/etc/shadow"]),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof OpenClawError);
      assert.equal(error.code, "APPROVAL_REQUIRED");
      assert.ok(error.next.includes(`openclaw approvals allow ${String(error.detail["approvalId"])} `));
      return true;
    });
  }
  assert.equal(ran.length, 0);
  const [first, second] = approvals.list();
  assert.deepEqual([first?.request.command, first?.request.sessionKey], ["rm -r /w", OPERATOR_DESK]);
  assert.ok(second?.request.command.includes('{"path":"a","content":"b"}'), "a person answers for the parameters, not for a name");
});

test("what the node would refuse anyway is refused before anybody is asked", async (t) => {
  const { approvals, invoke } = await setUp(t);
  const wrong = [null, "text", {}, { command: "ls -l" }, { command: [] }, { command: ["rm", 1] }, { command: ["rm"], shell: true }];
  for (const params of wrong) {
    await assert.rejects(invoke([], { params }), coded("PARAMS_INVALID"));
  }
  assert.equal(approvals.list().length, 0);
});

test("a machine's rules are not reached past the methods that ask for more (S4.22)", async (t) => {
  const { ran, invoke } = await setUp(t);
  for (const command of ["system.execApprovals.get", "system.execApprovals.set"]) {
    await assert.rejects(invoke([], { command, params: { file: { version: 1 } } }), /use exec\.approvals\.node/);
  }
  assert.equal(ran.length, 0);
});

test("that a call says it is approved changes nothing: it is asked for, and the node is told nothing of it (#78415)", async (t) => {
  const { ran, approvals, invoke } = await setUp(t);
  const claims = { approved: true, approvalDecision: "allow-always", runId: "made up", systemRunPlan: { argv: ["rm", "a"] } };
  await assert.rejects(invoke([], { params: { command: ["rm", "a"], ...claims } }), coded("APPROVAL_REQUIRED"));
  await approvals.resolve(String(approvals.list()[0]?.id), "allow-once", "owner");
  await invoke([], { params: { command: ["rm", "a"], ...claims } });
  assert.deepEqual([ran[0]?.params, ran[0]?.approval], [{ command: ["rm", "a"] }, { decision: "allow-once" }]);
});

test("a person's own hand on a device is not asked again; an opt-in that acts on others is (S4.22)", async (t) => {
  const { ran, invoke } = await setUp(t);
  for (const command of ["camera.snap", "location.get", "system.notify", "canvas.present"]) {
    await invoke([], { nodeId: "phone", command, params: command === "system.notify" ? { title: "a", body: "b" } : {} });
  }
  assert.equal(ran.length, 4);
  await assert.rejects(invoke([], { nodeId: "phone", command: "sms.send", params: {} }), coded("APPROVAL_REQUIRED"));
});

test("asking again for the same command shows the same question", async (t) => {
  const { approvals, invoke } = await setUp(t);
  for (let times = 0; times < 3; times++) await assert.rejects(invoke(["rm", "a"]), coded("APPROVAL_REQUIRED"));
  await assert.rejects(invoke(["rm", "b"]), coded("APPROVAL_REQUIRED"));
  assert.equal(approvals.list().length, 2);
});

test("allowed once is for one run of exactly that command on exactly that node", async (t) => {
  const { ran, invoke, answered } = await setUp(t);
  await answered(["rm", "a"], "allow-once");
  await assert.rejects(invoke(["rm", "b"]), coded("APPROVAL_REQUIRED"));
  await assert.rejects(invoke(["rm", "a"], { nodeId: "other" }), coded("APPROVAL_REQUIRED"));
  assert.equal((await invoke(["rm", "a"])).payload, "done 1");
  await assert.rejects(invoke(["rm", "a"]), coded("APPROVAL_REQUIRED"));
  assert.equal(ran.length, 1);
});

test("allowed always holds for that command, and for no other", async (t) => {
  const { ran, invoke, answered } = await setUp(t);
  await answered(["rm", "a"], "allow-always");
  for (let times = 0; times < 3; times++) await invoke(["rm", "a"]);
  await assert.rejects(invoke(["rm", "-f", "a"]), coded("APPROVAL_REQUIRED"));
  assert.equal(ran.length, 3);
});

test("a denied command is refused once in so many words; asked for again it is a new question", async (t) => {
  const { ran, invoke, answered } = await setUp(t);
  await answered(["rm", "a"], "deny");
  await assert.rejects(invoke(["rm", "a"]), coded("APPROVAL_DENIED"));
  await assert.rejects(invoke(["rm", "a"]), coded("APPROVAL_REQUIRED"));
  assert.equal(ran.length, 0);
});

test("a question nobody answers decides nothing", async (t) => {
  const { clock, ran, invoke } = await setUp(t);
  await assert.rejects(invoke(["rm", "a"]), coded("APPROVAL_REQUIRED"));
  await clock.advance(31 * 60_000);
  await assert.rejects(invoke(["rm", "a"]), coded("APPROVAL_REQUIRED"));
  assert.equal(ran.length, 0);
});

test("the same key is the same call: one run, one answer, also while it runs; five minutes later it is a new one", async (t) => {
  const { clock, ran, invoke } = await setUp(t);
  const same = { idempotencyKey: "same" };
  const answers = await Promise.all([invoke(["uptime"], same), invoke(["uptime"], same)]);
  answers.push(await invoke(["uptime"], same));
  assert.deepEqual(answers.map(({ payload }) => payload), ["done 1", "done 1", "done 1"]);
  assert.equal((await invoke(["uptime"], { ...same, principal: { id: "device:x" } })).payload, "done 2", "keys are each principal's own");
  await clock.advance(300_000);
  assert.equal((await invoke(["uptime"], same)).payload, "done 3");
  assert.equal(ran.length, 3);
});

test("what failed, or was only asked for, may be tried again under the same key", async (t) => {
  const { node, invoke, answered } = await setUp(t);
  const same = { idempotencyKey: "same" };
  node.fail = "NODE_LOST";
  await assert.rejects(invoke(["uptime"], same), coded("NODE_LOST"));
  delete node.fail;
  assert.equal((await invoke(["uptime"], same)).payload, "done 2");
  await assert.rejects(invoke(["rm", "a"], { idempotencyKey: "other" }), coded("APPROVAL_REQUIRED"));
  await answered(["rm", "a"], "allow-once");
  assert.equal((await invoke(["rm", "a"], { idempotencyKey: "other" })).payload, "done 3");
});

test("--yes-local runs commands of the local node unasked, of no other", async (t) => {
  const { settings, invoke } = await setUp(t);
  settings.yesLocal = true;
  assert.equal((await invoke(["make", "install"])).payload, "done 1");
  await assert.rejects(invoke(["make", "install"], { nodeId: "gpu-box" }), coded("APPROVAL_REQUIRED"));
});

test("a node that is not known is said before anything is asked", async (t) => {
  const { approvals, invoke } = await setUp(t);
  await assert.rejects(invoke(["rm", "a"], { nodeId: "nowhere" }), coded("NODE_UNKNOWN"));
  assert.equal(approvals.list().length, 0);
});

test("however many keys and answers come, only the newest are kept", async (t) => {
  const { ran, invoke } = await setUp(t);
  for (let at = 0; at < 1_100; at++) await invoke(["uptime"], { idempotencyKey: `many-${at}` });
  await invoke(["uptime"], { idempotencyKey: "many-1099" });
  assert.equal(ran.length, 1_100);
  await invoke(["uptime"], { idempotencyKey: "many-0" });
  assert.equal(ran.length, 1_101);
});

test("of a node that plans, a person is shown the plan, and what was shown is what runs (S4.22, #78415)", async (t) => {
  const { node, ran, approvals, invoke, answered } = await setUp(t);
  node.plan = { command: ["/bin/rm", "a"], cwd: "/srv/x", systemRunPlan: { argv: ["/bin/rm", "a"], cwd: "/srv/x" } };
  await assert.rejects(invoke(["rm", "a"], { nodeId: "theirs" }), coded("APPROVAL_REQUIRED"));
  const [shown] = approvals.list();
  assert.deepEqual([shown?.request.commandArgv, shown?.request.cwd], [["/bin/rm", "a"], "/srv/x"]);
  node.plan = { command: ["/tmp/rm", "a"], systemRunPlan: { argv: ["/tmp/rm", "a"] } };
  await answered(["rm", "a"], "allow-once", { nodeId: "theirs" });
  await invoke(["rm", "a"], { nodeId: "theirs" });
  const sent = ran[0]?.params as Readonly<Record<string, unknown>>;
  assert.deepEqual([sent["command"], sent["systemRunPlan"]], [["/bin/rm", "a"], { argv: ["/bin/rm", "a"], cwd: "/srv/x" }]);
});
