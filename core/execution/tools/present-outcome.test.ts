import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Tool } from "@openclaw/sdk";
import { presentOutcome } from "./present-outcome.ts";
import { TOOL_LIMITS } from "./prepare-call.ts";

const plain: Tool = {
  name: "read", summary: "Reads.", effect: "read", args: { type: "object" },
  propose: () => ({ actuator: "memory", effect: "read", action: "recall", params: {}, summary: "" }),
};
const presenting: Tool = {
  ...plain, present: (payload) => ({ text: (payload as { readonly content: string }).content.trim(), isError: payload === "bad" }),
} as Tool;

test("a payload is shown by its tool, as JSON where the tool has no way of its own, and text as it is", () => {
  assert.deepEqual(presentOutcome(presenting, { ok: true, payload: { content: " hello " } }), { text: "hello", isError: false });
  assert.deepEqual(presentOutcome(plain, { ok: true, payload: { a: [1] } }), { text: '{"a":[1]}', isError: false });
  assert.deepEqual(presentOutcome(undefined, { ok: true, payload: "text" }), { text: "text", isError: false });
  assert.deepEqual(presentOutcome(plain, { ok: true, payload: undefined }), { text: "null", isError: false });
});

test("a failure names its code, why, and what to try, each once", () => {
  const said = presentOutcome(plain, { ok: false, code: "NODE_OFFLINE", why: "\"gpu-box\" is not connected." });
  assert.equal(said.isError, true);
  assert.equal(said.code, "NODE_OFFLINE");
  assert.match(said.text, /^NODE_OFFLINE: .+ "gpu-box" is not connected\. .+$/);
  const repeated = presentOutcome(plain, { ok: false, code: "NODE_OFFLINE", why: said.text.slice("NODE_OFFLINE: ".length) });
  assert.equal(repeated.text.split("\"gpu-box\"").length, 2);
  assert.doesNotMatch(presentOutcome(undefined, { ok: false, code: "TOOL_FAILED", why: "" }).text, / {2}|undefined/);
});

test("an answer its tool cannot read is a failure the model is told of, never a throw", () => {
  for (const payload of [undefined, null, 7, "text", {}, { content: 7 }]) {
    const { text, isError, code } = presentOutcome(presenting, { ok: true, payload });
    assert.deepEqual([isError, code], [true, "TOOL_FAILED"], JSON.stringify(payload));
    assert.match(text, /read could not read the answer it got/);
  }
});

test("a long text keeps head and tail, and says how much is missing and the digest of the whole", () => {
  const text = `HEAD${"x".repeat(TOOL_LIMITS.resultChars)}TAIL`;
  const shown = presentOutcome(plain, { ok: true, payload: text }).text;
  assert.ok(shown.length < TOOL_LIMITS.resultChars + 200);
  const mark = /\n\[… 8 characters left out; the whole has SHA-256 [0-9a-f]{64} and is read by read_output with id [0-9a-f]{12} …\]\n/;
  assert.match(shown, mark);
  assert.match(shown.replace(mark, ""), /^HEADx+TAIL$/);
  assert.ok(shown.includes(createHash("sha256").update(text).digest("hex")));
  const exact = "y".repeat(TOOL_LIMITS.resultChars);
  assert.equal(presentOutcome(plain, { ok: true, payload: exact }).text, exact);
  const long = presentOutcome(plain, { ok: false, code: "TOOL_FAILED", why: "z".repeat(1_000_000) }).text;
  assert.ok(long.length < TOOL_LIMITS.resultChars + 200);
});

test("a cut never leaves half a character behind", () => {
  const shown = presentOutcome(plain, { ok: true, payload: `a${"\u{1f980}".repeat(20_000)}` }).text;
  assert.equal(shown.isWellFormed(), true);
});

test("bytes that a device brought beside their form are taken out of the answer, wherever they lie in it (S4.27)", () => {
  const photo = { format: "jpg", base64: "QUJD", width: 4 };
  const said = presentOutcome(plain, { ok: true, payload: { photos: [photo, { ...photo, name: "b.jpg" }], base64: "no form beside it" } });
  assert.deepEqual(said.files, [{ base64: "QUJD" }, { base64: "QUJD", name: "b.jpg" }]);
  assert.deepEqual(JSON.parse(said.text), { base64: "no form beside it",
    photos: [{ format: "jpg", width: 4, bytes: 3 }, { format: "jpg", width: 4, name: "b.jpg", bytes: 3 }] });
  const many = presentOutcome(plain, { ok: true, payload: Array.from({ length: 40 }, () => photo) });
  assert.equal(many.files?.length, TOOL_LIMITS.files);
  assert.equal(presentOutcome(plain, { ok: true, payload: { a: 1 } }).files, undefined);
});
