import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { OUTPUT_GOES_ON } from "@openclaw/protocol";
import type { Intent, Tool } from "@openclaw/sdk";
import type { IntentEvent } from "../../execution/intents.ts";
import { blobsOf, type SessionLog } from "../../fabric/journal.ts";
import { CONTEXT_DEFAULTS } from "../context.ts";
import { readOutputPage } from "./read-output.ts";
import { calls, openBench, says, settle, type Bench } from "./turn.testing.ts";

const run: Tool = {
  name: "run", summary: "Runs.", effect: "read", args: { type: "object" },
  propose: (args): Intent => ({
    actuator: "node", effect: "read", command: "system.run", target: { command: "system.run" },
    params: args as Record<string, unknown>, summary: "run",
  }),
  present: (payload) => ({ text: String((payload as { readonly stdout: string }).stdout), isError: false }),
};

const LINES = Array.from({ length: 60_000 }, (_, at) => `line ${at} é`).join("\n");
const BYTES = Buffer.byteLength(LINES);

type Told = Extract<IntentEvent, { type: "output" }>;

/** In pieces, as a node tells them: both streams count together. */
function told(text: string, from = 0): Told[] {
  const events: Told[] = [];
  let offset = from;
  for (let at = 0; at < text.length; at += 5_000) {
    const piece = text.slice(at, at + 5_000);
    events.push({ type: "output", stream: at % 2 === 0 ? "stdout" : "stderr", text: piece, offset });
    offset += Buffer.byteLength(piece);
  }
  return events;
}

const headAndTail = (bytes: number, end = LINES.slice(-90_000)): IntentEvent => ({
  type: "end", ok: true,
  payload: { stdout: `${LINES.slice(0, 90_000)}\n[... 7 bytes left out ...]\n${end}`, truncated: true, outputBytes: bytes },
});

async function openRun(t: Parameters<typeof openBench>[0], events: () => readonly IntentEvent[], outputBytesKept?: number): Promise<Bench> {
  async function* act(): AsyncGenerator<IntentEvent> {
    yield* events();
  }
  return await openBench(t, {
    tools: [run],
    deps: (deps) => ({
      intents: { ...deps.intents, carryOut: act, resume: act },
      ...(outputBytesKept === undefined ? {} : { context: () => ({ ...CONTEXT_DEFAULTS, outputBytesKept }) }),
    }),
  });
}

async function wholeOf({ state, log }: Bench): Promise<string> {
  const id = state.outputs.at(-1)?.id ?? "";
  return (await readOutputPage({ state, blobs: log.blobs } as unknown as SessionLog, { id }, 1_000_000_000)).text;
}

/** Digests of all that is put from now on. */
function watchBlobs({ engine: { blobs } }: Bench): readonly string[] {
  const put = blobs.put.bind(blobs);
  const stored: string[] = [];
  blobs.put = async (...args) => {
    const info = await put(...args);
    stored.push(info.digest);
    return info;
  };
  return stored;
}

test("what a command told while it ran is kept whole where its result is head and tail, under the digest its mark names "
  + "(S4.29)", async (t) => {
  const bench = await openRun(t, () => [...told(LINES), headAndTail(BYTES)]);
  await bench.say("run it", calls(["run", {}]), says("seen"));
  const [kept] = bench.state.outputs;
  const digest = createHash("sha256").update(LINES).digest("hex");
  assert.ok((await wholeOf(bench)) === LINES);
  assert.deepEqual([kept?.id, kept?.bytes, kept?.chars, kept?.written], [digest.slice(0, 12), BYTES, LINES.length, undefined]);
  const [shown] = bench.results();
  assert.match(shown?.text ?? "", new RegExp(`${LINES.length - 16_000} characters left out; the whole has SHA-256 ${digest} and is read`));
  assert.deepEqual(await bench.engine.records.list("blobs-unnamed", ""), []);
});

