import assert from "node:assert/strict";
import { after, test } from "node:test";
import { channelContract, type ChannelTrouble } from "@openclaw/testkit/channel-contract";
import { type ContextSteer, exchange, recordedContext, type RecordedContext } from "@openclaw/testkit/channel-context";
import { ALICE, BOB, CHANNEL, type FakeFault, FORUM, GROUP, openFakeTelegram, parseHtml } from "@openclaw/testkit/fake-telegram";
import { waitReally } from "@openclaw/testkit/wait-really";
import telegram from "./index.ts";

const FAULTS: Readonly<Record<ChannelTrouble, FakeFault>> = {
  "too-many": { kind: "too-many", retryAfterSeconds: 7 },
  refused: { kind: "answer", status: 403, description: "Forbidden: bot was blocked by the user" },
  "cut-before": { kind: "cut" },
  "cut-after": { kind: "cut", takesEffect: true },
  "answer-lost": { kind: "answer", status: 502, takesEffect: true },
};

channelContract("telegram", async () => {
  const fake = await openFakeTelegram();
  return {
    channel: telegram, config: { apiRoot: fake.url, pollSeconds: 5 }, nowhere: { apiRoot: "http://127.0.0.1:1" },
    secret: fake.token, wrongSecret: "700002:BBOfAnotherBotThatIsNotThere_0123456",
    at: { to: String(ALICE.id) },
    say: (text) => void fake.say({ text }),
    seen: () => fake.messages(ALICE.id).filter(({ from }) => from === "bot").map(({ id, text }) => ({ id: String(id), text })),
    visible: (part) => parseHtml(part).text,
    trouble: (kind) => fake.fail("sendMessage", FAULTS[kind]),
    kept: () => fake.unconfirmed,
    until: (look) => fake.until(look),
    close: () => fake[Symbol.asyncDispose](),
  };
});

const fake = await openFakeTelegram();
after(() => fake[Symbol.asyncDispose]());
const never = new AbortController().signal;
const PLACE = { to: String(ALICE.id) };

function world(steer: ContextSteer = {}, config: object = {}): RecordedContext {
  return recordedContext({ apiRoot: fake.url, pollSeconds: 5, ...config }, { secret: fake.token, ...steer });
}

/** Listens for the length of `use` and until all that came is confirmed, and waits for its end. */
async function listening(here: RecordedContext, use: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const ended = telegram.open(here.ctx).listen(stop.signal);
  try {
    await Promise.race([use().then(() => fake.until(() => fake.unconfirmed === 0)), ended]);
  } finally {
    stop.abort();
    await ended;
  }
}

test("a text comes in, and an answer goes out to where it came from (S1.7)", async () => {
  const here = world();
  await listening(here, async () => {
    fake.say({ text: "hello there" });
    const message = await here.until(() => here.received[0]);
    assert.equal(message.text, "hello there");
    assert.deepEqual(message.at, PLACE);
    const end = await telegram.open(here.ctx).send(message.at, "hi", {}, never);
    assert.ok(end.ok);
    assert.deepEqual(fake.messages(ALICE.id).map(({ from, text }) => [from, text]), [["person", "hello there"], ["bot", "hi"]]);
  });
  assert.deepEqual(here.states.at(-1), { state: "up", as: `@${fake.username}` });
});

test("Telegram is told that it can forget messages after they are stored, and not before (S1.7)", async () => {
  const store = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const here = world({ receive: () => {
    asked.resolve();
    return store.promise;
  } });
  await listening(here, async () => {
    fake.say({ text: "keep this" });
    await asked.promise;
    const polls = fake.calls.filter(({ method }) => method === "getUpdates").length;
    assert.deepEqual([fake.unconfirmed, fake.polling, here.cursor], [1, 0, undefined], "nobody asks for more while it is stored");
    store.resolve();
    await fake.until(() => fake.unconfirmed === 0);
    assert.ok(fake.calls.filter(({ method }) => method === "getUpdates").length >= polls);
    assert.match(here.cursor ?? "", /^\d+ \d+$/);
  });
});

test("after a start it goes on where it was; an old number confirms nothing (S1.7)", async () => {
  const offsets = async (cursor: string): Promise<unknown> => {
    const from = fake.calls.length;
    const here = world({ cursor });
    await listening(here, async () => void (await here.until(() => here.states.length > 0)));
    const asked = fake.calls.slice(from).find(({ method, status }) => method === "getUpdates" && status === 200);
    return asked?.given["offset"];
  };
  assert.equal(await offsets(`700000001 ${Date.now()}`), 700_000_001);
  assert.equal(await offsets(`900000001 ${Date.now() - 7 * 86_400_000}`), undefined);
  assert.equal(await offsets("nonsense"), undefined);
});

