/**
 * What every messenger's drop-in promises, as tests: one body, run by each in a few lines.
 *
 *     channelContract("telegram", async () => ({ channel, config, secret, … }));
 *
 * The suite is the definition of the port: what is rendered fits and loses no word; nothing is forgotten over there before it is stored
 * here; the end of a call says what is known of it and no more; the secret is in nothing that leaves.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema } from "@openclaw/protocol";
import type { Channel, ChannelEnd, ChannelTarget, OpenChannel } from "@openclaw/sdk";
import { type ContextSteer, recordedContext, type RecordedContext } from "./channel-context.ts";

export type ChannelTrouble = "too-many" | "refused" | "cut-before" | "cut-after" | "answer-lost";

export interface ChannelUnderTest {
  readonly channel: Channel;
  readonly config: unknown;
  readonly secret: string;
  /** A secret of the same form that the messenger does not know. */
  readonly wrongSecret: string;
  /** A configuration that leads to nobody. */
  readonly nowhere: unknown;
  /** A conversation with one person. */
  readonly at: ChannelTarget;
  /** The person says something in it. */
  say(text: string): void;
  /** What the account said in it, as the person sees it now, in order. */
  seen(): readonly { readonly id: string; readonly text: string }[];
  /** What is seen of a rendered part. Throws where the messenger would refuse it. */
  visible(part: string): string;
  /** What becomes of the next send. */
  trouble(kind: ChannelTrouble): void;
  /** Messages that the messenger would bring again. */
  kept(): number;
  /** Settles once `look` gives something; asked again whenever something happens over there. */
  until<T>(look: () => T | undefined | false): Promise<T>;
  close(): PromiseLike<void>;
}

const never = new AbortController().signal;

