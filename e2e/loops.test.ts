/** What passes messages on by itself ends by itself: agents that write to each other, listeners, and sub-agents of listeners. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { history, say, textOf, type HistoryMessage } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ChatBody, type ScriptedAnswer } from "@openclaw/testkit/scripted-model-server";

const RELAYS = 8;

type Calls = readonly (readonly [text: RegExp, name: string, args: (found: RegExpExecArray) => object])[];

/** A fake model that answers a message with one call, and the call's result with words. */
const rule = (calls: Calls) => ({ messages }: ChatBody): ScriptedAnswer | undefined => {
  const last = messages.at(-1);
  if (last?.role !== "user") return undefined;
  for (const [text, name, args] of calls) {
    const found = text.exec(last.content ?? "");
    if (found !== null) return { calls: [{ name, arguments: args(found) }] };
  }
  return { text: "heard" };
};

async function open(t: TestContext, calls: Calls, more: object): Promise<RealGateway> {
  const model = await openScriptedModel({ rule: rule(calls) });
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: { ...scriptedConfig(model.url, { yesLocal: true }), ...more } });
  t.after(() => gateway.dispose());
  return gateway;
}

/** Each goes on from the one before: nothing comes behind the refusal. */
async function untilRefused(refused: () => Promise<boolean>): Promise<void> {
  while (!(await refused())) await pause(50);
}

const said = (messages: readonly HistoryMessage[], role: string, text: RegExp): number =>
  messages.filter((message) => message.role === role && text.test(textOf(message))).length;

test("two sessions that answer each other through an actuator stop after the bound, and the agent reads why (C10, S2.39)", async (t) => {
  const gateway = await open(t, [[/^go (\w) (\w)$/, "send_message", ([, to = "", from = ""]) =>
    ({ sessionKey: `agent:main:${to}`, text: `go ${from} ${to}` })]], {
    actuators: { team: { use: "message", unasked: true, sessions: ["agent:main:a", "agent:main:b"] } },
  });
  const watched = await gateway.connect();
  const both = async (): Promise<readonly HistoryMessage[]> =>
    [...await history(watched, "agent:main:a"), ...await history(watched, "agent:main:b")];
  const refusals = async (): Promise<number> =>
    said(await both(), "toolResult", /^(?:Error: )?MESSAGE_LOOP.*passed on 9 times since a person spoke; 8 are allowed/s);
  for (const time of [1, 2]) {
    await say(watched, "go b a", { session: "agent:main:a" });
    await untilRefused(async () => (await refusals()) >= time);
    assert.equal(said(await both(), "user", /^go/), time * (1 + RELAYS), "a person begins anew");
    assert.equal(await refusals(), time);
  }
});

test("a listener whose sub-agents do what it listens to ends as a dead letter with the reason (C10, S2.42)", async (t) => {
  const gateway = await open(t, [
    [/^Event intent\.node/, "sessions_spawn", () => ({ task: "look around" })], [/look/, "system_info", () => ({})],
  ], { listeners: { boss: { topics: ["intent.node"], to: "agent", sessionKey: "agent:main:boss" } } });
  const watched = await gateway.connect();
  await say(watched, "look here");
  const events = async (): Promise<number> => said(await history(watched, "agent:main:boss"), "user", /^Event intent\.node/);
  const letters = async (): Promise<string> => (await gateway.cli(["deadletters", "list"])).stdout;
  await untilRefused(async () => /listener-boss[^\n]*MESSAGE_LOOP/.test(await letters()));
  assert.equal(await events(), RELAYS);
  assert.match((await gateway.cli(["logs", "--limit", "500"])).stdout, /message\.loop-refused/);
});
