/** A conversation far longer than its model's context: no prompt overflows, the older part is condensed, and a crash changes nothing. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { say, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { realTokenizers } from "@openclaw/testkit/real-tokenizers";
import { callMark } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { TOKEN_CORPUS } from "@openclaw/testkit/token-corpus";

const CONTEXT_TOKENS = 8_192;
/** A quarter is kept free for the answer. */
const PROMPT_TOKENS_MAX = CONTEXT_TOKENS * 0.75;

test("a session many times longer than its model's context answers on, remembers what was pinned, and no prompt overflows, "
  + "also after kill -9 (S0.3, S2.15, S3.2)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({
    config: {
      agents: { defaults: { model: "scripted/test" } },
      models: {
        providers: {
          scripted: {
            use: "openai-compatible", baseUrl: model.url, models: [{ id: "test", contextTokens: CONTEXT_TOKENS, tokenizer: "o200k_base" }],
          },
        },
      },
      context: { summaries: "extract" },
      tools: { exec: { yesLocal: true } },
    },
  });
  t.after(() => gateway.dispose());
  const first = await gateway.connect();
  assert.equal((await say(first, "hello")).reply, "echo: hello");
  await first.client.request("sessions.pin", { key: "main", text: "The harbour closes at nine" });
  for (const [at, { text }] of TOKEN_CORPUS.slice(0, 30).entries()) {
    const turn = await say(first, `Question ${at}? ${text.replaceAll(/[[\]]/g, "").repeat(3)}`);
    assert.equal(turn.status, "ok", turn.error);
  }
  const looked = await say(first, `go ${callMark("exec", { argv: ["seq", "1", "9000"] })}`);
  const [shown = ""] = toolResults(looked);
  assert.match(shown, /^1\n2\n[^]*characters left out; the whole has SHA-256 [0-9a-f]{64} and is read by read_output with id/);
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  assert.equal((await say(second, "and now")).reply, "echo: and now");

  const last = model.requests.at(-1)?.body.messages.map((message) => JSON.stringify(message)) ?? [];
  assert.match(last[1] ?? "", /Pinned facts:\\n- The harbour closes at nine\\n\\nSummary of what was said before:\\nAsked:/);
  assert.ok(!last.some((message) => message.includes("Question 0?") && !message.includes("Summary of")), "what was condensed is not shown");
  for (const { encoding, count } of await realTokenizers()) {
    const sizes = model.requests.map(({ body: { messages, tools = [] } }) => count(JSON.stringify({ messages, tools })));
    t.diagnostic(`${sizes.length} prompts, the largest of ${Math.max(...sizes)} tokens by ${encoding}`);
    assert.ok(sizes.every((size) => size <= PROMPT_TOKENS_MAX), `${Math.max(...sizes)} tokens by ${encoding}`);
  }

  const held = await blobsIn(gateway.stateDir);
  const out = "agent:main:out";
  await say(second, `go ${callMark("exec", { argv: ["seq", "1", "9000"] })}`, { session: out });
  assert.equal((await blobsIn(gateway.stateDir)).length, held.length + 1, "the whole of it is kept");
  await second.client.request("sessions.delete", { key: out });
  assert.deepEqual(await blobsIn(gateway.stateDir), held, "and goes with its session");
});

async function blobsIn(stateDir: string): Promise<readonly string[]> {
  const names = await readdir(join(stateDir, "blobs"), { recursive: true });
  return names.filter((name) => /^[0-9a-f]{2}.[0-9a-f]{64}$/.test(name)).sort();
}
