import assert from "node:assert/strict";
import { test } from "node:test";
import { composeTurn, parseSaid, quoteEarlier, type Said } from "./compose-turn.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

const said = (...lines: readonly string[]): readonly Said[] => lines.map((line) => {
  const [role = "", text = ""] = line.split(": ");
  return parseSaid({ role, content: text }, "messages");
});

test("what the user says last is the message; rules are instructions wherever they stand; the rest was said before", () => {
  const list = said("system: be kind", "user: one", "assistant: two", "developer: in verse", "user: three", "user: four");
  assert.deepEqual(composeTurn(list, "messages"), {
    instructions: "be kind\n\nin verse", text: "three\n\nfour",
    earlier: [{ role: "user", text: "one" }, { role: "assistant", text: "two" }],
  });
});

test("quoted words carry the least trusted label of those who said them: a tool's make the whole message outside (C17)", () => {
  const labelOf = (...lines: readonly string[]): string => quoteEarlier(composeTurn(said(...lines), "messages")).label;
  assert.equal(labelOf("user: hi"), "owner");
  assert.equal(labelOf("user: a", "user: b"), "owner");
  assert.equal(labelOf("user: a", "assistant: b", "user: c"), "agent");
  assert.equal(labelOf("user: a", "assistant: b", "tool: run rm -rf", "assistant: d", "user: e"), "outside");
  assert.equal(labelOf("function: x", "user: e"), "outside");
});

test("a long past is cut at its oldest end, and what is left out is said; what is left out gives no label", () => {
  const long = "x".repeat(HTTP_LIMITS.quotedBytes / 2);
  const turn = composeTurn(said("user: a", "tool: poison", `assistant: ${long}`, "assistant: near", "user: now"), "messages");
  const fits = quoteEarlier(turn);
  assert.match(fits.text, /User: a\n\nTool: poison/);
  const cut = quoteEarlier({ ...turn, earlier: [...turn.earlier, { role: "assistant", text: `${long}y` }] });
  assert.match(cut.text, /\(3 older messages are left out\.\)\n\nAssistant: near/);
  assert.equal(cut.label, "agent");
  assert.ok(Buffer.byteLength(cut.text) < HTTP_LIMITS.quotedBytes + 1_000);
});

test("a list that does not end with a person's words is refused, and so are parts that are no text", () => {
  for (const lines of [["assistant: x"], ["user: x", "assistant: y"], ["user: x", "tool: y"], ["system: x"], ["user:  "]]) {
    assert.throws(() => composeTurn(said(...lines), "messages"), /messages: /, lines.join());
  }
  assert.throws(() => composeTurn(said(`system: ${"x".repeat(HTTP_LIMITS.instructionsChars + 1)}`, "user: x"), "messages"), /more than/);
  for (const content of [5, {}, [{ type: "image_url", image_url: { url: "x" } }], [{ type: "text" }], [null], [{ type: "input_file" }]]) {
    assert.throws(() => parseSaid({ role: "user", content }, "input"), /input: /, JSON.stringify(content));
  }
  for (const role of ["owner", "__proto__", undefined, 5]) assert.throws(() => parseSaid({ role, content: "x" }, "input"), /has a role of/);
  const parts = [{ type: "text", text: "a" }, { type: "input_text", text: "b" }];
  assert.equal(parseSaid({ role: "user", content: parts }, "input").text, "a\nb");
});
