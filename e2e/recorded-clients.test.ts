/**
 * What the unmodified clients of the well-known program said to a gateway, recorded from the wire by `npm run compat -- --record`,
 * is said again here; the answers and events have to look as they did, and fit the schemas in protocol/.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { MethodSpec } from "@openclaw/protocol";
import { METHODS } from "@openclaw/protocol/methods";
import { connectPlain } from "@openclaw/testkit/plain-client";
import { PROGRAM_ROOT, openRealGateway } from "@openclaw/testkit/real-gateway";
import { readRecording, replayRecording } from "@openclaw/testkit/replay-recording";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

/** In the order they were made in: later ones speak of what earlier ones left behind. */
const RECORDED = {
  call: "its command line asks: health, status, presence, lists, an unknown method",
  agent: "its command line runs an agent and gets both answers",
  terminal: "its terminal talks: history, a streamed reply, a tool, stopping, settings, a new session",
  node: "its node host joins, is approved and runs a command that a person allowed",
  devices: "its command line looks after devices: rename, rotate, revoke, remove",
  lists: "its command line reads logs, jobs, approvals and channels, and adds and runs a job",
  browser: "its dashboard in a browser talks: a streamed reply, a tool, an approval, the history after a reload",
} as const;

test("what the well-known clients were recorded saying goes as it went "
  + "(S4.1, S4.2, S4.7, S4.8, S4.15, S4.19, S4.25, S4.26)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const scratch = await mkdtemp(join(tmpdir(), "openclaw-replay-"));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  for (const [name, what] of Object.entries(RECORDED)) {
    await t.test(what, async () => {
      const lines = await readRecording(join(PROGRAM_ROOT, "testkit", "recordings", `${name}.jsonl`));
      assert.ok(lines.length > 0);
      assert.deepEqual(await replayRecording(lines, { port: gateway.port, token: gateway.token, scratch }), []);
    });
  }
});

test("every method that is described is there, and every one that is listed is described (S4.2)", async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const { client } = await gateway.connect();
  t.after(() => client.close());
  const described = Object.entries<MethodSpec>(METHODS);
  const listed = described.filter(([, spec]) => spec.hidden !== true).map(([name]) => name);
  assert.deepEqual(client.hello.features.methods.toSorted(), listed.toSorted());
  for (const [name] of described.filter(([, spec]) => spec.hidden === true)) {
    await client.request(name, { nonsense: true }).catch((error: Error) => assert.doesNotMatch(error.message, /^unknown method/, name));
  }
});

test("what is not there is named in details.code, and a page's sessions are said back (W.2.24, W.6.31)", async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const client = await connectPlain(gateway.port, { token: gateway.token });
  t.after(() => client.close());
  const agent = await client.ask("chat.send", { sessionKey: "main", agentId: "nobody", message: "hi", idempotencyKey: "k" });
  assert.deepEqual([agent.error?.details?.["code"], agent.error?.details?.["agentId"]], ["UNKNOWN_AGENT_ID", "nobody"]);
  for (const method of ["cron.get", "cron.run", "cron.runs"]) {
    const { error } = await client.ask(method, { id: "no-such-job" });
    const { code, jobId } = error?.details ?? {};
    assert.deepEqual([error?.code, code, jobId], ["INVALID_REQUEST", "CRON_JOB_NOT_FOUND", "no-such-job"]);
  }
  assert.deepEqual(await client.call("sessions.viewers.set", { sessionKeys: ["agent:main:main"] }), { sessionKeys: ["agent:main:main"] });
});
