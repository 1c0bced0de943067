/** The fake is held to what Telegram documents, so that what passes against it means something. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ALICE, type FakeTelegram, openFakeTelegram, parseHtml } from "./fake-telegram.ts";

interface Answer {
  readonly ok: boolean;
  readonly result?: never;
  readonly error_code?: number;
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: number };
}

async function ask(fake: FakeTelegram, method: string, given: object = {}, token = fake.token): Promise<Answer> {
  const response = await fetch(`${fake.url}/bot${token}/${method}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given),
  });
  return await response.json() as Answer;
}

const updates = async (fake: FakeTelegram, given: object = {}): Promise<readonly number[]> => {
  const { result = [] } = await ask(fake, "getUpdates", given) as { readonly result?: readonly { readonly update_id: number }[] };
  return result.map(({ update_id: id }) => id);
};

test("updates come again until a poll with a higher number confirms them; a negative one forgets all before", async () => {
  await using fake = await openFakeTelegram();
  for (let index = 0; index < 5; index += 1) fake.say({ text: `message ${index}` });
  const ids = await updates(fake);
  assert.deepEqual(ids, [0, 1, 2, 3, 4].map((index) => ids[0]! + index));
  assert.deepEqual(await updates(fake, { limit: 2 }), ids.slice(0, 2));
  assert.deepEqual(await updates(fake, { offset: ids[1]! + 1 }), ids.slice(2));
  assert.equal(fake.unconfirmed, 3);
  assert.deepEqual(await updates(fake, { offset: -1 }), ids.slice(4));
  assert.equal(fake.unconfirmed, 1);
});

test("a long poll is answered when something is said; a second one ends the first, and so does a webhook", async () => {
  await using fake = await openFakeTelegram();
  const polled = updates(fake, { timeout: 30 });
  await fake.until(() => fake.polling === 1);
  fake.say({ text: "now" });
  const [id = 0] = await polled;
  const first = ask(fake, "getUpdates", { timeout: 30, offset: id + 1 });
  await fake.until(() => fake.polling === 1);
  const second = ask(fake, "getUpdates", { timeout: 30, offset: id + 1 });
  assert.equal((await first).error_code, 409);
  fake.setWebhook("https://elsewhere.example/");
  assert.equal((await second).error_code, 409);
  assert.match((await ask(fake, "getUpdates")).description ?? "", /can't use getUpdates method while webhook is active/);
  await ask(fake, "deleteWebhook");
  assert.ok((await ask(fake, "getUpdates")).ok);
});

test("kinds of updates that were not asked for do not come, until others are asked for", async () => {
  await using fake = await openFakeTelegram();
  await ask(fake, "getUpdates", { allowed_updates: ["message"] });
  fake.rewrite(ALICE.id, fake.say({ text: "once" }), "twice");
  assert.equal((await updates(fake)).length, 1);
  await ask(fake, "getUpdates", { allowed_updates: [] });
  fake.rewrite(ALICE.id, 1, "thrice");
  assert.equal((await updates(fake)).length, 2);
});

test("a wrong token, an unknown method and what a method cannot take are refused in Telegram's words", async () => {
  await using fake = await openFakeTelegram();
  const refusals: readonly (readonly [string, object, RegExp])[] = [
    ["noSuchMethod", {}, /^Not Found$/], ["sendMessage", { text: "x" }, /"chat_id" is required/],
    ["sendMessage", { chat_id: ALICE.id }, /message text is empty/], ["sendMessage", { chat_id: ALICE.id, text: " " }, /message text is empty/],
    ["sendMessage", { chat_id: 5, text: "x" }, /chat not found/], ["sendMessage", { chat_id: ALICE.id, text: 5 }, /can't parse text/],
    ["sendMessage", { chat_id: ALICE.id, text: "x", message_thread_id: 4 }, /message thread not found/],
    ["sendMessage", { chat_id: ALICE.id, text: "x", reply_parameters: { message_id: 99 } }, /message to be replied not found/],
    ["sendMessage", { chat_id: ALICE.id, text: "x".repeat(4_097) }, /message is too long/],
    ["sendMessage", { chat_id: ALICE.id, text: "<b>x", parse_mode: "HTML" }, /can't parse entities: Can't find end tag/],
    ["editMessageText", { chat_id: ALICE.id, message_id: 99, text: "x" }, /message to edit not found/],
    ["sendChatAction", { chat_id: ALICE.id, action: "singing" }, /wrong parameter action/],
    ["setMyCommands", { commands: [{ command: "BAD", description: "x" }] }, /invalid commands.command/],
    ["getFile", { file_id: "none" }, /wrong file_id/],
  ];
  for (const [method, given, told] of refusals) assert.match((await ask(fake, method, given)).description ?? "", told, method);
  assert.equal((await ask(fake, "getMe", {}, "5:wrong")).error_code, 401);
  assert.ok((await ask(fake, "sendMessage", { chat_id: ALICE.id, text: `<b>${"x".repeat(4_096)}</b>`, parse_mode: "HTML" })).ok);
  assert.ok((await ask(fake, "sendmessage", { chat_id: ALICE.id, text: "methods know no case" })).ok);
});

test("faults happen once each, before what was asked for or after it", async () => {
  await using fake = await openFakeTelegram();
  const send = (text: string): Promise<Answer> => ask(fake, "sendMessage", { chat_id: ALICE.id, text });
  fake.fail("sendMessage", { kind: "too-many", retryAfterSeconds: 4 }, { kind: "cut" }, { kind: "cut", takesEffect: true });
  assert.equal((await send("one")).parameters?.retry_after, 4);
  await assert.rejects(send("two"));
  await assert.rejects(send("three"));
  assert.ok((await send("four")).ok);
  assert.deepEqual(fake.messages(ALICE.id).map(({ text }) => text), ["three", "four"]);
});

test("HTML is read as Telegram reads it: what people see, and where it lies", () => {
  assert.deepEqual(parseHtml('a <b>b<i>c</i></b> &lt;d&gt; &#233; & <a href="https://e.org/?a=1&amp;b=2">e</a>'), {
    text: "a bc <d> é & e",
    entities: [
      { type: "bold", offset: 2, length: 2 }, { type: "italic", offset: 3, length: 1 },
      { type: "text_link", offset: 13, length: 1, url: "https://e.org/?a=1&b=2" },
    ],
  });
  assert.deepEqual(parseHtml('<pre><code class="language-ts">x</code></pre><code>a<b>b</b></code>').entities, [
    { type: "pre", offset: 0, length: 1, language: "ts" }, { type: "code", offset: 1, length: 2 },
  ]);
  assert.deepEqual(parseHtml('<a href="javascript:x">y</a>').entities, []);
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["<b>x</i>", /Unmatched end tag at byte offset 4, expected "<\/b>", found "<\/i>"/], ["é</b>", /Unexpected end tag at byte offset 2/],
    ["<u", /Unclosed start tag at byte offset 0/], ["<p>x</p>", /Unsupported start tag "p" at byte offset 0/], ["<span>x</span>", /tg-spoiler/],
    ["a < b > c", /Unsupported start tag "" at byte offset 2/], ["<i>x", /Can't find end tag corresponding to start tag "i"/],
  ];
  for (const [source, told] of wrong) assert.throws(() => parseHtml(source), told, source);
});
