/** Plain HTTP on the real program: a session followed as it goes, webhooks waited for, and no file read for anybody. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const CANARY = "canary-of-a-file-outside";

test("a session is followed over plain HTTP, a webhook waits for its run, and no path in a message or an address reads a file "
  + "(S4.44, W.9.6, W.9.7, W.9.9; moltbot #4930)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({
    config: {
      ...scriptedConfig(model.url, { yesLocal: true }), hooks: { enabled: true, label: "owner" },
      gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } },
    },
    prepare: async (stateDir) => {
      await mkdir(join(stateDir, "outside"), { recursive: true });
      await writeFile(join(stateDir, "outside", "secret.txt"), CANARY);
    },
  });
  t.after(() => gateway.dispose());
  const base = `http://127.0.0.1:${gateway.port}`;
  const authorization = `Bearer ${gateway.token}`;
  const secretFile = join(gateway.stateDir, "outside", "secret.txt");

  const chat = async (content: string): Promise<{ readonly text: string; readonly sessionKey: string }> => {
    const response = await fetch(`${base}/v1/chat/completions`, {
      method: "POST", headers: { authorization },
      body: JSON.stringify({ model: "openclaw", user: "follower", messages: [{ role: "user", content }] }),
    });
    assert.equal(response.status, 200);
    return { text: await response.text(), sessionKey: decodeURI(response.headers.get("x-openclaw-session-key") ?? "") };
  };
  const { sessionKey } = await chat("first");

  const leaving = new AbortController();
  const followed = await fetch(`${base}/sessions/${encodeURIComponent(sessionKey)}/history`, {
    headers: { authorization, accept: "text/event-stream" }, signal: leaving.signal,
  });
  let seen = "";
  const reading = (async () => {
    for await (const chunk of followed.body ?? []) seen += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  while (!seen.includes("event: history\n")) await new Promise((resolve) => setTimeout(resolve, 10));
  // The model says what a channel of the well-known program would have sent as a file.
  model.script({ text: `MEDIA:${secretFile}\n![x](file://${secretFile})` });
  const media = await chat(`MEDIA:${secretFile} and MEDIA:file://${secretFile} and MEDIA:../../outside/secret.txt`);
  assert.ok(media.text.includes("MEDIA:") && !media.text.includes(CANARY), "a path in an answer is a text");
  const shown = await chat(callMark("exec", { argv: ["echo", `MEDIA:${secretFile}`] }));
  assert.ok(!shown.text.includes(CANARY));
  while (!/done: [^\n]*\n\n/.test(seen)) await new Promise((resolve) => setTimeout(resolve, 10));
  leaving.abort();
  await reading;
  assert.ok(seen.startsWith("retry: 1000\n\nevent: history\n"));
  assert.ok(!seen.includes(CANARY));
  const told = seen.split("\n\n").filter((event) => event.startsWith("event: message")).map((event) => {
    const { message, messageSeq } = JSON.parse(event.slice(event.indexOf("data: ") + 6)) as {
      message: { role: string }; messageSeq: number;
    };
    return `${messageSeq} ${message.role}`;
  });
  assert.deepEqual(told, ["3 user", "4 assistant", "5 user", "6 assistant", "7 toolResult", "8 assistant"]);

  const hooksToken = (await readFile(join(gateway.stateDir, "credentials", "hooks-token"), "utf8")).trim();
  const hook = await fetch(`${base}/hooks/agent`, {
    method: "POST", headers: { "X-OpenClaw-Token": hooksToken }, body: JSON.stringify({ message: "hello", waitForCompletion: true }),
  });
  const { ok, status, runId, ...rest } = (await hook.json()) as Record<string, unknown>;
  assert.deepEqual([hook.status, ok, status, typeof runId, rest], [200, true, "ok", "string", {}]);
  for (const [path, token] of [["/hooks/agent", gateway.token], ["/v1/models", hooksToken], ["/tools/invoke", hooksToken]] as const) {
    const crossed = await fetch(`${base}${path}`, {
      method: path === "/v1/models" ? "GET" : "POST", headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(crossed.status, 401, `${path}: one token does not open what belongs to the other`);
  }

  const invoke = async (body: object): Promise<readonly [number, unknown]> => {
    const answer = await fetch(`${base}/tools/invoke`, { method: "POST", headers: { authorization }, body: JSON.stringify(body) });
    const { result, error } = (await answer.json()) as { readonly result?: unknown; readonly error?: { readonly type: string } };
    return [answer.status, error?.type ?? result];
  };
  const [status200, recalled] = await invoke({ tool: "recall", args: { query: "tea" } });
  assert.equal(status200, 200, JSON.stringify(recalled));
  assert.deepEqual(await invoke({ tool: "exec", args: { argv: ["id"] } }), [404, "not_found"]);
  assert.deepEqual(await invoke({ tool: "nothing_of_that_name" }), [404, "not_found"]);
  assert.deepEqual(await invoke({ tool: "recall", args: { nonsense: true } }), [400, "invalid_request"]);
  assert.deepEqual((await invoke({ tool: "recall", args: { query: "tea" }, dryRun: true }))[0], 200);
  assert.deepEqual((await invoke({ tool: "read_file", args: { path: secretFile } }))[0] === 200, false, "outside of the workspace");

  const described = await fetch(`${base}/control-ui-config.json`, { headers: { authorization } });
  const settings = (await described.json()) as Record<string, unknown>;
  assert.deepEqual([settings["basePath"], settings["assistantAgentId"]], ["", "main"]);
  const encoded = encodeURIComponent(secretFile);
  for (const path of ["/..%2foutside%2fsecret.txt", "/outside/secret.txt", `/media?path=${secretFile}`, `/api/chat/media/${encoded}`]) {
    const answer = await fetch(`${base}${path}`, { headers: { authorization } });
    assert.equal(answer.status, 404, path);
    assert.ok(!(await answer.text()).includes(CANARY));
  }
});
