/** A person on Telegram, the gateway, an agent, a paired node, and back: over strangers, groups and `kill -9`. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ALICE, BOB, GROUP, openFakeTelegram, type FakeTelegram } from "@openclaw/testkit/fake-telegram";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

async function openTelegram(t: TestContext, more: Readonly<Record<string, unknown>> = {}) {
  const telegram = await openFakeTelegram();
  t.after(() => telegram[Symbol.asyncDispose]());
  const model = await openScriptedModel();
  t.after(() => model.close());
  const config = {
    ...scriptedConfig(model.url),
    channels: { telegram: { botToken: telegram.token, apiRoot: telegram.url, pollSeconds: 5, groups: { [GROUP.id]: {} }, ...more } },
  };
  return { telegram, model, config };
}

/** What the bot said in a conversation, as people see it. */
const saidIn = (telegram: FakeTelegram, chatId: number): readonly string[] =>
  telegram.messages(chatId).filter(({ from }) => from === "bot").map(({ text }) => text);
const untilSaid = (telegram: FakeTelegram, chatId: number, words: RegExp): Promise<string> =>
  telegram.until(() => saidIn(telegram, chatId).find((text) => words.test(text)));

test("a stranger gets a code and no model; let in as the owner, they ask for a program on a paired node and read what it said; in a "
  + "group it answers who speaks to it (S4.24, S1.7, S4.8)", async (t) => {
  const { telegram, model, config } = await openTelegram(t);
  const gateway = await openRealGateway({ config });
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far" });
  t.after(() => node.dispose());
  const owner = await gateway.connect();

  telegram.say({ from: ALICE, text: "hello" });
  const greeting = await untilSaid(telegram, ALICE.id, /private assistant/);
  const [code = ""] = /[A-Z2-9]{8}/.exec(greeting) ?? [];
  telegram.say({ from: ALICE, text: "are you there?" });
  await telegram.until(() => telegram.unconfirmed === 0);
  assert.equal(saidIn(telegram, ALICE.id).length, 1, "one code, however often they write");
  assert.equal(model.requests.length, 0);
  await owner.client.request("channels.pairing.approve", { channel: "telegram", code, owner: true });

  telegram.say({ from: ALICE, text: `go ${callMark("exec", { node: "far", command: "uname -s" })}` });
  await untilSaid(telegram, ALICE.id, /done: Linux/);
  telegram.say({ chat: GROUP, from: BOB, text: "nobody is asked" });
  const asked = telegram.say({ chat: GROUP, from: BOB, text: `@${telegram.username} hi` });
  await untilSaid(telegram, GROUP.id, /echo/);
  const answer = telegram.messages(GROUP.id).find(({ from }) => from === "bot");
  assert.equal(answer?.replyTo, asked);
  assert.match(answer?.text ?? "", /from Bob/);
  assert.equal(saidIn(telegram, GROUP.id).length, 1);
  const { channelAccounts: accounts } = await owner.client.request("channels.status", {}) as {
    readonly channelAccounts: Readonly<Record<string, readonly { readonly state: string; readonly as: string }[]>>;
  };
  assert.deepEqual(accounts["telegram"]?.map(({ state, as }) => [state, as]), [["up", `@${telegram.username}`]]);
});
