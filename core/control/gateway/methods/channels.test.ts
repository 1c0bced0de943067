/** The methods of channels over a messenger of the tests' own, each answer held to its schema. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { methodSpec } from "@openclaw/protocol/methods";
import { checkSchema } from "../../../base/schema.ts";
import { EVE, openRoom } from "../../channels/channels-world.testing.ts";
import type { MethodContext } from "../method.ts";
import { channelMethods } from "./channels.ts";

type Answer = Readonly<Record<string, unknown>>;

async function openMethods() {
  const world = await openRoom();
  const setUp: unknown[] = [];
  const methods = channelMethods({
    now: () => world.clock.now(), eventLoop: () => ({}), channels: async () => world.room,
    setup: {
      connect: async (wish) => void setUp.push(wish),
      forget: async (place) => {
        setUp.push(place);
        return true;
      },
    },
  });
  const ctx = { client: { principal: { id: "owner" } }, signal: new AbortController().signal } as unknown as MethodContext;
  const call = async (method: string, params: object = {}): Promise<Answer> => {
    const spec = methodSpec(method);
    assert.ok(spec);
    const given = checkSchema(spec.params, params);
    assert.ok(given.ok, `${method} ${given.ok ? "" : given.text}`);
    const answering = Promise.resolve(methods[method]?.(params, ctx));
    answering.catch(() => undefined);
    await world.clock.advance(6_000);
    const answer = await answering;
    const held = checkSchema(spec.result ?? {}, answer);
    assert.ok(held.ok, `${method} ${held.ok ? "" : held.text}`);
    return answer as Answer;
  };
  return { world, setUp, call };
}

test("start, stop and logout say how the account stands then; a channel that is not there is named (W.6.61)", async () => {
  const { world, setUp, call } = await openMethods();
  assert.equal((await call("channels.stop", { channel: "fake" }))["state"], "stopped");
  assert.equal((await call("channels.start", { channel: "fake" }))["state"], "starting");
  const { channelAccounts, channelOrder, statusIssues } = await call("channels.status", {});
  const [account] = (channelAccounts as Record<string, readonly Answer[]>)["fake"] ?? [];
  assert.deepEqual([account?.["state"], account?.["connected"], account?.["as"]], ["up", true, "@claw"]);
  assert.deepEqual([channelOrder, statusIssues], [["fake"], []]);
  for (const method of ["channels.start", "channels.stop", "channels.logout", "channels.connect"]) {
    const refused = (error: unknown): boolean => hasCode(error, "CHANNEL_UNKNOWN") && /none/.test(String(error));
    await assert.rejects(call(method, { channel: "none" }), refused, method);
  }
  const left = await call("channels.logout", { channel: "fake" });
  assert.deepEqual([left["state"], left["cleared"], left["loggedOut"]], ["stopped", true, true]);
  await call("channels.connect", { channel: "fake", secret: "s", dmPolicy: "open" });
  assert.deepEqual(setUp, [
    { channel: "fake", accountId: "default", secretKey: "botToken" },
    { channel: "fake", accountId: "default", secretKey: "botToken", secret: "s", dmPolicy: "open" },
  ]);
  await world.close();
});

test("a sender is known by the code it was shown, once (W.6.62)", async () => {
  const { world, call } = await openMethods();
  await world.say({ text: "let me in" });
  await world.say({ text: "and me", sender: EVE, peer: { kind: "direct", id: "2" } });
  const { requests } = await call("channels.pairing.list") as { readonly requests: readonly { code: string; senderId: string }[] };
  const [ada, eve] = requests;
  assert.deepEqual([ada?.senderId, eve?.senderId], ["1", "2"]);
  const approved = await call("channels.pairing.approve", { channel: "fake", code: ada?.code, bootstrapCommandOwner: true });
  assert.deepEqual([approved["senderId"], approved["name"], approved["owner"]], ["1", "Ada", true]);
  assert.equal((await call("channels.pairing.dismiss", { channel: "fake", code: eve?.code }))["senderId"], "2");
  for (const code of [ada?.code, eve?.code]) {
    await assert.rejects(call("channels.pairing.approve", { channel: "fake", code }), (error) => hasCode(error, "PAIRING_CODE_UNKNOWN"));
  }
  const after = await call("channels.pairing.list", { channel: "fake" });
  const people = (after["approved"] as readonly Answer[]).map(({ senderId, owner, by }) => [senderId, owner, by]);
  assert.deepEqual([after["requests"], people], [[], [["1", true, "owner"]]]);
  assert.equal((await call("channels.pairing.remove", { channel: "fake", senderId: "1" }))["removed"], true);
  assert.equal((await call("channels.pairing.remove", { channel: "fake", senderId: "1" }))["removed"], false);
  await world.close();
});

test("a message is sent through a channel once under its key; one of which nobody knows is listed until it is answered "
  + "(S1.8)", async () => {
  const { world, call } = await openMethods();
  const sent = await call("send", { to: "7", message: "hello", idempotencyKey: "k" });
  assert.deepEqual([sent["state"], sent["messageId"], world.messenger.shown("7")], ["sent", "1", ["hello"]]);
  await call("send", { to: "7", message: "hello", idempotencyKey: "k" });
  assert.deepEqual(world.messenger.shown("7"), ["hello"]);
  const withFile = call("send", { to: "7", message: "x", idempotencyKey: "k2", mediaUrl: "https://x/y.png" });
  await assert.rejects(withFile, /not sent through channels/);
  await assert.rejects(call("send", { channel: "none", to: "7", message: "x", idempotencyKey: "k3" }), /Unknown channel: none/);
  world.messenger.canEdit = false;
  await call("channels.start", { channel: "fake" });
  world.messenger.fates.push("takes-and-is-unsure");
  assert.equal((await call("send", { to: "7", message: "perhaps", idempotencyKey: "k4" }))["state"], "unsure");
  const { deliveries } = await call("channels.unsure.list") as { readonly deliveries: readonly { id: string; text: string }[] };
  assert.deepEqual(deliveries.map(({ text }) => text), ["perhaps"]);
  await call("channels.unsure.answer", { id: deliveries[0]?.id, answer: "discard" });
  assert.deepEqual((await call("channels.unsure.list"))["deliveries"], []);
  await world.close();
});
