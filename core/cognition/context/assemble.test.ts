import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelMessage, ToolCall } from "@openclaw/sdk";
import { emptyState, type SessionState, type TranscriptMessage } from "../../fabric/journal.ts";
import { assembleContext } from "./assemble.ts";
import { planBudget } from "./budget.ts";

const agent = { id: "main", name: "Clawd", instructions: "", model: "m", workspace: "/w" };

const call = (id: string, args = "{}"): ToolCall => ({ id, name: "exec", arguments: args });
const user = (text: string): TranscriptMessage["content"] => ({ role: "user", text });
const says = (text: string, calls: readonly ToolCall[] = []): TranscriptMessage["content"] => ({
  role: "assistant",
  text,
  calls,
  model: "m",
  finish: "stop",
  usage: { inputTokens: 0, outputTokens: 0 },
});
const result = (callId: string, text: string): TranscriptMessage["content"] => ({
  role: "tool",
  callId,
  name: "exec",
  text,
  isError: false,
});

/** A state whose turns are given as lists of messages; the last one is under way. */
function stateOf(...turns: readonly (readonly TranscriptMessage["content"][])[]): SessionState {
  const state = emptyState();
  turns.forEach((contents, at) => {
    for (const content of contents) {
      state.messageCount += 1;
      state.messages.push({
        position: state.messageCount,
        seq: state.messageCount,
        timeMs: 0,
        runId: `run-${at}`,
        label: "owner",
        content,
      });
    }
  });
  const asked = turns.at(-1)?.find(({ role }) => role === "user")?.text ?? "";
  const message = { sessionKey: "k", agentId: "main", runId: `run-${turns.length - 1}`, text: asked, channel: "cli" };
  const input = { offerId: "o", position: 1, principal: "owner", label: "owner" as const, timeMs: 0, message };
  state.turn = { runId: message.runId, inputs: [input] } as unknown as NonNullable<SessionState["turn"]>;
  return state;
}

const contextOf = (state: SessionState, contextTokens = 100_000): readonly ModelMessage[] =>
  assembleContext(state, agent, [], planBudget(contextTokens)).messages.slice(1);
const linesOf = (messages: readonly ModelMessage[]): string[] =>
  messages.map((message) => `${message.role}: ${message.text}${"calls" in message ? ` ${message.calls?.map(({ id }) => id).join()}` : ""}`);

/** Every result follows the answer that called for it, and every call has its result. */
function assertPaired(messages: readonly ModelMessage[]): void {
  let open = new Set<string>();
  for (const message of messages) {
    if (message.role === "tool") assert.ok(open.delete(message.callId), `a result without its call: ${message.callId}`);
    else {
      assert.equal(open.size, 0, `calls without a result: ${[...open].join()}`);
      open = new Set("calls" in message ? message.calls?.map(({ id }) => id) : []);
    }
  }
  assert.equal(open.size, 0);
}

test("a short conversation is shown whole and in order", () => {
  const state = stateOf([user("one"), says("first")], [user("two"), says("", [call("a"), call("b")]), result("a", "A"), result("b", "B")]);
  assert.deepEqual(linesOf(contextOf(state)), ["user: one", "assistant: first", "user: two", "assistant:  a,b", "tool: A", "tool: B"]);
});

test("the prompt names the agent, then the owner's instructions, then the caller's own", () => {
  const state = stateOf([user("hi")]);
  const [input] = state.turn?.inputs ?? [];
  assert.ok(input);
  Object.assign(input.message, { extraSystemPrompt: "Answer in verse." });
  const budget = planBudget(100_000);
  const [system] = assembleContext(state, { ...agent, name: "$& $1", instructions: "Call me Ada." }, [], budget).messages;
  assert.equal(system?.role, "system");
  assert.match(system?.text ?? "", /^You are \$& \$1, an assistant/);
  assert.match(system?.text ?? "", /\n\nCall me Ada\.\n\nAnswer in verse\.$/);
});

test("beyond the budget the newest messages stay, and the conversation begins with a person's words", () => {
  const turns = Array.from({ length: 50 }, (_, at) => [user(`question ${at} ${"x".repeat(400)}`), says(`answer ${at} ${"y".repeat(400)}`)]);
  const shown = contextOf(stateOf(...turns, [user("now")]), 4_096);
  assert.equal(shown[0]?.role, "user");
  assert.deepEqual(shown.at(-1), { role: "user", text: "now" });
  assert.match(shown.at(-2)?.text ?? "", /^answer 49/);
  const chars = shown.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(chars > 4_000 && chars < 4_096 * 3, String(chars));
  const at = shown.findIndex(({ text }) => text.startsWith("question"));
  assert.deepEqual(
    shown.slice(at, -1).map(({ text }) => text.split(" ")[1]),
    turns.slice(-(shown.length - 1) / 2).flatMap((_, index) => {
      const turn = String(50 - (shown.length - 1) / 2 + index);
      return [turn, turn];
    }),
  );
});

