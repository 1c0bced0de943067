import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intent, ModelEvent, Tool } from "@openclaw/sdk";
import { CONTEXT_DEFAULTS } from "../context.ts";
import { OUTPUT_LIMITS } from "./keep-output.ts";
import { calls, openBench, says, settle, type Speech } from "./turn.testing.ts";

const look: Tool = {
  name: "look", summary: "Looks.", effect: "read", args: { type: "object", properties: { what: { type: "string" } } },
  propose: (args): Intent => ({
    actuator: "node", effect: "read", command: "file.read", target: { command: "file.read" },
    params: args as Record<string, unknown>, summary: "look",
  }),
  present: (payload) => ({ text: String(payload), isError: false }),
};
/** As the drop-in has it, in short. */
const readOutput: Tool = {
  name: "read_output", summary: "Reads.", effect: "read", args: { type: "object" },
  propose: (args): Intent => ({
    actuator: "session", effect: "read", action: "read-output", params: args as Record<string, unknown>, summary: "read",
  }),
  present: (payload) => {
    const { offset, end, chars, text } = payload as Readonly<Record<string, unknown>>;
    return { text: `${String(offset)}-${String(end)}/${String(chars)} ${String(text)}`, isError: false };
  },
};
const tools = [look, readOutput];
async function* speech(events: Speech): AsyncGenerator<ModelEvent> {
  if (typeof events !== "function") yield* events;
}

const LONG = Array.from({ length: 9_000 }, (_, at) => `line ${at}`).join("\n");

test("a long output is shown as head, tail and digest; the agent pages the whole, and it stays outside text (S2.15)", async (t) => {
  const bench = await openBench(t, { tools, outcome: () => ({ type: "end", ok: true, payload: LONG }) });
  await bench.say("look at it", calls(["look", {}]), (request) => {
    const shown = request.messages.at(-1)?.text ?? "";
    assert.ok(shown.length < 17_000);
    const id = /read_output with id ([0-9a-f]{12})/.exec(shown)?.[1];
    return speech(calls(["read_output", { id, offset: 50_000, limit: 100 }, "c2"]));
  }, says("seen"));
  const [first, second] = bench.results();
  assert.ok(first?.text.startsWith("line 0\n") && first.text.endsWith("line 8999"));
  assert.equal(second?.text, `50000-50100/${LONG.length} ${LONG.slice(50_000, 50_100)}`);
  assert.deepEqual([first?.label, second?.label], ["outside", "outside"]);
  assert.equal(bench.orders.length, 1, "no actuator but the session itself reads it");
});

test("what is kept is sealed, and recorded with where it is", async (t) => {
  const bench = await openBench(t, { tools, outcome: () => ({ type: "end", ok: true, payload: LONG }) });
  await bench.say("look at it", calls(["look", {}]), says("seen"));
  const [kept] = bench.state.outputs;
  assert.ok(kept !== undefined);
  assert.equal(kept.chars, LONG.length);
  assert.equal(Buffer.from(await bench.log.blobs.get(kept.blob)).toString(), LONG);
  const raw: Uint8Array[] = [];
  for await (const chunk of bench.engine.blobs.get(kept.blob)) raw.push(chunk);
  assert.ok(!Buffer.concat(raw).includes("line 17"), "nothing of it stands on disk");
});

