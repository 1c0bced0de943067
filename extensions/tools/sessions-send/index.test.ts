import assert from "node:assert/strict";
import { test } from "node:test";
import send from "./index.ts";

test("a message to another session is an intent that names it (S4.6)", () => {
  const params = { sessionKey: "agent:main:work", message: "How far?" };
  assert.deepEqual(send.propose(params), {
    actuator: "sessions", effect: "idempotent", action: "send", params, summary: "send to agent:main:work",
  });
  assert.match(send.present({ status: "accepted", sessionKey: "agent:main:work" }).text, /will come as a message/);
  assert.equal(send.present({ status: "error", sessionKey: "agent:main:work", why: "Gone." }).isError, true);
});
