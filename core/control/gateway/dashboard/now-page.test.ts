// Pages as text, from facts that are made up; what a browser is sent is tested beside answer-page.ts.
import test from "node:test";
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { QUIET } from "../test-gateway.ts";
import { formatPage, formatRefusalPage } from "../page.ts";
import type { NowFacts, WaitingApproval } from "./dashboard-facts.ts";
import { formatNowPage, formatNowUnknown } from "./now-page.ts";
import { PAGE_HEADERS } from "./page-frame.ts";
import { PAGE_STYLE } from "./page-style.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const QUIET_NOW: NowFacts = {
  ...QUIET, version: "0.1.0", address: "http://127.0.0.1:18789", uptimeMs: 12_040_000, stopping: false, nowMs: NOW,
};
const APPROVAL: WaitingApproval = {
  id: "0k3vabcdefghijklmnopqr", command: "git push --force", nodeName: "pi", cwd: "/srv", agentId: "main", sessionKey: "agent:main:main",
  why: "It changes things.", labels: ["outside"], createdAtMs: NOW - 120_000, expiresAtMs: NOW + 600_000,
  decisions: ["allow-once", "allow-always", "deny"],
};
const NODE: NowFacts["nodes"][number] = {
  nodeId: "ab".repeat(32), name: "pi", state: "online", local: false, platform: "linux", tags: ["gpu"],
  load: { average: 3.5, processors: 4 }, running: 2, seenAtMs: NOW,
};
const HOSTILE = `"><img src=x onerror=alert(1)></code><script>'&\u202etxt.exe`;

test("an approval stands there with its exact command, where, why, and the lines that answer it, deny first", () => {
  const page = formatNowPage({ ...QUIET_NOW, waiting: [APPROVAL] });
  for (const text of [
    "1 approval waits for you", "git push --force", "pi in /srv", "It changes things.", "outside:", "denied by itself in 10 min",
  ]) assert.ok(page.includes(text), text);
  const lines = [...page.matchAll(/<code>(openclaw approvals [^<]+)<\/code>/g)].map((match) => match[1]);
  const expected = ["deny ID", "allow ID", "allow ID --session"];
  assert.deepEqual(lines, expected.map((line) => `openclaw approvals ${line.replace("ID", APPROVAL.id)}`));
  const narrow = formatNowPage({ ...QUIET_NOW, waiting: [{ ...APPROVAL, decisions: ["deny", "allow-once"] }] });
  assert.equal(narrow.includes("--session"), false, "what may not be decided is not offered");
});

test("what runs, where, what failed and what the model is can be read, each state as a word", () => {
  const page = formatNowPage({
    ...QUIET_NOW,
    running: [
      { key: "agent:main:main", agentId: "main", model: "demo/demo", state: "running", turnsWaiting: 2, sinceMs: NOW - 130_000 },
      { key: "agent:main:b", agentId: "main", model: "demo/demo", state: "asking", turnsWaiting: 0, sinceMs: NOW - 1_000 },
      { key: "agent:main:c", agentId: "main", model: "demo/demo", state: "queued", turnsWaiting: 0 },
    ],
    nodes: [NODE, { ...NODE, name: "old", state: "offline", seenAtMs: NOW - 3_600_000 }, { ...NODE, name: "new", state: "unapproved" }],
    failed: [{ key: "agent:main:main", status: "failed", endedAtMs: NOW - 60_000, why: "The provider went silent.", code: "MODEL_TIMEOUT" }],
    requests: [{ kind: "node", requestId: "r1", name: "new", wants: ["system.run"], sinceMs: NOW }],
  });
  for (const text of [
    "1 turn runs, 1 turn waits for an answer; 1 of 3 nodes online; 1 run failed in the last day.",
    "running", "2 messages behind it", "waits for you", "in line", "2 min",
    "online", "3.50 of 4 cores", "offline", "1 h ago", "not approved", "The provider went silent.", "MODEL_TIMEOUT",
    "openclaw nodes approve r1", "Demo model (offline, rule-based, free)", "confined", "by bubblewrap: it sees nothing of the gateway",
    "/state", "3 h 20 min", "0.1.0",
  ]) assert.ok(page.includes(text), text);
  assert.match(page, /<title>\(1\) OpenClaw/);
});

test("where there is nothing, each section names one command to go on with, in the words of this gateway's profile", () => {
  const page = formatNowPage({ ...QUIET_NOW, commandLine: "openclaw --profile work" });
  for (const command of ["approvals list", "agent --message", "node pair --url URL --token TOKEN", "logs --follow"]) {
    assert.ok(page.includes(`<code>openclaw --profile work ${command}`), command);
  }
  assert.ok(page.includes("Nothing waits for you"));
});

test("what is not as it should be is said at the top: not confined, no local node, nothing online, stopping", () => {
  const notes = (facts: Partial<NowFacts>): string[] =>
    [...formatNowPage({ ...QUIET_NOW, ...facts }).matchAll(/role="note">.*?<div>([^]*?)<\/div>/g)].map((match) => match[1] ?? "");
  assert.deepEqual(notes({}), []);
  const open = { confined: false, sentence: "not confined: no namespaces" };
  assert.match(notes({ confinement: open })[0] ?? "", /not confined: no namespaces/);
  assert.match(notes({ confinement: { confined: false } })[0] ?? "", /does not run/);
  assert.match(notes({ nodes: [{ ...NODE, state: "offline" }] })[0] ?? "", /No node is online/);
  assert.match(notes({ stopping: true })[0] ?? "", /stopping/);
});