/** Registers the suite. `open` is called once for each test. */
export function channelContract(name: string, open: () => Promise<ChannelUnderTest>): void {
  const contract = (promise: string, run: (under: ChannelUnderTest) => Promise<void>): void => {
    test(`${name}: ${promise}`, async () => {
      const under = await open();
      try {
        await run(under);
      } finally {
        await under.close();
      }
    });
  };

  contract("says what it is, and describes each of its settings", async ({ channel }) => {
    assert.match(channel.id, /^[a-z][a-z0-9-]{0,63}$/);
    assert.ok(channel.label.length > 0);
    assert.match(channel.credentialVariable ?? "A_NAME", /^[A-Z][A-Z0-9_]*$/);
    const schema: JsonSchema = channel.config;
    assert.equal(schema.type, "object");
    for (const [key, { description }] of Object.entries(schema.properties ?? {})) assert.ok((description ?? "").length > 0, key);
    const { textMax, sendsPerSecond, conversationPerSecond, editEveryMs, typingMs, fileBytesMax } = channel.limits;
    for (const limit of [textMax, sendsPerSecond, conversationPerSecond, fileBytesMax]) assert.ok(limit > 0);
    for (const limit of [editEveryMs, typingMs]) assert.ok(limit === null || limit > 0);
  });

  contract("renders each text into parts that fit, are taken, and hold every word in its place", async ({ channel, visible }) => {
    for (const markdown of TEXTS) {
      const parts = channel.render(markdown);
      assert.deepEqual(channel.render(markdown), parts, "the same text gives the same parts");
      const shown = parts.map(visible);
      for (const text of shown) assert.ok(text.trim() !== "" && text.length <= channel.limits.textMax, `${text.length} units`);
      assert.deepEqual(wordsIn(shown.join("\n")), wordsIn(markdown), markdown.slice(0, 60));
    }
    assert.deepEqual(channel.render(""), []);
    assert.deepEqual(channel.render(" \n\n "), []);
  });

  contract("brings messages in their order, and the same ones until they are stored", async (under) => {
    ["one", "two", "three"].forEach(under.say);
    const first = world(under, { receive: () => Promise.reject(new Error("the store does not answer")) });
    await assert.rejects(first.account.listen(never), "what ends listening is thrown");
    assert.equal(under.kept(), 3, "nothing is forgotten over there");
    const second = world(under, first.here.cursor === undefined ? {} : { cursor: first.here.cursor });
    const stop = new AbortController();
    const ended = second.account.listen(stop.signal);
    const messages = await second.here.until(() => second.here.received.length === 3 && second.here.received);
    assert.deepEqual(messages.map(({ text }) => text), ["one", "two", "three"]);
    assert.equal(new Set(messages.map(({ id }) => id)).size, 3);
    for (const { at, peer, sender, mentionsMe } of messages) {
      assert.deepEqual([at, peer.kind, sender.isBot, mentionsMe], [under.at, "direct", false, true]);
    }
    await under.until(() => under.kept() === 0);
    stop.abort();
    await ended;
    assert.equal(second.here.states.at(-1)?.state, "up");
  });

  contract("forgets nothing when it is stopped between what came and what is stored", async (under) => {
    under.say("before the stop");
    const stop = new AbortController();
    const reached = Promise.withResolvers<void>();
    const first = world(under, { receive: () => {
      reached.resolve();
      return new Promise<void>((_, reject) => stop.signal.addEventListener("abort", () => reject(new Error("stopped"))));
    } });
    const ended = first.account.listen(stop.signal).catch(() => {});
    await reached.promise;
    stop.abort();
    await ended;
    await first.account[Symbol.asyncDispose]();
    assert.equal(under.kept(), 1);
    const second = world(under);
    const end = new AbortController();
    const again = second.account.listen(end.signal);
    const message = await second.here.until(() => second.here.received[0]);
    assert.equal(message.text, "before the stop");
    end.abort();
    await again;
  });

  contract("ends at once when it is stopped, before it began and while it waits", async (under) => {
    const { account, here } = world(under);
    await account.listen(AbortSignal.abort(new Error("stop")));
    const stop = new AbortController();
    const ended = account.listen(stop.signal);
    await here.until(() => here.states.some(({ state }) => state === "up"));
    stop.abort();
    await ended;
  });

  contract("sends in order, changes what it sent, and takes the same change twice", async (under) => {
    const { account } = world(under);
    const ids: string[] = [];
    for (const text of ["first", "second"]) {
      const end = await account.send(under.at, partOf(under, text), {}, never);
      assert.ok(end.ok);
      ids.push(end.messageId);
    }
    assert.deepEqual(under.seen().map(({ id, text }) => [id, text]), [[ids[0], "first"], [ids[1], "second"]]);
    if (account.edit !== undefined) {
      for (let time = 0; time < 2; time += 1) assert.ok((await account.edit(under.at, ids[0] ?? "", partOf(under, "changed"), never)).ok);
      assert.deepEqual(under.seen().map(({ text }) => text), ["changed", "second"]);
    }
    await account.typing?.(under.at, never);
  });

  contract("says of each send what is known of it", async (under) => {
    const { account } = world(under);
    const send = async (text: string): Promise<ChannelEnd> => account.send(under.at, partOf(under, text), {}, never);
    const expected: readonly (readonly [ChannelTrouble, string, number])[] = [
      ["too-many", "again", 0], ["refused", "refused", 0], ["cut-before", "unsure", 0], ["cut-after", "unsure", 1],
      ["answer-lost", "unsure", 1],
    ];
    for (const [kind, outcome, shown] of expected) {
      const before = under.seen().length;
      under.trouble(kind);
      const end = await send(kind);
      assert.ok(!end.ok, kind);
      assert.equal(end.outcome, outcome, `${kind}: ${end.why}`);
      assert.equal(under.seen().length - before, shown, kind);
      assert.equal(end.retryAfterMs !== undefined && end.retryAfterMs > 0, kind === "too-many", "how long to wait is passed on");
      assert.ok(end.why !== "" && end.why.length <= 500);
    }
    assert.ok((await send("afterwards")).ok);
    const nowhere = under.channel.open(recordedContext(under.nowhere, { secret: under.secret }).ctx);
    const end = await nowhere.send(under.at, partOf(under, "nobody"), {}, never);
    assert.ok(!end.ok && end.outcome === "again", "nobody was reached: nothing happened");
  });

  contract("says that a wrong secret is nothing that time mends", async (under) => {
    const { account, here } = world(under, { secret: under.wrongSecret });
    await assert.rejects(account.listen(never));
    const last = here.states.at(-1);
    assert.ok(last?.state === "down" && last.final === true && last.why.length > 0);
    const none = world(under, { secret: "" });
    await assert.rejects(none.account.listen(never));
    assert.equal(none.here.states.at(-1)?.state, "down");
  });

  contract("keeps its secret in everything it says, whatever fails", async (under) => {
    const said: unknown[] = [];
    const { config: right, nowhere, secret: own, wrongSecret } = under;
    for (const [config, secret] of [[right, own], [nowhere, own], [right, wrongSecret]] as const) {
      const here = recordedContext(config, { secret, receive: () => Promise.reject(new Error("stored nowhere")) });
      const account = under.channel.open(here.ctx);
      under.say("words");
      await account.listen(never).catch((error: unknown) => said.push(String(error), error instanceof Error ? error.stack : "", error));
      said.push(here.states);
      for (const kind of ["too-many", "refused", "cut-before", "cut-after", "answer-lost"] as const) {
        if (config === right && secret === own) under.trouble(kind);
        said.push(await account.send(under.at, partOf(under, kind), {}, never));
      }
      said.push(await account.edit?.(under.at, "1", "x", never), await account.fetch?.({ id: "nothing" }, never));
    }
    const all = JSON.stringify(said, (_, value: unknown) => (value instanceof Error ? [value.message, value.stack, value.cause] : value));
    for (const secret of [under.secret, under.wrongSecret]) {
      assert.ok(!all.includes(secret) && !all.includes(encodeURIComponent(secret)), "no secret in a state, an end or an error");
    }
  });
}

