import assert from "node:assert/strict";
import { after, test } from "node:test";
import { recordedContext, type ContextSteer, type RecordedContext } from "@openclaw/testkit/channel-context";
import { ALICE, openFakeTelegram } from "@openclaw/testkit/fake-telegram";
import telegram from "./index.ts";

const fake = await openFakeTelegram();
after(() => fake[Symbol.asyncDispose]());

function world(steer: ContextSteer = {}): RecordedContext {
  return recordedContext({ apiRoot: fake.url, pollSeconds: 5 }, { secret: fake.token, ...steer });
}

test("a text comes in, and an answer goes out (S1.7)", async () => {
  const here = world();
  const account = telegram.open(here.ctx);
  const stop = new AbortController();
  const ended = account.listen(stop.signal);
  fake.say({ text: "hello there" });
  const message = await here.until(() => here.received[0]);
  assert.equal(message.text, "hello there");
  assert.deepEqual(message.at, { to: String(ALICE.id) });
  const end = await account.send(message.at, "hi", {}, stop.signal);
  assert.ok(end.ok);
  assert.deepEqual(fake.messages(ALICE.id).map(({ from, text }) => [from, text]), [["person", "hello there"], ["bot", "hi"]]);
  await fake.until(() => fake.unconfirmed === 0 && fake.polling === 1);
  stop.abort();
  await ended;
  assert.deepEqual(here.states.at(-1), { state: "up", as: `@${fake.username}` });
});