test("hostile names, keys and commands stay text, and hidden characters are shown (S0.36)", () => {
  const page = formatNowPage({
    ...QUIET_NOW, model: HOSTILE, modelLabel: HOSTILE, stateDir: HOSTILE, confinement: { confined: false, sentence: HOSTILE },
    running: [{ key: HOSTILE, agentId: HOSTILE, model: HOSTILE, state: "running", turnsWaiting: 1, sinceMs: NOW }],
    waiting: [{
      ...APPROVAL, id: HOSTILE, command: HOSTILE, nodeName: HOSTILE, cwd: HOSTILE, sessionKey: HOSTILE, why: HOSTILE, labels: [HOSTILE],
    }],
    requests: [{ kind: "device", requestId: HOSTILE, name: HOSTILE, wants: [HOSTILE], sinceMs: NOW }],
    nodes: [{ ...NODE, nodeId: HOSTILE, name: HOSTILE, platform: HOSTILE, tags: [HOSTILE] }],
    failed: [
      { key: HOSTILE, status: "failed", endedAtMs: NOW, why: HOSTILE, code: HOSTILE },
      { key: "agent:main:$(touch x)'y", status: "failed", endedAtMs: NOW }, { key: HOSTILE, status: "failed", endedAtMs: NOW },
    ],
  });
  assert.doesNotMatch(page, /<(?:img|script)/i);
  assert.equal(page.includes("\u202e"), false);
  assert.ok(page.includes("&#60;img") && page.includes("\\u202etxt.exe"));
  // Every attribute is still one of ours: a quote that got through would have made another.
  const tags = [...page.slice(page.indexOf("</style>")).matchAll(/<[a-z][^<>]*>/g)].map(([tag]) => tag);
  const bare = tags.map((tag) => tag.replaceAll(/"[^"]*"/g, ""));
  const names = new Set(bare.flatMap((tag) => [...tag.matchAll(/[ "]([^ =<>"]+)=/g)].map((match) => match[1] ?? "")));
  for (const ours of [
    "class", "scope", "data-label", "title", "datetime", "role", "viewBox", "aria-hidden", "d", "cx", "cy", "r", "width", "height", "rx",
    "stroke-dasharray",
  ]) names.delete(ours);
  assert.deepEqual([...names], []);
  const copied = "openclaw sessions history &#39;agent:main:$(touch x)&#39;\\&#39;&#39;y&#39;";
  assert.ok(page.includes(copied), "a key is quoted for the shell it is copied to");
  assert.ok(page.includes("approvals deny ID"), "what cannot be copied safely is not offered");
});

test("however much there is, a page stays small, says what it leaves out, and marks a command that is cut", () => {
  const long = "x".repeat(70_000);
  const many = <T>(row: T): T[] => Array.from({ length: 1_000 }, () => row);
  const page = formatNowPage({
    ...QUIET_NOW, model: long, stateDir: long, waiting: many({ ...APPROVAL, command: long, why: long, sessionKey: long, labels: [] }),
    requests: many({ kind: "node", requestId: "r", name: long, wants: many("system.run"), sinceMs: NOW }),
    running: many({ key: long, agentId: long, model: long, state: "running", turnsWaiting: 0, sinceMs: NOW }),
    nodes: many({ ...NODE, name: long, tags: many("gpu") }), failed: many({ key: long, status: "failed", endedAtMs: NOW, why: long }),
  });
  assert.ok(page.length < 500_000, `${page.length} characters`);
  assert.equal(page.match(/<article/g)?.length, 100);
  assert.ok(page.includes("1900 more are not shown") && page.includes("950 more are not shown"));
  assert.match(page, /68001 more\s+characters\. Read all of it before you answer/);
});

test("every page is without script and form, and its policy allows exactly the style it has", () => {
  const policy = String(PAGE_HEADERS["Content-Security-Policy"]);
  assert.equal(/unsafe|\*|script-src/.test(policy), false);
  assert.match(policy, /^default-src 'none'; style-src 'sha256-/);
  for (const page of [
    formatNowPage(QUIET_NOW), formatNowUnknown(QUIET_NOW), formatRefusalPage("1", "why", "openclaw dashboard"),
    formatPage({ version: "1", address: "a", state: "running", uptimeMs: 1 }),
  ]) {
    const styles = [...page.matchAll(/<style>([^]*?)<\/style>/g)].map((match) => match[1] ?? "");
    assert.equal(styles.length, 1);
    assert.ok(policy.includes(`'sha256-${hash("sha256", styles[0] ?? "", "base64")}'`));
    assert.doesNotMatch(page, /<script|<form|<a |<button|style="|javascript:|\son[a-z]+=/i);
  }
  assert.match(formatNowPage(QUIET_NOW), /<meta http-equiv="refresh" content="5">/);
});

test("in light and in dark, words are at least 7 to 1 against what they stand on and marks 4.5 to 1", () => {
  const [light = "", dark = ""] = PAGE_STYLE.split("@media (prefers-color-scheme: dark)");
  for (const scheme of [light, dark.slice(0, dark.indexOf("* {"))]) {
    const colour = (name: string): string => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(scheme)?.[1] ?? "";
    for (const ground of ["paper", "raised"]) {
      for (const word of ["ink", "soft"]) assert.ok(contrast(colour(word), colour(ground)) >= 7, `${word} on ${ground}`);
      for (const mark of ["accent", "good", "attention", "problem", "unknown"]) {
        assert.ok(contrast(colour(mark), colour(ground)) >= 4.5, `${mark} on ${ground}`);
      }
    }
  }
});

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
