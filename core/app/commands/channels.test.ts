// What a person sees of messengers at the command line, against a gateway that says what the test wants.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EXIT, OpenClawError } from "@openclaw/protocol";
import { runHere } from "./run-here.testing.ts";
import { openScriptedGateway, type Script } from "./scripted-gateway.testing.ts";

const TOKEN = "the-right-token";
const CANARY = "123456:canary-of-the-bot";
const NOW = Date.now();

const row = (fields: object = {}) => ({
  accountId: "default", enabled: true, configured: true, running: true, connected: true, state: "up", sinceMs: NOW - 3_600_000,
  as: "@house_bot", lastInboundAt: NOW - 600_000, lastOutboundAt: NOW - 300_000, dmPolicy: "pairing", waiting: 0, owed: 0, unsure: 0,
  ...fields,
});
const status = (...rows: readonly object[]) => ({
  ts: NOW, channelOrder: ["telegram"], channelLabels: { telegram: "Telegram" }, channelDetailLabels: {}, channelSystemImages: {},
  channelMeta: [{ id: "telegram", label: "Telegram", credentialVariable: "TELEGRAM_BOT_TOKEN" }], channels: {},
  channelAccounts: rows.length === 0 ? {} : { telegram: rows }, channelDefaultAccountId: {}, statusIssues: [],
});
const PLACE = { channel: "telegram", accountId: "default" };
const ASKS = {
  ...PLACE, code: "AB3D-EF7H", senderId: "42", name: "Ada\x1b[31m", username: "ada",
  createdAtMs: NOW - 300_000, expiresAtMs: NOW + 3_300_000,
};
const PAIRS = {
  requests: [ASKS],
  approved: [{ ...PLACE, senderId: "7", name: "Bo", owner: true, approvedAtMs: NOW - 86_400_000, by: "owner" }],
};

async function ask(script: Script, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  await using gateway = await openScriptedGateway(script, { token: TOKEN });
  const said = await runHere(args, {
    OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: TOKEN, HOME: "/nonexistent", ...environment,
  });
  return { ...said, requests: gateway.requests, sent: (method: string) => gateway.requests.filter((one) => one.method === method) };
}

function has(text: string, ...parts: readonly string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `${part} in\n${text}`);
}

async function tokenFile(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-channels-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "token");
  await writeFile(file, text);
  return file;
}

