import assert from "node:assert/strict";
import { test } from "node:test";
import type { MethodSpec } from "@openclaw/protocol";
import { lateMethods } from "./late-methods.ts";
import type { MethodContext, MethodHandlers } from "./method.ts";

const spec: MethodSpec = { role: "operator", summary: "", params: {}, result: {} };
const ctx = {} as MethodContext;

test("handlers are loaded at the first call, once, and calls keep their order (S0.7)", async () => {
  let loads = 0;
  const seen: unknown[] = [];
  const gate = Promise.withResolvers<MethodHandlers>();
  const methods = lateMethods({ "a.one": spec, "a.two": spec }, () => {
    loads += 1;
    return gate.promise;
  });
  assert.deepEqual(Object.keys(methods), ["a.one", "a.two"]);
  assert.equal(loads, 0);
  const first = methods["a.one"]!(1, ctx);
  const second = methods["a.two"]!(2, ctx);
  const told = (answer: string) => (params: unknown): string => {
    seen.push(params);
    return answer;
  };
  gate.resolve({ "a.one": told("one"), "a.two": told("two") });
  assert.deepEqual([await first, await second], ["one", "two"]);
  assert.deepEqual([seen, loads], [[1, 2], 1]);
  assert.equal(methods["a.one"]!(3, ctx), "one", "from then on without a promise in between");
});

test("a handler that refuses is heard, and one that could not be loaded as well (S0.48)", async () => {
  const refusing = lateMethods({ "a.one": spec }, async () => ({ "a.one": () => { throw new Error("no"); } }));
  await assert.rejects(Promise.resolve(refusing["a.one"]!({}, ctx)), /no/);
  const broken = lateMethods({ "a.one": spec }, () => Promise.reject(new Error("not there")));
  await assert.rejects(Promise.resolve(broken["a.one"]!({}, ctx)), /not there/);
});
