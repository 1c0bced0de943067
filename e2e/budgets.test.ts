/** Money and trouble on the real program: budgets refuse, nothing spent is forgotten, a model that fails is stood in for. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { say, send, settled, streamed } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

interface Setting {
  readonly one: ScriptedModel;
  readonly two: ScriptedModel;
  readonly gateway: RealGateway;
  readonly operator: Watched;
}

interface Usage {
  readonly totals: { readonly calls: number; readonly totalCost: number; readonly reserved: number; readonly failed: number };
  readonly rows: readonly { readonly name: string; readonly calls: number }[];
}

const PRICED = [{ id: "test", cost: { input: 1, output: 1_000 } }];

async function open(t: TestContext, ledger: object = {}): Promise<Setting> {
  const [one, two] = await Promise.all([openScriptedModel(), openScriptedModel()]);
  t.after(() => Promise.all([one.close(), two.close()]));
  const gateway = await openRealGateway({
    config: {
      agents: { defaults: { model: { primary: "one/test", fallbacks: ["two/test"] } } },
      models: {
        providers: {
          one: { use: "openai-compatible", baseUrl: one.url, models: PRICED, attemptsMax: 1 },
          two: { use: "openai-compatible", baseUrl: two.url, models: PRICED, attemptsMax: 1 },
        },
      },
      ledger: { currency: "EUR", outputTokensReserved: 100, ...ledger },
    },
  });
  t.after(() => gateway.dispose());
  return { one, two, gateway, operator: await gateway.connect() };
}

const cost = async ({ client }: Watched, by: string): Promise<Usage> => (await client.request("usage.cost", { by, days: 1 })) as Usage;

test("a budget of zero refuses every call before it is sent, says which and what to do, and a raised one lets the session go on "
  + "(C9)", async (t) => {
  const { one, two, gateway, operator } = await open(t, { budgets: { agent: { day: { cost: 0 } } } });
  const refused = await say(operator, "hello");
  assert.equal(refused.status, "error");
  assert.match(refused.error ?? "", /The budget of the agent main for a day is 0\.00 EUR; 0\.00 EUR are left/);
  assert.match(refused.error ?? "", /It renews at \d{4}-\d\d-\d\d 00:00/);
  assert.equal(streamed(operator, "lifecycle", refused.runId).findLast(({ phase }) => phase === "error")?.["code"], "BUDGET_EXCEEDED");
  assert.equal(one.requests.length + two.requests.length, 0, "no server heard of it");
  const set = await gateway.cli(["config", "set", "ledger.budgets.agent.day.cost", "1"]);
  assert.equal(set.code, 0, set.stderr);
  await operator.until(({ event }) => event === "config.changed");
  assert.equal((await say(operator, "hello")).reply, "echo: hello");
  const budget = await gateway.cli(["usage", "budget"]);
  assert.match(budget.stdout, /agent main +day +1\.00 EUR +0\.00\d+ EUR +0\.99\d+ EUR +\d{4}-/);
});

test("turns are refused before they pass a budget, and what is refused was never sent (C9)", async (t) => {
  // Each answer is two tokens of a thousandth each; 0.1 is set aside for it.
  const { one, operator } = await open(t, { budgets: { tenant: { day: { cost: 0.12 } } } });
  let answered = 0;
  for (let turn = 0; turn < 30; turn++) {
    const { status } = await say(operator, "hello");
    if (status !== "ok") break;
    answered += 1;
  }
  assert.ok(answered >= 3 && answered < 30, `${answered} answered`);
  assert.equal(one.requests.length, answered);
  const { totals } = await cost(operator, "day");
  assert.equal(totals.calls, answered);
  assert.ok(totals.totalCost <= 0.12, String(totals.totalCost));
});

test("what was spent stays on the ledger over a kill in mid-call: the call that was cut counts in full, the one asked again too "
  + "(C1, C9, S0.16)", async (t) => {
  const { one, gateway, operator } = await open(t);
  await say(operator, "hello");
  one.script({ text: ["word0 ", "word1 ", "word2 ", "word3 "], silence: true });
  await send(operator, "slowly [[tokens 60 2]]", { key: "cut" });
  await operator.until(({ event, payload }) => event === "chat" && JSON.stringify(payload).includes("word3"));
  await gateway.kill();
  await gateway.start();
  const again = await gateway.connect();
  const turn = await settled(again, "cut");
  assert.equal(turn.status, "ok", turn.error);
  const { totals } = await cost(again, "day");
  assert.deepEqual([totals.calls, totals.reserved, one.requests.length], [3, 1, 3]);
  await gateway.stop();
  await gateway.start();
  const after = await cost(await gateway.connect(), "day");
  assert.deepEqual(after.totals, totals, "and a restart changes nothing");
});

test("a model that fails is stood in for; its rest is shown with cause and next try, and what it all took is told by model "
  + "(C25, S0.5)", async (t) => {
  const { one, two, gateway, operator } = await open(t);
  one.script({ status: 500 }, { status: 500 }, { status: 500 });
  for (let turn = 0; turn < 4; turn++) assert.equal((await say(operator, "hello")).reply, "echo: hello");
  assert.deepEqual([one.requests.length, two.requests.length], [3, 4], "the fourth was not asked of the one that rests");
  const status = await gateway.cli(["status"]);
  assert.match(status.stdout, /one\/test is given a rest \(3 failures, MODEL_UNAVAILABLE; next try in \d/);
  const { rows } = await cost(operator, "model");
  assert.deepEqual(rows.map(({ name, calls }) => [name, calls]), [["two/test", 4], ["one/test", 3]]);
  const table = await gateway.cli(["usage", "--by", "session"]);
  assert.match(table.stdout, /SESSION +CALLS +FAILED +IN +CACHED +OUT +EUR\s+agent:main:main +7 +3 /);
  assert.equal((await gateway.cli(["usage", "--by", "nonsense"])).code, 2);
});
