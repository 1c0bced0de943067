import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS, OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { formatBanner } from "./banner.ts";
import { describeFailure } from "./failure.ts";
import { formatFailure, openTerminal } from "./open-terminal.ts";
import { startProgress } from "./progress.ts";
import { formatAgo, formatBytes, formatDuration } from "./quantities.ts";
import { createStyle } from "./style.ts";
import { formatTable } from "./table.ts";
import { cleanLine, cleanText, shortenId, shortenText, widthOf } from "./text.ts";

const plain = createStyle({ tty: false, allowed: true, environment: {} });
const painted = createStyle({ tty: true, allowed: true, environment: { TERM: "xterm-256color" } });

/** Time that moves only when it is told. */
function handClock(): Clock & { pass(ms: number): void } {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    wait: () => Promise.reject(new Error("not used")),
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return { close: () => void (timers = timers.filter((other) => other !== timer)) };
    },
    pass: (ms) => {
      for (const end = now + ms; ;) {
        const [next] = timers.toSorted((a, b) => a.at - b.at);
        if (next === undefined || next.at > end) return void (now = end);
        now = next.at;
        timers = timers.filter((other) => other !== next);
        next.run();
      }
    },
  };
}

test("columns align two spaces apart, whatever the width of the letters", () => {
  const lines = formatTable(
    [{ title: "NAME" }, { title: "N", align: "right" }, { title: "TAGS" }],
    [["日本", 5, "a"], ["pi", 1_000, undefined]],
    plain,
    0,
  );
  assert.deepEqual(lines, ["NAME     N  TAGS", "日本     5  a", "pi    1000  –"]);
});

test("on a narrow screen only what may shrink is cut, and not below eight cells", () => {
  const columns = [{ title: "ID" }, { title: "WHAT", shrinks: true }];
  const [, row] = formatTable(columns, [["0123456789", "a long description of it"]], plain, 24);
  assert.equal(row, "0123456789  a long desc…");
  assert.equal(formatTable(columns, [["0123456789", "a long description of it"]], plain, 10)[1], "0123456789  a long …");
  assert.equal(formatTable(columns, [["0123456789", "a long description of it"]], plain, 0)[1], "0123456789  a long description of it");
});

test("paint does not move a column", () => {
  const [head = "", row = ""] = formatTable([{ title: "S", paint: painted.good }, { title: "N" }], [["online", "pi"]], painted, 0);
  assert.equal(widthOf(head.slice(0, head.indexOf("N"))), widthOf(row.slice(0, row.indexOf("pi"))));
});

test("what came from elsewhere is shown, never obeyed", () => {
  assert.equal(cleanText("a\u001b[31mb\r\nc\u0007\td"), "a\\x1b[31mb\nc\\x07\td");
  assert.equal(cleanText("50%\r100%"), "50%\\x0d100%");
  assert.equal(cleanLine("x\u202ey\nz"), "x\\u202ey\\nz");
  const written: string[] = [];
  const terminal = openTerminal({
    stdout: { write: (text) => written.push(text) }, stderr: { write: () => true }, environment: {}, clock: handClock(),
    json: false, quiet: false, colour: true,
  });
  terminal.stream("\u001b]0;owned\u0007");
  assert.deepEqual(written, ["\\x1b]0;owned\\x07"]);
});

test("ids are shortened in the middle, texts at the end", () => {
  assert.equal(shortenId("3f2a91bc00000000000000000000000000000000000000000000000000001111"), "3f2a91bc…1111");
  assert.equal(shortenId("0k3vabcdefghijklmnopqr"), "0k3vabcdefghijklmnopqr");
  assert.equal(shortenText("日本語テキスト", 7), "日本語…");
});

test("quantities carry units in honest precision", () => {
  assert.deepEqual([340, 1_240, 45_400, 200_000, 7_300_000, 200_000_000].map(formatDuration), [
    "340 ms", "1.2 s", "45 s", "3 min", "2 h", "2 d",
  ]);
  assert.deepEqual([812, 1_400, 999_600, 61_000_000].map(formatBytes), ["812 B", "1.4 kB", "1.0 MB", "61.0 MB"]);
  assert.deepEqual([formatAgo(10_000, 9_000), formatAgo(0, 240_000)], ["just now", "4 min ago"]);
});

test("a failure has four parts in words and in JSON", () => {
  const failure = describeFailure(new OpenClawError("NODE_TAG_NONE", { why: "Tags here: gpu.", next: "openclaw nodes list" }));
  assert.deepEqual(failure, {
    code: "NODE_TAG_NONE", message: ERRORS.NODE_TAG_NONE.text, why: "Tags here: gpu.", next: "openclaw nodes list", exit: 4,
  });
  assert.deepEqual(formatFailure(failure, plain), [
    "✗ No node carries this tag.", "  Tags here: gpu.", "  Next  openclaw nodes list", "  Code  NODE_TAG_NONE",
  ]);
});