test("channels says how each account stands, who waits, and what to do next; a script reads the same (S1.7)", async () => {
  const well = await ask({ "channels.status": () => status(row({ waiting: 1, unsure: 2 })) }, ["channels"]);
  assert.equal(well.code, 0);
  const waits = "1 to be let in, 2 may not have arrived";
  has(well.stdout, "up", "telegram", "@house_bot", "1 h ago", "10 min ago", waits, "channels pair", "channels unsure");
  const none = await ask({ "channels.status": () => status() }, ["channels"]);
  assert.match(none.stdout, /not connected\s+telegram[^]*openclaw channels add telegram/);
  const down = row({ state: "down", connected: false, why: "The token is no longer good.", next: "Make a new one.", final: true });
  const told = await ask({ "channels.status": () => status(down) }, ["channels", "status", "telegram", "--probe"]);
  assert.equal(told.code, 1, "a script learns it from the exit code");
  has(told.stdout, "down for 1 h", "The token is no longer good.", "Make a new one.", "whoever you let in");
  assert.deepEqual(told.requests[0], {
    method: "channels.status", params: { probe: true, timeoutMs: 10_000, channel: "telegram" }, scopes: ["operator.read"],
  });
  const json = await ask({ "channels.status": () => status(down) }, ["channels", "status", "--json"]);
  assert.match(json.stdout, /^\{\s*"ok": ?false/);
});

test("channels add takes a secret from file, input or variable, never from the line, and says who answers (S1.7)", async (t) => {
  let asked = 0;
  const script: Script = {
    "channels.status": () => status(...(asked++ === 0 ? [] : asked === 2 ? [row({ state: "starting" })] : [row()])),
    "channels.connect": () => ({ ok: true, ...PLACE }),
  };
  const file = await tokenFile(t, `${CANARY}\n`);
  const added = await ask(script, ["channels", "add", "telegram", "--token-file", file, "--dm-policy", "pairing"]);
  assert.equal(added.code, 0, added.stderr);
  assert.deepEqual(added.sent("channels.connect")[0]?.params, { ...PLACE, secret: CANARY, dmPolicy: "pairing" });
  assert.match(added.stdout, /@house_bot answers in Telegram\.\n.*Write \/start to @house_bot in Telegram\.\n.*openclaw channels pair/);
  asked = 0;
  const byVariable = await ask(script, ["channels", "add", "--json"], { TELEGRAM_BOT_TOKEN: CANARY });
  assert.deepEqual(JSON.parse(byVariable.stdout), { ok: true, ...PLACE, state: "up", as: "@house_bot" });
  assert.equal(byVariable.stderr, "");
  for (const said of [added, byVariable]) assert.ok(!`${said.stdout}${said.stderr}`.includes("canary"), "it is never shown");
  const none = await ask({ "channels.status": () => status() }, ["channels", "add", "telegram"]);
  assert.deepEqual([none.code, none.sent("channels.connect")], [EXIT.usage, []]);
  assert.match(none.stderr, /--token-file FILE/);
  const two = await tokenFile(t, "a b");
  const empty = await ask({ "channels.status": () => status() }, ["channels", "add", "telegram", "--token-file", two]);
  assert.match(empty.stderr, /holds no token/);
  assert.deepEqual(empty.sent("channels.connect"), []);
});

test("a person is asked for the token, which is not shown, then sees who writes first with their code, and says who that is "
  + "(S1.7)", async () => {
  let asked = 0;
  let looked = 0;
  await using gateway = await openScriptedGateway({
    "channels.status": () => status(...(asked++ === 0 ? [] : [row()])),
    "channels.connect": () => ({ ok: true, ...PLACE }),
    "channels.pairing.list": ({ socket }) => {
      if (looked++ > 0) return PAIRS;
      setImmediate(() => socket.event("channels.changed", { ...PLACE, what: "pairing", ts: NOW }));
      return { requests: [], approved: [] };
    },
    "channels.pairing.approve": () => ({ ok: true, ...PLACE, senderId: "42", owner: true }),
  }, { token: TOKEN });
  const key = (name: string, text = "") => ({ name, text });
  const said = await runHere(["channels", "add"], {
    HOME: "/nonexistent", OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: TOKEN,
  }, {
    answers: [
      { at: /Token of the account in Telegram/, keys: [key("text", CANARY), key("enter")] },
      { at: /Who is that\?[^]*Not now[^]*Nobody I know/, keys: [key("down"), key("enter")] },
    ],
  });
  assert.equal(said.code, 0, said.stderr);
  has(said.stdout, "@house_bot answers in Telegram.", "AB3D-EF7H", "(@ada) writes, and was shown this code", "and is the owner");
  assert.ok(!said.stdout.includes("canary"));
  const sent = gateway.requests.map(({ method, params }) => [method, params]);
  assert.deepEqual(sent.find(([method]) => method === "channels.connect"), ["channels.connect", { ...PLACE, secret: CANARY }]);
  assert.deepEqual(sent.at(-1), ["channels.pairing.approve", { ...PLACE, code: "AB3D-EF7H", owner: true }]);
});

test("what a messenger refuses for good is taken back and told with why; what was there before stays (S1.7)", async (t) => {
  const refused = row({
    state: "down", connected: false, why: "Telegram does not know this token.", next: "Ask @BotFather for it.", final: true,
  });
  const file = await tokenFile(t, CANARY);
  const world = (first: readonly object[]): Script => {
    let asked = 0;
    return {
      "channels.status": () => (asked++ === 0 ? status(...first) : status({ ...refused, sinceMs: NOW + 1 })),
      "channels.connect": () => ({ ok: true, ...PLACE }),
      "channels.logout": () => ({ ok: true, ...PLACE, cleared: true }),
    };
  };
  const add = ["channels", "add", "telegram", "--token-file", file];
  const first = await ask(world([]), add);
  assert.equal(first.code, EXIT.unavailable);
  assert.match(first.stderr, /does not know this token\. Nothing was kept\.[^]*Ask @BotFather[^]*CHANNEL_DOWN/);
  assert.deepEqual(first.sent("channels.logout")[0]?.params, PLACE);
  assert.deepEqual((await ask(world([]), [...add, "--keep"])).sent("channels.logout"), []);
  const unasked = await ask(world([row()]), add);
  assert.deepEqual([unasked.code, unasked.sent("channels.connect")], [EXIT.usage, []], "nobody is here to agree to another secret");
  const again = await ask(world([row()]), [...add, "--yes"]);
  assert.match(again.stderr, /The account is kept as it is\./);
  assert.deepEqual(again.sent("channels.logout"), []);
});

test("senders are let in by the code they were shown, as the owner only with the scope for it, or dismissed or shut out "
  + "(S1.7)", async () => {
  const script: Script = {
    "channels.pairing.list": () => PAIRS,
    "channels.pairing.approve": ({ params }) => ({ ok: true, ...PLACE, senderId: "42", owner: params["owner"] === true }),
    "channels.pairing.dismiss": () => ({ ok: true, senderId: "42" }), "channels.pairing.remove": () => ({ ok: true, removed: true }),
  };
  const shown = await ask(script, ["channels", "pair"]);
  has(shown.stdout, "AB3D-EF7H", "(@ada)", "42", "5 min ago", "Bo", "the owner", "pair approve AB3D-EF7H");
  assert.ok(!shown.stdout.includes("\x1b"), "a stranger's name does not paint");
  const guest = await ask(script, ["channels", "pair", "approve", "ab3def7h"]);
  const owner = await ask(script, ["channels", "pair", "approve", "AB3D-EF7H", "--owner"]);
  assert.deepEqual(guest.requests.at(-1), {
    method: "channels.pairing.approve", params: { ...PLACE, code: "AB3D-EF7H" }, scopes: ["operator.pairing"],
  });
  assert.deepEqual(owner.requests.at(-1), {
    method: "channels.pairing.approve", params: { ...PLACE, code: "AB3D-EF7H", owner: true },
    scopes: ["operator.pairing", "operator.admin"],
  });
  assert.match(owner.stdout, /may write in telegram, and is the owner/);
  assert.match(guest.stdout, /as a guest/);
  const dismissed = await ask(script, ["channels", "pair", "dismiss", "AB3DEF7H"]);
  assert.deepEqual(dismissed.requests.at(-1)?.params, { ...PLACE, code: "AB3D-EF7H" });
  const removed = await ask(script, ["channels", "pair", "remove", "Bo", "--yes"]);
  assert.deepEqual(removed.requests.at(-1)?.params, { ...PLACE, senderId: "7" });
  const wrong = await ask(script, ["channels", "pair", "approve", "ZZZZ"]);
  assert.deepEqual([wrong.code, wrong.sent("channels.pairing.approve")], [EXIT.notFound, []]);
  assert.match(wrong.stderr, /Those that ask: AB3D-EF7H[^]*PAIRING_CODE_UNKNOWN/);
  assert.match((await ask(script, ["channels", "pair", "aprove"])).stderr, /Did you mean "approve"\?/);
});

test("a delivery of which nobody knows is sent again or left, as a person says (S1.7)", async () => {
  const one = { id: "u-1234567", channel: "telegram", accountId: "work", to: "42", text: "The build is green.", atMs: NOW - 120_000 };
  const script: Script = {
    "channels.unsure.list": () => ({ deliveries: [one] }), "channels.unsure.answer": ({ params }) => ({ ok: true, ...params }),
  };
  const shown = await ask(script, ["channels", "unsure"]);
  has(shown.stdout, "u-1234567", "telegram/work", "2 min ago", "The build is green.", "unsure resend u-1234567");
  for (const answer of ["resend", "discard"]) {
    const done = await ask(script, ["channels", "unsure", answer, "u-12"]);
    assert.deepEqual(done.requests.at(-1), {
      method: "channels.unsure.answer", params: { id: one.id, answer }, scopes: ["operator.write"],
    });
  }
  assert.equal((await ask(script, ["channels", "unsure", "resend"])).code, EXIT.usage);
});

test("message send says whether the messenger has it, will have it, or may have it (S1.7)", async () => {
  const sends = (answer: object): Script => ({
    "channels.status": () => status(row()),
    send: ({ params }) => ({ runId: params["idempotencyKey"], channel: "telegram", accountId: "default", to: params["to"], ...answer }),
  });
  const args = ["message", "send", "-t", "42", "-m", "Done.", "--key", "k1", "--thread-id", "3", "--silent"];
  const sent = await ask(sends({ state: "sent", messageId: "9" }), args);
  assert.deepEqual(sent.sent("send")[0]?.params, {
    channel: "telegram", to: "42", message: "Done.", idempotencyKey: "k1", threadId: "3", silent: true,
  });
  assert.match(sent.stdout, /Telegram has it for 42/);
  assert.equal((await ask(sends({ state: "owed", why: "It is down." }), args)).code, 0);
  const unsure = await ask(sends({ state: "unsure", why: "The line broke." }), [...args, "--json"]);
  assert.deepEqual([unsure.code, (JSON.parse(unsure.stdout) as { ok: boolean }).ok], [1, false]);
  const empty = await ask({}, ["message", "send", "-t", "42", "-m", " "]);
  assert.match(empty.stderr, /MESSAGE_EMPTY/);
  const lost = await ask({ "channels.status": () => status() }, ["message", "send", "-t", "42", "-m", "x"]);
  assert.match(lost.stderr, /No messenger is connected/);
  const refused = await ask({ ...sends({}), send: () => {
    throw new OpenClawError("CHANNEL_REFUSED", { why: "The chat is gone." });
  } }, args);
  assert.match(refused.stderr, /The chat is gone[^]*CHANNEL_REFUSED/);
});