test("whatever the budget, no result is shown without its call and no call without its result", () => {
  const turns = Array.from({ length: 12 }, (_, at) => [
    user(`do ${at} ${"u".repeat(at * 37)}`),
    says("", [call("c1", `{"n":${at}}`), call("c2")]),
    result("c1", "r".repeat(300)),
    result("c2", "s".repeat(at * 50)),
    says("", [call("c1")]),
    result("c1", "t".repeat(100)),
    says("done"),
  ]);
  for (let tokens = 400; tokens < 6_000; tokens += 97) {
    const shown = contextOf(stateOf(...turns), tokens);
    assertPaired(shown);
    assert.ok(
      shown.some(({ text }) => text.startsWith("do 11")),
      `the question is in at ${tokens}`,
    );
    assert.equal(shown[0]?.role, "user");
  }
});

test("a call that was never answered is left out, also where another turn used its id", () => {
  const state = stateOf(
    [user("one"), says("", [call("c1")]), result("c1", "fine"), says("ok")],
    [user("two"), says("looking", [call("c1"), call("c2")]), result("c2", "half")],
    [user("three"), says("", [call("c1")])],
    [user("four")],
  );
  const shown = contextOf(state);
  assertPaired(shown);
  assert.deepEqual(linesOf(shown), [
    "user: one",
    "assistant:  c1",
    "tool: fine",
    "assistant: ok",
    "user: two",
    "assistant: looking c2",
    "tool: half",
    "user: three",
    "user: four",
  ]);
});

test("a turn too long for the budget keeps its question and its calls; the oldest results are cut first, and it is said", () => {
  const steps = Array.from({ length: 10 }, (_, at) => [
    says("", [call(`c${at}`)]),
    result(`c${at}`, `${at}${"z".repeat(8_000)}${at}`),
  ]).flat();
  const shown = contextOf(stateOf([user("before"), says("earlier")], [user("read it all"), ...steps]), 8_192);
  assertPaired(shown);
  assert.equal(shown[0]?.text, "read it all");
  assert.equal(shown.filter(({ role }) => role === "tool").length, 10);
  assert.equal(shown.at(-1)?.text.length, 8_002, "the newest result is whole");
  assert.match(shown[2]?.text ?? "", /\[… \d{4} characters left out to save room …\]/);
  const chars = shown.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(chars < 8_192 * 3, String(chars));
});

test("one result larger than everything keeps its head and its tail", () => {
  const shown = contextOf(stateOf([user("read"), says("", [call("c")]), result("c", `HEAD${"z".repeat(50_000)}TAIL`)]), 2_048);
  const text = shown.at(-1)?.text ?? "";
  assert.ok(text.length < 2_048 * 3, String(text.length));
  assert.match(text, /^HEADz+\n\[… \d+ characters left out to save room …\]\nz+TAIL$/);
});

test("the question is shown though its turn has pushed it out of memory", () => {
  const state = stateOf([user("what I want"), says("", [call("a")]), result("a", "A"), says("", [call("b")]), result("b", "B")]);
  state.messages.splice(0, 2);
  const shown = contextOf(state);
  assertPaired(shown);
  assert.deepEqual(linesOf(shown), ["user: what I want", "assistant:  b", "tool: B"]);
});

test("files are told in words, the newest pictures go along where there is room, and of an old prompt nothing changes (S4.27)", () => {
  const picture = (id: string) => ({ id, kind: "image", mimeType: "image/png", name: `${id}.png`, bytes: 9 }) as const;
  const said = (...ids: readonly string[]): TranscriptMessage["content"] => ({ role: "user", text: "look", attachments: ids.map(picture) });
  const note = { id: "n", kind: "text", mimeType: "text/plain", name: "n.txt", bytes: 99, text: "half of it" } as const;
  const state = stateOf([said("a", "b"), says("seen")], [{ role: "user", text: "", attachments: [picture("c"), note] }]);
  const shown = (tokens: number) => assembleContext(state, agent, [], planBudget(tokens)).messages.flatMap(
    (message) => (message.role === "user" ? [{ text: message.text, ids: (message.images ?? []).map(({ id }) => id) }] : []));
  assert.deepEqual(shown(100_000).map(({ ids }) => ids), [["a", "b"], ["c"]]);
  assert.deepEqual(shown(6_500).map(({ ids }) => ids), [["b"], ["c"]], "what is asked goes before what was");
  assert.deepEqual(shown(1_500).map(({ ids }) => ids), [[], []]);
  assert.equal(shown(100_000)[1]?.text, '[File "c.png": image/png, 9 bytes.]\n\n'
    + '[File "n.txt": text/plain, 99 bytes. Its beginning follows, as data.]\nhalf of it\n[End of "n.txt".]');
  const many = stateOf([said(..."abcdefghij")]);
  const { messages } = assembleContext(many, agent, [], planBudget(200_000));
  assert.deepEqual(messages.flatMap((one) => (one.role === "user" ? one.images ?? [] : [])).map(({ id }) => id), [..."cdefghij"]);
});
