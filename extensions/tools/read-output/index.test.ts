import assert from "node:assert/strict";
import { test } from "node:test";
import readOutput from "./index.ts";

test("it asks the session itself for a page, and says where to go on", () => {
  assert.deepEqual(readOutput.propose({ id: "0123456789ab", offset: 5 }), {
    actuator: "session", effect: "read", action: "read-output", params: { id: "0123456789ab", offset: 5 },
    summary: "read output 0123456789ab",
  });
  const page = { id: "0123456789ab", offset: 5, end: 9, chars: 20, text: "abcd" };
  assert.deepEqual(readOutput.present(page), { text: "[characters 5 to 9 of 20; go on with offset 9]\nabcd", isError: false });
  assert.deepEqual(readOutput.present({ ...page, end: 20 }), { text: "[characters 5 to 20 of 20]\nabcd", isError: false });
});
