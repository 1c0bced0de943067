import assert from "node:assert/strict";
import { test } from "node:test";
import { withWholeKeys } from "./compose-fan-out.ts";

test("a listener's session is known by its whole key, so that it is never told of what it did itself (S2.42, C9)", () => {
  const to = { topics: [">"], to: "agent" as const };
  const whole = withWholeKeys({
    short: { ...to, sessionKey: "main" }, odd: { ...to, sessionKey: " Agent:Main:Ops " }, wrong: { ...to, sessionKey: "a::b" },
    none: { topics: [">"], to: "log" },
  }, "main");
  assert.deepEqual(Object.values(whole).map(({ sessionKey }) => sessionKey), ["agent:main:main", "agent:main:ops", "a::b", undefined]);
});