test("a webhook that stands in the way is taken away, and said (S1.7)", async () => {
  fake.setWebhook("https://elsewhere.example/hook");
  const here = world();
  await listening(here, async () => {
    await here.until(() => here.states.at(-1)?.state === "up");
    fake.say({ text: "by polling" });
    await here.until(() => here.received.some(({ text }) => text === "by polling"));
  });
  const [first] = here.states;
  assert.ok(first?.state === "down" && first.why.includes("elsewhere.example") && first.final === undefined);
});

test("another program that reads the same bot's messages is named as what it is (S1.7)", async () => {
  const here = world();
  const ended = assert.rejects(telegram.open(here.ctx).listen(never), /Another program reads this bot's messages/);
  await here.until(() => here.states.length > 0);
  await fake.until(() => fake.polling === 1);
  await fetch(`${fake.url}/bot${fake.token}/getUpdates`);
  await ended;
  const last = here.states.at(-1);
  assert.ok(last?.state === "down" && last.final === undefined);
});

test("too many questions: it waits as long as it was told, then goes on (S1.8)", async () => {
  const waits: number[] = [];
  const here = world({ wait: (ms, signal) => {
    waits.push(ms);
    return ms === 9_000 ? Promise.resolve() : waitReally(ms, signal);
  } });
  fake.fail("getUpdates", { kind: "too-many", retryAfterSeconds: 9 });
  await listening(here, async () => void (await here.until(() => here.states.at(-1)?.state === "up")));
  assert.ok(waits.includes(9_000));
  assert.deepEqual(here.states.map(({ state }) => state).slice(0, 2), ["down", "up"]);
});

test("an answer of more bytes than may be read is asked for in smaller pieces (S1.7)", async () => {
  for (let index = 0; index < 5; index += 1) fake.say({ text: `message ${index}` });
  const here = world({ http: async (request, signal) => {
    const answer = await exchange(request, signal);
    const isTooLong = answer.ok && answer.body.split("update_id").length - 1 > 2;
    return isTooLong ? { ...answer, body: answer.body.slice(0, 100), truncated: true } : answer;
  } });
  await listening(here, async () => void (await here.until(() => here.received.length === 5)));
  assert.deepEqual(here.received.map(({ text }) => text), [0, 1, 2, 3, 4].map((index) => `message ${index}`));
});

test("who is spoken to: a name, an answer, a command with the name; anything else in a group is not for the bot (S1.7)", async () => {
  const bot = await telegram.open(world().ctx).send({ to: String(ALICE.id) }, "known", {}, never);
  assert.ok(bot.ok);
  fake.know(GROUP);
  const own = await telegram.open(world().ctx).send({ to: String(GROUP.id) }, "an answer", {}, never);
  assert.ok(own.ok);
  const inGroup = (text: string, more: object = {}): number => fake.say({ chat: GROUP, from: BOB, text, ...more });
  const other = inGroup("nothing for the bot");
  inGroup("@Claw_Test_Bot what is this?");
  inGroup("and this?", { replyTo: Number(own.messageId) });
  inGroup("not this", { replyTo: other });
  inGroup("/stop@claw_test_bot now");
  inGroup("/stop@another_bot now");
  inGroup("mail me@claw_test_bot.example, or /help@another_bot");
  inGroup("Claw, you", { rest: { entities: [{ type: "text_mention", offset: 0, length: 4, user: { id: fake.botId } }] } });
  const here = world();
  await listening(here, async () => void (await here.until(() => here.received.length === 8)));
  assert.deepEqual(here.received.map(({ text, mentionsMe }) => [text, mentionsMe]), [
    ["nothing for the bot", false], ["@Claw_Test_Bot what is this?", true], ["and this?", true], ["not this", false], ["/stop now", true],
    ["/stop@another_bot now", false], ["mail me@claw_test_bot.example, or /help@another_bot", false], ["Claw, you", true],
  ]);
  const [first, , answer] = here.received;
  assert.deepEqual([first?.peer, first?.sender], [
    { kind: "group", id: String(GROUP.id), title: "Kitchen" }, { id: String(BOB.id), name: "Bob", isBot: false },
  ]);
  assert.equal(answer?.replyToId, own.messageId);
});

test("a topic is a place of its own, and its first message is answered by nobody (S1.7)", async () => {
  fake.say({ chat: FORUM, threadId: 7, text: "in the topic", rest: {
    reply_to_message: { message_id: 7, date: 1, chat: FORUM, from: { id: fake.botId }, forum_topic_created: { name: "Roof" } },
  } });
  fake.say({ chat: FORUM, text: "in no topic", rest: { message_thread_id: 3 } });
  const here = world();
  await listening(here, async () => void (await here.until(() => here.received.length === 2)));
  const [topic, none] = here.received;
  assert.deepEqual([topic?.at, topic?.mentionsMe, topic?.replyToId], [{ to: String(FORUM.id), threadId: "7" }, false, undefined]);
  assert.deepEqual(none?.at, { to: String(FORUM.id) });
  const account = telegram.open(here.ctx);
  assert.ok((await account.send({ to: String(FORUM.id), threadId: "7" }, "answered there", {}, never)).ok);
  await account.typing({ to: String(FORUM.id), threadId: "7" }, never);
  assert.equal(fake.messages(FORUM.id).at(-1)?.threadId, 7);
  assert.deepEqual([fake.isTyping(FORUM.id, 7), fake.isTyping(FORUM.id)], [true, false]);
});

test("who writes for a channel or a group is the channel or the group; news of a conversation is no message (S1.7)", async () => {
  fake.say({ chat: CHANNEL, from: null, text: "a post" });
  fake.say({ chat: GROUP, from: { id: 1_087_968_824, is_bot: true, first_name: "Group" }, text: "unnamed", rest: { sender_chat: GROUP } });
  fake.say({ chat: GROUP, rest: { new_chat_members: [ALICE] } });
  fake.say({ chat: GROUP, rest: { sticker: { emoji: "🎉" } } });
  fake.say({ rest: { location: { latitude: 52.5, longitude: 13.4 } } });
  fake.rewrite(ALICE.id, fake.say({ text: "said" }), "said otherwise");
  const here = world();
  await listening(here, async () => void (await here.until(() => here.received.length === 5)));
  assert.deepEqual(here.received.map(({ text, peer, sender }) => [text, peer.kind, sender.id, sender.isBot]), [
    ["a post", "channel", String(CHANNEL.id), false], ["unnamed", "group", String(GROUP.id), false],
    ["🎉", "group", String(ALICE.id), false], ["[location 52.5, 13.4]", "direct", String(ALICE.id), false],
    ["said", "direct", String(ALICE.id), false],
  ]);
});

test("files are named with their message, and fetched when somebody asks (S1.7)", async () => {
  const bytes = Uint8Array.from({ length: 4_000 }, (_, index) => index % 251);
  const kinds = ["photo", "document", "voice", "audio", "video", "animation", "video_note"] as const;
  for (const kind of kinds) fake.say({ text: `a ${kind}`, file: { kind, bytes, ...(kind === "document" ? { name: "plan.pdf" } : {}) } });
  fake.say({ file: { kind: "document", bytes, name: "huge.bin", sizeBytes: 30_000_000 } });
  const here = world();
  await listening(here, async () => void (await here.until(() => here.received.length === 8)));
  const files = here.received.map(({ files: [file, ...more] }) => {
    assert.equal(more.length, 0);
    assert.ok(file !== undefined);
    return file;
  });
  assert.deepEqual(files.map(({ name }) => name), [
    "photo.jpg", "plan.pdf", "voice.oga", "audio", "video.mp4", undefined, "video.mp4", "huge.bin",
  ]);
  assert.equal(fake.calls.filter(({ method }) => method === "getFile").length, 0, "nothing is fetched before it is asked for");
  const account = telegram.open(here.ctx);
  const [photo, document] = files;
  for (const file of [photo, document]) {
    assert.equal(file?.sizeBytes, 4_000, "the largest size of a photo");
    const fetched = await account.fetch(file, never);
    assert.ok(fetched.ok && Buffer.from(fetched.bytes).equals(Buffer.from(bytes)));
  }
  const huge = files.at(-1);
  assert.ok(huge !== undefined && huge.sizeBytes === 30_000_000);
  assert.deepEqual(await account.fetch(huge, never), { ok: false, why: "Telegram says: Bad Request: file is too big" });
  fake.fail("file", { kind: "cut" });
  const cut = await account.fetch(files[2] ?? huge, never);
  assert.ok(!cut.ok && !cut.why.includes(fake.token.slice(7)) && cut.why.includes("[secret]"));
});

test("whatever comes instead of a message is left out, and what comes after it is not (S1.7)", async () => {
  const strange: readonly object[] = [
    { message: null }, { message: 5 }, { message: { message_id: "1", chat: { id: 1 } } }, { message: { message_id: 0, chat: { id: 1 } } },
    { message: { message_id: 1, chat: { id: 1, type: "secret" }, from: { id: 1 }, text: "x" } }, { poll: {} }, { channel_post: [] },
    { message: { message_id: 1, date: 1, chat: { id: 1, type: "private" }, from: { id: fake.botId }, text: "our own" } },
    { message: { message_id: 1, date: 1, chat: { id: 1, type: "private" }, from: { id: 1 }, text: { toString: 1 }, photo: [null], entities: 7 } },
  ];
  for (const update of strange) fake.push({ ...update });
  fake.say({ text: "after all that" });
  const here = world();
  await listening(here, async () => void (await here.until(() => here.received.length > 0)));
  assert.deepEqual(here.received.map(({ text }) => text), ["after all that"]);
});

test("an answer to a message that is gone is sent all the same; quiet and previews are as they are asked for (S1.7)", async () => {
  const asked = fake.say({ text: "?" });
  const account = telegram.open(world().ctx);
  const links = telegram.open(world({}, { linkPreview: true }).ctx);
  const sends = [
    await account.send(PLACE, "<b>to it</b>", { replyToId: String(asked) }, never),
    await account.send(PLACE, "to nothing", { replyToId: "999999", silent: true }, never),
    await links.send(PLACE, "with a preview", {}, never),
  ];
  assert.ok(sends.every(({ ok }) => ok));
  assert.deepEqual(fake.messages(ALICE.id).slice(-3).map(({ text, replyTo, silent, preview }) => [text, replyTo, silent, preview]), [
    ["to it", asked, false, false], ["to nothing", undefined, true, false], ["with a preview", undefined, false, true],
  ]);
});

test("what is no conversation of Telegram's is refused before anybody is asked; a group that moved is followed (S1.7)", async () => {
  const account = telegram.open(world().ctx);
  const calls = fake.calls.length;
  for (const at of [{ to: "alice" }, { to: "../../etc" }, { to: "1", threadId: "x" }]) {
    const end = await account.send(at, "x", {}, never);
    assert.ok(!end.ok && end.outcome === "refused");
  }
  assert.equal(fake.calls.length, calls);
  fake.know(GROUP);
  fake.fail("sendMessage", { kind: "answer", status: 400, description: "Bad Request: group chat was upgraded", movedTo: GROUP.id });
  assert.ok((await account.send({ to: "-5" }, "to the new one", {}, never)).ok);
  assert.equal(fake.messages(GROUP.id).at(-1)?.text, "to the new one");
});

test("a change to a message that is not there is refused, and a limit is passed on (S1.8)", async () => {
  const account = telegram.open(world().ctx);
  const gone = await account.edit(PLACE, "999999", "x", never);
  assert.ok(!gone.ok && gone.outcome === "refused" && gone.why.includes("message to edit not found"));
  const sent = await account.send(PLACE, "x", {}, never);
  assert.ok(sent.ok);
  fake.fail("editMessageText", { kind: "too-many", retryAfterSeconds: 3 });
  const limited = await account.edit(PLACE, sent.messageId, "y", never);
  assert.ok(!limited.ok && limited.outcome === "again" && limited.retryAfterMs === 3_000);
});

test("what Telegram says of a failure is cut short and holds no token (S1.7)", async () => {
  const account = telegram.open(world().ctx);
  fake.fail("sendMessage", { kind: "answer", status: 400, description: `no ${fake.token}\n\u202e${"x".repeat(10_000)}` });
  const end = await account.send(PLACE, "x", {}, never);
  assert.ok(!end.ok && end.why.length <= 300 && end.why.startsWith("Telegram says: no [secret] "));
});

test("an account whose secret is no token asks nobody (S1.7)", async () => {
  const calls = fake.calls.length;
  const here = world({ secret: "123/../../456:x" });
  await assert.rejects(telegram.open(here.ctx).listen(never), /BotFather/);
  assert.ok(here.states.at(-1)?.state === "down");
  assert.equal(fake.calls.length, calls);
});
