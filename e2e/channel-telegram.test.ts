/** A person on Telegram, the gateway, an agent, a paired node, and back: over strangers, groups and `kill -9`. */
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ALICE, BOB, GROUP, openFakeTelegram } from "@openclaw/testkit/fake-telegram";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

interface Row { readonly displayName: string; readonly connected: boolean }

test("a stranger gets a code and no model; let in as the owner, they ask for a program on a paired node and read what it said, once, "
  + "though the gateway died before Telegram could forget the message, and once, though it died in the middle of an answer; a group is "
  + "answered where it speaks to it (S4.24, S4.5, S4.8, S4.26, S1.7, S1.8, C1, C2, W.6.61, W.6.62)", async (t) => {
  const telegram = await openFakeTelegram();
  t.after(() => telegram[Symbol.asyncDispose]());
  const model = await openScriptedModel();
  t.after(() => model.close());
  const home = await mkdtemp(join(tmpdir(), "openclaw-e2e-"));
  const gateway = await openRealGateway({
    home, bare: true, env: { OPENCLAW_CRASH_AT: `message.offered@${join(home, "crashed")}` },
    config: {
      ...scriptedConfig(model.url),
      channels: { telegram: { botToken: telegram.token, apiRoot: telegram.url, groups: { [GROUP.id]: {} } } },
    },
  });
  t.after(() => gateway.dispose());
  const node = await openRealNode(gateway, { name: "far" });
  t.after(() => node.dispose());
  const owner = await gateway.connect();
  /** What the bot said in a conversation, as people see it. */
  const saidIn = (chatId: number): readonly string[] =>
    telegram.messages(chatId).filter(({ from }) => from === "bot").map(({ text }) => text);
  const untilSaid = (chatId: number, words: RegExp): Promise<string> =>
    telegram.until(() => saidIn(chatId).find((text) => words.test(text)));

  telegram.say({ from: ALICE, text: "hello" });
  const [code = ""] = /[A-Z2-9]{8}/.exec(await untilSaid(ALICE.id, /private assistant/)) ?? [];
  telegram.say({ from: ALICE, text: "are you there?" });
  await telegram.until(() => telegram.unconfirmed === 0);
  assert.equal(saidIn(ALICE.id).length, 1, "one code, however often they write");
  assert.equal(model.requests.length, 0);
  const approve = (): Promise<unknown> => owner.client.request("channels.pairing.approve", { channel: "telegram", code, owner: true });
  await approve();
  await assert.rejects(approve(), { code: "PAIRING_CODE_UNKNOWN" });
  const { requests, approved } = await owner.client.request("channels.pairing.list", {}) as Readonly<Record<string, readonly unknown[]>>;
  assert.deepEqual([requests?.length, approved?.length], [0, 1]);

  telegram.say({ from: ALICE, text: "it is me" });
  await gateway.gone();
  assert.equal(telegram.unconfirmed, 1, "it died before Telegram could forget the message");
  await gateway.start();
  await untilSaid(ALICE.id, /echo: it is me/);
  const back = await gateway.connect();
  for (let isBack = false; !isBack;) {
    const { nodes } = await back.client.request("node.list", {}) as { readonly nodes: readonly Row[] };
    isBack = nodes.some(({ displayName, connected }) => displayName === "far" && connected);
  }
  telegram.say({ from: ALICE, text: `go ${callMark("exec", { node: "far", command: "uname -s" })}` });
  await untilSaid(ALICE.id, /done: Linux/);

  telegram.say({ chat: GROUP, from: BOB, text: "nobody is asked" });
  const asked = telegram.say({ chat: GROUP, from: BOB, text: `@${telegram.username} hi` });
  await untilSaid(GROUP.id, /echo.*from Bob.* hi/s);
  assert.deepEqual(telegram.messages(GROUP.id).map(({ from, replyTo }) => [from, replyTo]).slice(2), [["bot", asked]]);

  model.script({ text: "Half of", silence: true }, { text: "Half of it, and the rest." });
  telegram.say({ from: ALICE, text: "tell me" });
  await untilSaid(ALICE.id, /^Half of$/);
  await gateway.kill();
  await gateway.start();
  await untilSaid(ALICE.id, /and the rest\.$/);
  telegram.say({ from: ALICE, text: "/whoami" });
  await untilSaid(ALICE.id, /You are/);
  assert.deepEqual(saidIn(ALICE.id).map((text) => text.split(/[ :]/, 1)[0]), ["This", "echo", "done", "Half", "You"]);
  const again = await gateway.connect();
  const { channelAccounts: accounts } = await again.client.request("channels.status", {}) as {
    readonly channelAccounts: Readonly<Record<string, readonly { readonly state: string; readonly as: string }[]>>;
  };
  const { sessions } = await again.client.request("sessions.list", {}) as { readonly sessions: readonly { readonly key: string }[] };
  assert.deepEqual(sessions.map(({ key }) => key).sort(), ["agent:main:main", `agent:main:telegram:group:${GROUP.id}`]);
  const main = JSON.stringify(await again.client.request("chat.history", { sessionKey: "main" }));
  assert.ok(main.includes("tell me") && !main.includes("nobody is asked"), "what is said in a group stays there");
  assert.deepEqual(accounts["telegram"]?.map(({ state, as }) => [state, as]), [["up", `@${telegram.username}`]]);
  const act = async (verb: string, channel = "telegram"): Promise<Readonly<Record<string, unknown>>> =>
    (await again.client.request(`channels.${verb}`, { channel })) as Readonly<Record<string, unknown>>;
  assert.equal((await act("stop"))["state"], "stopped");
  assert.equal((await act("start"))["accountId"], "default");
  await assert.rejects(act("stop", "pigeon"), { code: "CHANNEL_UNKNOWN" });
  telegram.say({ from: BOB, text: "hello" });
  const [other = ""] = /[A-Z2-9]{8}/.exec(await untilSaid(BOB.id, /private assistant/)) ?? [];
  const dismiss = (): Promise<unknown> => again.client.request("channels.pairing.dismiss", { channel: "telegram", code: other });
  assert.deepEqual(await dismiss(), { ok: true, senderId: String(BOB.id) });
  await assert.rejects(dismiss(), { code: "PAIRING_CODE_UNKNOWN" });
  assert.equal((await act("logout"))["cleared"], true);
});