test("of what is not there only what it is is said", () => {
  const failure = describeFailure(new OpenClawError("NOT_FOUND", { why: "No conversation is called trip." }));
  assert.deepEqual([failure.message, failure.why], ["No conversation is called trip.", undefined]);
  assert.equal(describeFailure(new OpenClawError("NOT_FOUND")).message, ERRORS.NOT_FOUND.text);
});

test("what has no code is never a stack trace", () => {
  const failure = describeFailure(new TypeError("x is undefined"));
  assert.deepEqual([failure.code, failure.exit, failure.why], ["INTERNAL", 1, "x is undefined"]);
  assert.equal(describeFailure(Object.assign(new Error("no space"), { code: "ENOSPC" })).code, "DISK_FULL");
  assert.equal(describeFailure("odd").why, "odd");
});

test("marks have ASCII forms where the locale or the terminal knows no others", () => {
  for (const environment of [{ LC_ALL: "C" }, { LANG: "en_US.ISO-8859-1" }, { TERM: "linux" }]) {
    const { mark } = createStyle({ tty: true, allowed: true, environment });
    assert.deepEqual([mark.good, mark.problem, mark.live, mark.quiet], ["+", "x", ">", "-"]);
  }
  assert.equal(createStyle({ tty: true, allowed: true, environment: { LANG: "de_DE.UTF-8" } }).mark.good, "✓");
});

test("a progress line appears only once it takes a while, rewrites itself, and leaves nothing behind", () => {
  const clock = handClock();
  const written: string[] = [];
  const progress = startProgress("pairing", {
    clock, style: plain, write: (text) => written.push(text), screenWidth: () => 80, rewrites: true,
  });
  clock.pass(300);
  assert.deepEqual(written, []);
  clock.pass(1_000);
  assert.match(written.join(""), /\r\x1b\[2K⠋ pairing {2}400 ms/);
  progress[Symbol.dispose]();
  assert.equal(written.at(-1), "\r\x1b[2K");
  const count = written.length;
  clock.pass(5_000);
  assert.equal(written.length, count);
});

test("in a pipe progress is one plain line for each thing said", () => {
  const clock = handClock();
  const written: string[] = [];
  const progress = startProgress("pairing", {
    clock, style: plain, write: (text) => written.push(text), screenWidth: () => 80, rewrites: false,
  });
  clock.pass(2_000);
  progress.update("approving");
  clock.pass(2_000);
  progress[Symbol.dispose]();
  assert.deepEqual(written, ["· pairing\n", "· approving\n"]);
});

test("the banner says version, state, loopback, confinement, link and one thing to try", () => {
  const facts = {
    version: "0.1.0", stateDir: "/home/me/.openclaw", url: "http://127.0.0.1:18789",
    dashboardUrl: "http://127.0.0.1:18789/#pair=abc", node: { name: "local", confined: true, how: "bubblewrap" },
    suggestion: 'openclaw agent -m "How busy is this machine?"', readyInMs: 214,
  };
  const text = formatBanner(facts, plain).join("\n");
  for (const part of [
    "OpenClaw 0.1.0", "ready in 0.21 s", "/home/me/.openclaw", "loopback only", "✓ local  confined by bubblewrap", "/#pair=abc",
    "How busy",
  ]) assert.ok(text.includes(part), part);
  const open = formatBanner({ ...facts, node: { name: "local", confined: false, how: "no user namespaces here" } }, plain).join("\n");
  assert.match(open, /! local {2}not confined: no user namespaces here/);
});

test("with --json stdout holds the document in its envelope and nothing else; a value stands bare (S4.4)", () => {
  const out: string[] = [];
  const aside: string[] = [];
  const terminal = openTerminal({
    stdout: { write: (text) => out.push(text) }, stderr: { write: (text) => aside.push(text) }, environment: {},
    clock: handClock(), json: true, quiet: false, colour: true,
  });
  terminal.line("words");
  terminal.note("aside");
  terminal.table([{ title: "A" }], [["1"]], "none");
  using _ = terminal.progress("working");
  terminal.answer({ a: 1 }, () => terminal.line("shown"));
  assert.deepEqual([JSON.parse(out.join("")), aside], [{ ok: true, a: 1 }, []]);
  const printed = (): unknown => JSON.parse(out.splice(0).join(""));
  out.length = 0;
  terminal.answer({ a: 1, ok: false }, () => undefined);
  assert.deepEqual(printed(), { ok: false, a: 1 }, "what is not well says so itself");
  terminal.answer([1], () => undefined);
  assert.deepEqual(printed(), { ok: true, value: [1] });
  terminal.value(30, () => undefined);
  assert.equal(printed(), 30);
  terminal.record({ event: "x" });
  terminal.fail({ code: "NODE_OFFLINE", message: "m", next: "n", exit: 1 });
  assert.deepEqual(out.join("").trim().split("\n").map((line) => Object.keys(JSON.parse(line) as object)), [["event"], ["ok", "error"]]);
});
