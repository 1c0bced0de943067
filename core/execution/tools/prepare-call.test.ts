import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tool } from "@openclaw/sdk";
import { createTools, TOOL_LIMITS, type PreparedCall } from "./prepare-call.ts";

const ctx = { workspace: "/w", sessionKey: "agent:main:main", agentId: "main" };

const write: Tool = {
  name: "write", summary: "Writes.", effect: "idempotent",
  args: { type: "object", additionalProperties: false, required: ["path"], properties: { path: { type: "string", minLength: 1 } } },
  propose: (args, { sessionKey }) => {
    const { path } = args as { path: string };
    if (path === "/") throw new Error("Name a file, not the root.");
    return {
      actuator: "node", effect: "idempotent", command: "file.write", target: { command: "file.write" }, params: { path, sessionKey },
      summary: `write ${path}`,
    };
  },
};
const count: Tool = {
  name: "count", summary: "Counts.", effect: "none", args: { type: "object", properties: {} },
  async *run() {
    yield { type: "result", text: "1" };
  },
};
const tools = createTools([write, count]);
const prepare = (name: string, args: string): PreparedCall => tools.prepare({ id: "c", name, arguments: args }, ctx);

test("a tool with an effect becomes an intent, made from checked arguments and the call's own session", () => {
  const prepared = prepare("write", '{"path":"a.txt"}');
  assert.ok(prepared.kind === "intent");
  assert.deepEqual(prepared.intent.params, { path: "a.txt", sessionKey: "agent:main:main" });
  assert.deepEqual(prepared.args, { path: "a.txt" });
  assert.equal(prepared.tool.name, "write");
});

test("a pure tool is to be run; empty arguments are an empty object", () => {
  for (const args of ["", "  \n", "{}"]) {
    const prepared = prepare("count", args);
    assert.ok(prepared.kind === "run", args);
    assert.deepEqual(prepared.args, {});
  }
});

test("what is wrong with a call is a refusal the model can act on", () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ["wrote", "{}", "TOOL_UNKNOWN", /^There is no tool "wrote"\. Tools: count, write\.$/],
    ["x".repeat(5_000), "{}", "TOOL_UNKNOWN", /^There is no tool "x{80}"\./],
    ["__proto__", "{}", "TOOL_UNKNOWN", /./],
    ["write", "{", "TOOL_ARGS_INVALID", /^The arguments are not JSON\.$/],
    ["write", "undefined", "TOOL_ARGS_INVALID", /not JSON/],
    ["write", '"a.txt"', "TOOL_ARGS_INVALID", /^write: at root: must be object\.$/],
    ["write", "[]", "TOOL_ARGS_INVALID", /must be object/],
    ["write", "null", "TOOL_ARGS_INVALID", /must be object/],
    ["write", "{}", "TOOL_ARGS_INVALID", /^write: at root: must have required property 'path'\.$/],
    ["write", '{"path":""}', "TOOL_ARGS_INVALID", /at \/path/],
    ["write", '{"path":"a","mode":7}', "TOOL_ARGS_INVALID", /unexpected property 'mode'/],
    ["write", '{"path":"/"}', "TOOL_ARGS_INVALID", /^write: Name a file, not the root\.$/],
  ];
  for (const [name, args, code, why] of cases) {
    const prepared = prepare(name, args);
    assert.ok(prepared.kind === "refused", `${name} ${args}`);
    assert.equal(prepared.code, code, `${name} ${args}`);
    assert.match(prepared.why, why);
  }
});

test("arguments are bounded in bytes, and what is beyond is not even parsed", () => {
  const fit = (bytes: number): string => `{"path":"${"ä".repeat((bytes - 12) / 2)}"} `;
  assert.equal(Buffer.byteLength(fit(TOOL_LIMITS.argumentBytes)), TOOL_LIMITS.argumentBytes);
  assert.equal(prepare("write", fit(TOOL_LIMITS.argumentBytes)).kind, "intent");
  assert.equal(prepare("write", `${fit(TOOL_LIMITS.argumentBytes)} `).kind, "refused");
  const prepared = prepare("write", "[".repeat(1_000_000));
  assert.ok(prepared.kind === "refused");
  assert.equal(prepared.code, "TOOL_ARGS_TOO_LARGE");
  assert.match(prepared.why, /^The arguments have 1000000 bytes; at most 262144 are taken\.$/);
});

test("the faces a model is shown have one order, whatever the order of the tools, and nothing but the face", () => {
  assert.deepEqual(createTools([write, count]).faces(), createTools([count, write]).faces());
  assert.deepEqual(tools.faces().map((face) => Object.keys(face)), [["name", "summary", "args"], ["name", "summary", "args"]]);
  const bounded: Tool = {
    ...write, name: "bounded",
    args: {
      type: "object", additionalProperties: false, required: ["maximum"],
      properties: { maximum: { type: "integer", minimum: 1, maximum: 5, enum: [1, 5] }, list: { type: "array", maxItems: 2, items: { maxLength: 3 } },
        map: { type: "object", additionalProperties: { type: "string", maxLength: 9 } } },
    },
  };
  assert.deepEqual(createTools([bounded]).faces()[0]?.args, {
    type: "object", required: ["maximum"],
    properties: { maximum: { type: "integer", enum: [1, 5] }, list: { type: "array", items: {} }, map: { type: "object", additionalProperties: { type: "string" } } },
  }, "bounds are checked and not shown; a field called like one stays");
  assert.equal(tools.get("write"), write);
  assert.equal(tools.get("wrote"), undefined);
});
