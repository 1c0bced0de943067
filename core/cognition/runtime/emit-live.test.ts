import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { createLive, type Live } from "./emit-live.ts";
import type { LiveEvent } from "./live-event.ts";

function setUp(resumes = 0): { readonly live: Live; readonly seen: LiveEvent[]; readonly clock: VirtualClock } {
  const seen: LiveEvent[] = [];
  const clock = new VirtualClock();
  return {
    seen,
    clock,
    live: createLive({ publish: (event) => seen.push(event) }, clock, { runId: "r", sessionKey: "k", agentId: "main", resumes }),
  };
}

test("every event carries its run, session, agent and time, and a number that rises by one over all streams", async () => {
  const { live, seen, clock } = setUp();
  live.emit("lifecycle", { phase: "start" });
  await clock.advance(10);
  live.text("a");
  live.thinking("b");
  live.emit("tool", {});
  assert.deepEqual(
    seen.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
  assert.deepEqual(seen[1], {
    runId: "r",
    sessionKey: "k",
    agentId: "main",
    stream: "assistant",
    seq: 2,
    ts: clock.now(),
    data: { delta: "a" },
  });
  assert.deepEqual(seen[2]?.data, { delta: "b" });
});

test("a run taken up again, any number of times, counts on above all that its owners before can have reached (S4.9)", () => {
  const firsts = [0, 1, 2, 3].map((resumes) => {
    const { live, seen } = setUp(resumes);
    live.emit("lifecycle", { phase: "resumed" });
    live.emitFor("other", { phase: "joined" });
    assert.equal(seen[1]?.runId, "other");
    return seen[0]?.seq ?? 0;
  });
  for (const [at, seq] of firsts.entries()) if (at > 0) assert.ok(seq - (firsts[at - 1] ?? 0) >= 100_000_000);
});

test("what was seen of the present step is kept until the next one begins; thoughts are not part of it", () => {
  const { live } = setUp();
  live.text("Hel");
  live.thinking("hm");
  live.text("lo");
  assert.equal(live.partialText(), "Hello");
  live.clearText();
  assert.equal(live.partialText(), "");
});

test("a huge piece is shown in pieces that fit into a frame, and nothing of it is lost", () => {
  const { live, seen } = setUp();
  const text = `${"\u0000\u{1f980}".repeat(150_000)}end`;
  live.text(text);
  assert.ok(seen.length > 1);
  for (const event of seen) assert.ok(Buffer.byteLength(JSON.stringify(event)) < 1_000_000);
  assert.equal(seen.map(({ data }) => JSON.parse(JSON.stringify(data["delta"])) as string).join(""), text);
  assert.deepEqual(
    seen.map(({ seq }) => seq),
    seen.map((_, at) => at + 1),
  );
});