test("of what is told in part the beginning is kept, what the command wrote is counted, and the result's end stands behind it "
  + "(S4.29)", async (t) => {
  const marks: readonly Told[] = [
    { type: "output", stream: "stdout", text: "[… beyond …]", offset: BYTES, marked: true },
    { type: "output", stream: "stdout", text: OUTPUT_GOES_ON, offset: BYTES, bytes: 5_000_000 },
  ];
  for (const mark of marks) {
    const bench = await openRun(t, () => [...told(LINES), mark, headAndTail(99_000_000, "this is the end")]);
    await bench.say("run it", calls(["run", {}]), says("seen"));
    const whole = await wholeOf(bench);
    assert.ok(whole.startsWith(LINES));
    assert.equal(whole.slice(LINES.length), "\n[… the command wrote 99000000 bytes in all; this is the end of them …]\nthis is the end");
    assert.equal(bench.state.outputs[0]?.written, 99_000_000);
    assert.match(bench.results()[0]?.text ?? "", /more than \d+ characters left out; what is kept has SHA-256/);
  }
});

test("an owner that dies in the middle leaves nothing: the next one is told all of it again, and keeps all of it (S0.16)", async (t) => {
  let died = false;
  async function* until(): AsyncGenerator<IntentEvent> {
    yield* told(LINES).slice(0, 150);
    await settle();
    died = true;
    throw new Error("killed");
  }
  async function* again(): AsyncGenerator<IntentEvent> {
    yield* told(LINES);
    yield headAndTail(BYTES);
  }
  const bench = await openBench(t, {
    tools: [run], deps: (deps) => ({ intents: { ...deps.intents, carryOut: until, resume: again } }),
  });
  const stored = watchBlobs(bench);
  await bench.offer("run it");
  await assert.rejects(bench.run(calls(["run", {}])), /killed/);
  const left = [...stored];
  assert.ok(died && left.length > 0, "some of it was stored, and nothing names it");
  await bench.nextOwner("died");
  await bench.run(says("seen"));
  assert.ok((await wholeOf(bench)) === LINES);
  assert.deepEqual(await Promise.all(left.map((digest) => bench.engine.blobs.stat(digest))), left.map(() => null));
});

test("of an end that was told almost to its own beginning not much stands twice (S4.29)", async (t) => {
  const cut: Told = { type: "output", stream: "stdout", text: "[… beyond …]", offset: BYTES, marked: true };
  const bench = await openRun(t, () => [...told(LINES), cut, headAndTail(BYTES + 50)]);
  await bench.say("run it", calls(["run", {}]), says("seen"));
  assert.ok((await wholeOf(bench)).endsWith(`this is the end of them …]\n${LINES.slice(-1_050)}`));
});

test("output with a gap, from its middle, or beyond what a session keeps is not taken for the whole: the result is kept, and nothing "
  + "else stays (S0.16)", async (t) => {
  const gap: Told = { type: "output", stream: "stdout", text: "[… 9 bytes are missing here …]", offset: BYTES, marked: true };
  const cases: readonly (readonly [string, readonly Told[], number?])[] = [
    ["a marked gap", [...told(LINES), gap, ...told("more", BYTES + 9)]],
    ["a gap of unknown size", [...told(LINES), gap, ...told("more", BYTES)]],
    ["a gap", [...told(LINES), ...told("more", BYTES + 9)]],
    ["the middle", told(LINES, 10)],
    ["nothing told", []],
    ["too much", told(LINES), BYTES - 1],
  ];
  for (const [what, events, most] of cases) {
    const end = headAndTail(BYTES);
    const bench = await openRun(t, () => [...events, end], most);
    const stored = watchBlobs(bench);
    await bench.say("run it", calls(["run", {}]), says("seen"));
    const { stdout } = (end as { readonly payload: { readonly stdout: string } }).payload;
    assert.ok((await wholeOf(bench)) === stdout, what);
    const found = await Promise.all(stored.map((digest) => bench.engine.blobs.stat(digest)));
    const left = found.flatMap((info) => (info === null ? [] : [info.digest]));
    assert.deepEqual(left, bench.state.outputs.flatMap(blobsOf), what);
  }
});
