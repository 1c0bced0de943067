/** A recorded conversation decided again, shown to another model and branched, from the command line; and every call on the ledger. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { addSoon } from "@openclaw/testkit/add-soon";
import { history, say, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { callMark } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

const PRICE = { input: 1, output: 1_000 };

interface Stand { readonly model: ScriptedModel; readonly gateway: RealGateway; readonly watched: Watched }

async function open(t: TestContext, more: Readonly<Record<string, unknown>> = {}): Promise<Stand> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({
    config: {
      agents: { defaults: { model: "scripted/test" } }, tools: { exec: { yesLocal: true } },
      models: {
        providers: {
          scripted: {
            use: "openai-compatible", baseUrl: model.url, attemptsMax: 1,
            models: [{ id: "test", cost: PRICE, contextTokens: 8_192 }, { id: "other", cost: { input: 2, output: 2_000 } }],
          },
        },
      },
      ledger: { currency: "EUR", outputTokensReserved: 100 }, ...more,
    },
  });
  t.after(() => gateway.dispose());
  return { model, gateway, watched: await gateway.connect() };
}

interface Named { readonly name: string; readonly calls: number; readonly totalCost?: number }

async function usageBy({ watched }: Stand, by: string): Promise<ReadonlyMap<string, Named>> {
  const { rows } = (await watched.client.request("usage.cost", { by, days: 1 })) as { readonly rows: readonly Named[] };
  return new Map(rows.map((row) => [row.name, row]));
}

test("a recorded session is decided again after a kill without asking anybody, and shown to another model for money that is counted "
  + "(S2.10)", async (t) => {
  const stand = await open(t);
  const { model, gateway, watched } = stand;
  await say(watched, "hello");
  const acted = await say(watched, `go ${callMark("exec", { command: "echo done" })}`);
  assert.match(toolResults(acted).join(), /done/);
  await gateway.kill();
  await gateway.start();
  const again: Stand = { ...stand, watched: await gateway.connect() };
  await say(again.watched, "and on");
  const asked = model.requests.length;
  const replayed = await gateway.cli(["session", "replay", "main"]);
  assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
  assert.match(replayed.stdout, /^3 turns, 5 steps, \d+ events; \d+ decisions made again\n.*Every decision is the same\./);
  assert.equal(model.requests.length, asked, "nobody was asked");
  assert.equal((await usageBy(again, "purpose")).get("replay"), undefined);

  model.script({ text: "quite another answer", usage: { prompt_tokens: 10, completion_tokens: 5 } });
  const other = await gateway.cli(["session", "replay", "main", "--at", "1", "--model", "scripted/other", "--json"]);
  const { other: said } = JSON.parse(other.stdout) as { readonly other: Readonly<Record<string, unknown>> };
  assert.deepEqual([said["model"], said["step"], said["text"], said["same"]], ["scripted/other", 1, "quite another answer", false]);
  const [first, shown] = [model.requests[0]?.body, model.requests.at(-1)?.body];
  assert.deepEqual([shown?.model, shown?.messages], ["other", first?.messages], "it read what the first one had read");
  assert.deepEqual((await usageBy(again, "purpose")).get("replay")?.calls, 1, "the call is on the ledger");
  assert.equal((await usageBy(again, "model")).get("scripted/other")?.calls, 1);
  assert.equal((await history(again.watched)).length, 8, "and nothing of it in the session");

  const set = await gateway.cli(["config", "set", "ledger.budgets.session.total.cost", "0"]);
  assert.equal(set.code, 0, set.stderr);
  await again.watched.until(({ event }) => event === "config.changed");
  const poor = await gateway.cli(["session", "replay", "main", "--at", "1", "--model", "scripted/other"]);
  assert.match(poor.stdout, /no answer: .*budget/, "and a budget holds for it");
  assert.equal(model.requests.length, asked + 1);
});

test("a branch from the command line begins where it was cut, goes on by itself, replays equal and leaves the first as it was "
  + "(S2.10, S4.7)", async (t) => {
  const { gateway, watched } = await open(t);
  for (const text of ["one", "two", "three"]) await say(watched, text);
  const made = await gateway.cli(["session", "branch", "main", "--at", "2", "--as", "retry"]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout + made.stderr, /Branched from \S+ after step 2: agent:main:retry\n/);
  const texts = async (session: string): Promise<readonly string[]> => (await history(watched, session)).map(textOf);
  assert.deepEqual(await texts("retry"), ["one", "echo: one", "two", "echo: two"]);
  await gateway.kill();
  await gateway.start();
  const again = await gateway.connect();
  assert.equal((await say(again, "another way", { session: "retry" })).reply, "echo: another way");
  assert.equal((await history(again)).length, 6);
  assert.equal((await gateway.cli(["session", "replay", "retry"])).code, 0);
  const taken = await gateway.cli(["session", "branch", "main", "--as", "retry"]);
  assert.match(taken.stderr, /CONFLICT/);
});

test("calls nobody sees are metered like any other: a summary, a heartbeat, a job of the clock, a sub-agent (C8, C9)", async (t) => {
  const stand = await open(t, {
    agents: { defaults: { model: "scripted/test", heartbeat: { every: "1h" } } }, context: { summaries: "model" },
  });
  const { model, gateway, watched } = stand;
  for (let at = 0; at < 3; at++) await say(watched, `Question ${at}: ${"a long story about a harbour ".repeat(20)}?`);
  await watched.client.request("sessions.compact", { key: "main" });
  await watched.client.request("wake", { mode: "now", text: "the disk is full" });
  await addSoon(watched, { name: "tick", payload: { kind: "agentTurn", message: "tick" }, sessionTarget: "isolated" });
  await say(watched, `go ${callMark("sessions_spawn", { task: "count", wait: true })}`);
  for (;;) {
    const purposes = await usageBy(stand, "purpose");
    const calls = [...purposes.values()].reduce((sum, row) => sum + row.calls, 0);
    const silent = [purposes.get("summary")?.calls, purposes.get("schedule")?.calls, purposes.get("agent")?.calls];
    if (calls === model.requests.length && silent.join() === "1,2,1") break;
    t.diagnostic(JSON.stringify([...purposes.values()].map(({ name, calls: of }) => [name, of])) + ` of ${model.requests.length}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const table = await gateway.cli(["usage", "--by", "purpose"]);
  assert.match(table.stdout, /summary/);
});
