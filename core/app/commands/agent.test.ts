// The turn as a person sees it: text, tool cards, approvals, a gateway that goes away in the middle.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { EXIT } from "@openclaw/protocol";
import { openclaw, startOpenClaw, type Said } from "./run-openclaw.testing.ts";
import { openScriptedGateway, type Script, type ScriptedCall } from "./scripted-gateway.testing.ts";

const OK = (text: string): object => ({
  status: "ok", summary: "done",
  result: { payloads: [{ text, mediaUrl: null }], meta: { durationMs: 1_200, agentMeta: { provider: "demo", model: "demo" } } },
});

function live(call: ScriptedCall): (stream: string, data: unknown) => void {
  let seq = 0;
  return (stream, data) => call.socket.event("agent", { runId: call.params["idempotencyKey"], stream, seq: (seq += 1), ts: 1, data });
}

function update(text: string, offset: number, stream = "stdout"): unknown {
  return {
    phase: "update", name: "exec", toolCallId: "t1",
    partialResult: { content: [{ type: "text", text }], details: { stream, offset } },
  };
}

async function say(script: Script, args: readonly string[] = []): Promise<Said> {
  await using gateway = await openScriptedGateway(script);
  return await openclaw(["agent", "-m", "check it", ...args], { OPENCLAW_GATEWAY_PORT: String(gateway.port) });
}

const CHECK: Script = {
  agent: (call) => {
    call.socket.accept({ runId: call.params["idempotencyKey"], status: "accepted" });
    const emit = live(call);
    emit("assistant", { delta: "I look." });
    emit("tool", { phase: "start", name: "exec", toolCallId: "t1", args: { tag: "heavy-compute", argv: ["uptime", "-p"] } });
    emit("tool", update("up 3 d", 0));
    emit("tool", update("ays\nload 0.1\n", 6));
    emit("tool", {
      phase: "result", name: "exec", toolCallId: "t1", isError: false,
      result: { content: [{ type: "text", text: "up 3 days" }], details: { nodeId: "3f2a", durationMs: 400, exitCode: 0 } },
    });
    emit("assistant", { delta: "It is " });
    emit("assistant", { delta: "well." });
    return OK("It is well.");
  },
};

test("tool output streams behind a bar under its card, and the reply is not said twice (S0.38)", async () => {
  const said = await say(CHECK);
  assert.equal(said.code, 0);
  assert.equal(said.stdout, [
    "I look.", "",
    "▸ exec  on heavy-compute  uptime -p",
    "  │ up 3 days", "  │ load 0.1",
    "✓ exec  3f2a  400 ms  exit 0", "",
    "It is well.", "",
  ].join("\n"));
  assert.match(said.stderr, /demo\/demo {2}· {2}1\.2 s/);
});

test("with --quiet only the reply; with --json only the final document", async () => {
  assert.deepEqual(await say(CHECK, ["--quiet"]), { code: 0, stdout: "It is well.\n", stderr: "" });
  const { stdout, stderr } = await say(CHECK, ["--json"]);
  assert.deepEqual([JSON.parse(stdout), stderr], [{ ok: true, ...OK("It is well.") }, ""]);
});

test("a failed turn is a failed command, under the turn's own code", async () => {
  const failed = await say({
    agent: () => ({ status: "error", summary: "The provider said no.", result: { payloads: [], meta: { error: { code: "MODEL_AUTH" } } } }),
  });
  assert.equal(failed.code, EXIT.auth);
  assert.match(failed.stderr, /The model provider refused the key\.\n {2}The provider said no\.\n.*\n {2}Code {2}MODEL_AUTH/);
  assert.equal((await say({ agent: () => ({ status: "timeout" }) })).code, EXIT.timeout);
  assert.equal((await openclaw(["agent", "-m", "  "])).code, EXIT.usage);
});

test("an approval is shown exactly, with the command that answers it", async () => {
  const looked = Promise.withResolvers<void>();
  const said = await say({
    "exec.approval.list": () => {
      setImmediate(looked.resolve); // behind this answer
      return [{ id: "0k3v", request: { commandArgv: ["rm", "a b"], nodeName: "pi", warningText: "It changes files." } }];
    },
    agent: async (call) => {
      live(call)("approval", { phase: "pending", kind: "exec", approvalId: "0k3v", title: "rm a b" });
      await looked.promise;
      return OK("Done.");
    },
  });
  for (const part of [
    '? rm "a b"', "It changes files.", "openclaw approvals allow 0k3v --session", "openclaw approvals deny 0k3v", "Done.",
  ]) assert.ok(said.stdout.includes(part), `${part} in\n${said.stdout}`);
});

test("a gateway that dies in mid-turn is waited for; the same key is sent again and no output is shown twice (S0.15)", async () => {
  const keys: unknown[] = [];
  const first = await openScriptedGateway({
    agent: async (call) => {
      keys.push(call.params["idempotencyKey"]);
      call.socket.accept({ status: "accepted" });
      const emit = live(call);
      emit("tool", { phase: "start", name: "exec", toolCallId: "t1", args: { argv: ["slow"] } });
      emit("tool", update("one\n", 0));
      await pause(100);
      call.socket.drop();
      return {};
    },
  });
  const running = startOpenClaw(["agent", "-m", "slow"], { OPENCLAW_GATEWAY_PORT: String(first.port) });
  await running.saw("The connection is lost");
  await first[Symbol.asyncDispose]();
  await using second = await openScriptedGateway({
    agent: (call) => {
      keys.push(call.params["idempotencyKey"]);
      call.socket.accept({ status: "accepted" });
      const emit = live(call);
      emit("lifecycle", { phase: "resumed" });
      emit("tool", { phase: "start", name: "exec", toolCallId: "t1", args: {}, resumed: true });
      emit("tool", update("one\n", 0));
      emit("tool", update("two\n", 4));
      emit("tool", update("four\n", 14));
      emit("tool", {
        phase: "result", name: "exec", toolCallId: "t1", isError: false,
        result: { content: [{ type: "text", text: "one\ntwo" }], details: { exitCode: 0 } },
      });
      return OK("Both came.");
    },
  }, { port: first.port });
  const said = await running.done;
  assert.equal(said.code, 0, said.stderr);
  assert.equal(second.requests.filter((request) => request.method === "agent").length, 1);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal(said.stdout.match(/one/g)?.length, 1, said.stdout);
  assert.match(said.stdout, /two\n {2}· 6 B came while nobody was connected\n {2}│ four\n[\s\S]*Both came\./);
});

test("--timeout is the turn's, in seconds: the gateway is told, and its word is the exit code", async () => {
  let told: unknown;
  const said = await say({ agent: async (call) => {
    told = call.params["timeout"];
    await pause(200);
    return { status: "timeout", summary: "It took too long." };
  } }, ["--timeout", "1"]);
  assert.deepEqual([told, said.code], [1, EXIT.timeout]);
});

test("Ctrl-C leaves with 130", async () => {
  await using gateway = await openScriptedGateway({
    agent: async (call) => {
      call.socket.accept({ status: "accepted" });
      live(call)("assistant", { delta: "thinking" });
      await pause(5_000, undefined, { ref: false });
      return {};
    },
  });
  const running = startOpenClaw(["agent", "-m", "wait"], { OPENCLAW_GATEWAY_PORT: String(gateway.port) });
  await running.saw("thinking");
  running.kill("SIGINT");
  assert.equal((await running.done).code, EXIT.interrupted);
});