test("a session keeps so many outputs and bytes and no more: the oldest go, which is recorded and said", async (t) => {
  let at = 0;
  const bytesKept = 5 * LONG.length;
  const bench = await openBench(t, {
    tools, outcome: () => ({ type: "end", ok: true, payload: `${++at}${LONG}` }),
    deps: () => ({ context: () => ({ ...CONTEXT_DEFAULTS, outputBytesKept: bytesKept }) }),
  });
  for (let turn = 0; turn < 6; turn++) await bench.say("look", calls(["look", {}]), says("seen"));
  const ids = bench.state.outputs.map(({ id }) => id);
  assert.equal(ids.length, 4);
  const ended = (await bench.recorded()).flatMap(({ type, body }) => type === "step.ended" && body.kind === "tool" ? [body] : []);
  assert.deepEqual(ended.map(({ output }) => output?.dropped.length), [0, 0, 0, 0, 1, 1]);
  const [, , gone] = ended.map(({ output }) => output);
  await assert.rejects(bench.log.blobs.get(ended[0]?.output?.blob ?? ""), { code: "NOT_FOUND" });
  assert.ok(ids.includes(gone?.id ?? ""));
  await bench.say("again", calls(["read_output", { id: ended[0]?.output?.id }]), says("gone"));
  assert.match(bench.results().at(-1)?.text ?? "", /^NOT_FOUND: .*No output is kept under [0-9a-f]{12}; there is /);
  assert.ok(OUTPUT_LIMITS.outputs < 100);
});

test("the same output twice is kept once, and a page beyond its end is empty", async (t) => {
  const bench = await openBench(t, { tools, outcome: () => ({ type: "end", ok: true, payload: LONG }) });
  for (let turn = 0; turn < 3; turn++) await bench.say("look", calls(["look", {}]), says("seen"));
  assert.equal(bench.state.outputs.length, 1);
  await bench.say("read", calls(["read_output", { id: bench.state.outputs[0]?.id, offset: 10_000_000 }]), says("end"));
  assert.equal(bench.results().at(-1)?.text, `10000000-10000000/${LONG.length} `);
});

test("what an owner kept and died before recording is dropped when its turn is taken up again; the rest stays (S0.16)", async (t) => {
  const bench = await openBench(t, { tools, outcome: () => ({ type: "end", ok: true, payload: LONG }) });
  await bench.say("look", calls(["look", {}]), says("seen"));
  const [kept] = bench.state.outputs;
  const { blobs } = bench.engine;
  const put = blobs.put.bind(blobs);
  const left: string[] = [];
  blobs.put = async (...args) => {
    left.push((await put(...args)).digest);
    blobs.put = put;
    throw new Error("killed");
  };
  await bench.offer("look once more");
  await assert.rejects(bench.run(calls(["look", {}]), says("seen")), /killed/);
  assert.ok(left[0] !== undefined && (await blobs.stat(left[0])) !== null, "the crash left a blob that nothing names");
  await bench.run(calls(["look", {}]), says("seen"));
  assert.equal(await blobs.stat(left[0]), null);
  const [again] = bench.state.outputs;
  assert.equal(Buffer.from(await bench.log.blobs.get(again?.blob ?? "")).toString(), LONG);
  assert.notEqual(again?.blob, kept?.blob);
  await settle();
  assert.deepEqual(await bench.engine.records.list("blobs-unnamed", ""), [], "and no note is left of what is named");
});

test("an output whose blob is missing or was changed is a failure the agent reads with its code; the turn goes on (C14)", async (t) => {
  const bench = await openBench(t, { tools, outcome: () => ({ type: "end", ok: true, payload: LONG }) });
  await bench.say("look", calls(["look", {}]), says("seen"));
  const [kept] = bench.state.outputs;
  const { blobs } = bench.engine;
  const get = blobs.get.bind(blobs);
  blobs.get = async function* (...args) {
    for await (const chunk of get(...args)) yield chunk.map((byte, at) => (at === 40 ? byte ^ 0xff : byte));
  };
  await bench.say("read", calls(["read_output", { id: kept?.id }]), says("damaged"));
  blobs.get = get;
  await blobs.delete(kept?.blob ?? "");
  await bench.say("read", calls(["read_output", { id: kept?.id }]), says("gone"));
  const [damaged, missing] = bench.results().slice(-2);
  assert.match(damaged?.text ?? "", /^STATE_DAMAGED: /);
  assert.match(missing?.text ?? "", /^NOT_FOUND: /);
  assert.deepEqual([damaged?.isError, missing?.isError], [true, true]);
  assert.equal(bench.state.runs.get("run-3")?.status, "ok");
});