function world(under: ChannelUnderTest, steer: ContextSteer = {}): { readonly here: RecordedContext; readonly account: OpenChannel } {
  const here = recordedContext(under.config, { secret: under.secret, ...steer });
  return { here, account: under.channel.open(here.ctx) };
}

function partOf({ channel }: ChannelUnderTest, text: string): string {
  const [part = ""] = channel.render(text);
  return part;
}

/** Words made of letters and digits; each word of `TEXTS` stands in them once and means nothing to Markdown. */
function wordsIn(text: string): readonly string[] {
  return text.match(/word\d+/g) ?? [];
}

const words = (from: number, count: number, gap = " "): string => Array.from({ length: count }, (_, at) => `word${from + at}`).join(gap);

const TEXTS: readonly string[] = [
  words(1, 3),
  `# ${words(1, 2)}\n\n**${words(3, 2)}** and *${words(5, 1)}* and \`${words(6, 2)}\` ~~${words(8, 1)}~~\n\n- ${words(9, 2)}\n- word11`,
  words(1, 3_000),
  words(1, 2_000, "\n"),
  `${words(1, 5)}\n\n\`\`\`python\n${words(6, 1_500, "\n  ")}\n\`\`\`\n\n${words(1_506, 3)}`,
  `> ${words(1, 900, "\n> ")}`,
  `| word1 | word2 |\n|---|---|\n| word3 | **word4** |`,
  `**${words(1, 1_200)}**`,
  `<b>word1</b> & <script>word2</script> &lt;word3 "word4" <!everyone> @everyone </code></pre> word5`,
  `${"[".repeat(3_000)}word1${"*_`~".repeat(3_000)}word2`,
  `word1 ${"\u0301".repeat(10_000)} word2 ${"👩‍👩‍👧‍👦".repeat(1_000)} word3 ${"شكرا ".repeat(1_500)}word4`,
  `word1 https://example.org/${"a".repeat(1_800)} word2 [word3](https://example.org/) word4 [word5](javascript:alert) word6`,
];
