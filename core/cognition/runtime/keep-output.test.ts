import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intent, ModelEvent, Tool } from "@openclaw/sdk";
import { CONTEXT_DEFAULTS } from "../context.ts";
import { blobsOf, type SessionLog } from "../../fabric/journal.ts";
import { OUTPUT_LIMITS } from "./keep-output.ts";
import { readOutputPage } from "./read-output.ts";
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

const WIDE = `xyz${"🦀ß1".repeat(150_000)}`; // more than one part, with half of a character where the first would end

test("a long output lies in parts: a page opens those it lies in, cuts no character, and all of them go with it (S2.15)", async (t) => {
  let text = WIDE;
  const bench = await openBench(t, {
    tools, outcome: () => ({ type: "end", ok: true, payload: text }),
    deps: () => ({ context: () => ({ ...CONTEXT_DEFAULTS, outputBytesKept: 1_500_000 }) }),
  });
  await bench.say("look", calls(["look", {}]), says("seen"));
  const [kept] = bench.state.outputs;
  const blobs = kept === undefined ? [] : blobsOf(kept);
  assert.deepEqual([kept?.chars, kept?.bytes, blobs.length, kept?.blob], [WIDE.length, Buffer.byteLength(WIDE), 3, blobs[0]]);
  const opened: string[] = [];
  const { blobs: sealed } = bench.log;
  const log = { state: bench.state, blobs: { ...sealed, get: (digest: string) => (opened.push(digest), sealed.get(digest)) } };
  const read = (offset: number, limit: number): ReturnType<typeof readOutputPage> =>
    readOutputPage(log as unknown as SessionLog, { id: kept?.id ?? "", offset, limit }, 100_000);
  const pages: string[] = [];
  for (let at = 0; at < WIDE.length;) {
    const { offset, end, text: page } = await read(at, 99_997);
    assert.equal(offset, at);
    pages.push(page);
    at = end;
  }
  assert.equal(pages.join(""), WIDE);
  assert.equal(pages.length, 7, "as long as they may be");
  opened.length = 0;
  await read(100, 50);
  await read(262_100, 100);
  assert.deepEqual(opened, [blobs[0], blobs[0], blobs[1]]);
  assert.deepEqual(await bench.engine.records.list("blobs-unnamed", ""), []);
  text = `${WIDE}.`;
  await bench.say("look again", calls(["look", {}]), says("seen"));
  assert.deepEqual(await Promise.all(blobs.map((digest) => bench.engine.blobs.stat(digest))), [null, null, null]);
  const ended = (await bench.recorded()).flatMap(({ type, body }) => (type === "step.ended" && body.kind === "tool" ? [body] : []));
  assert.deepEqual(ended.at(-1)?.output?.dropped, [kept?.blob]);
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
