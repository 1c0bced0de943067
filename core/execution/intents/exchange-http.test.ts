import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutboundRequest, OutboundResponse } from "@openclaw/sdk";
import { openWitnessServer } from "../../../testkit/witness-server.ts";
import { exchangeHttp } from "./exchange-http.ts";
import { isPrivateAddress } from "./private-address.ts";

const forever = new AbortController().signal;
const ask = (url: string, more: Partial<OutboundRequest> = {}, signal = forever): Promise<OutboundResponse> =>
  exchangeHttp({ method: "GET", url, allowPrivate: true, responseBytesMax: 1_000, ...more }, signal);

test("what is not known to be public is private (S2.40)", () => {
  const own = [
    "127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "::1",
    "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2001:db8::1", "2002:7f00:1::", "name",
  ];
  for (const address of own) assert.equal(isPrivateAddress(address), true, address);
  for (const address of ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "[2a00:1450::1]"]) {
    assert.equal(isPrivateAddress(address), false, address);
  }
});

test("a private address is refused before anything is sent, as a number and behind a name (S2.40)", async (t) => {
  const witness = await openWitnessServer();
  t.after(() => witness[Symbol.asyncDispose]());
  const port = witness.host.split(":")[1];
  for (const host of ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433"]) {
    const url = `http://${host}:${port}/`;
    const answer = await ask(url, { allowPrivate: false });
    assert.deepEqual([answer.ok, !answer.ok && answer.code, !answer.ok && answer.sent], [false, "ACTUATOR_TARGET_FORBIDDEN", false], url);
  }
  for (const url of ["file:///etc/passwd", "ftp://h/", "nonsense", `http://user:secret@${witness.host}/`]) {
    const answer = await ask(url);
    assert.equal(!answer.ok && answer.code, "ACTUATOR_TARGET_FORBIDDEN", url);
  }
  assert.equal(witness.seen.length, 0);
});

test("redirects stay within the origin, are counted, and are followed for reading only", async (t) => {
  const [witness, other] = [await openWitnessServer(), await openWitnessServer()];
  t.after(() => Promise.all([witness[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]));
  witness.answer("/a", { status: 302, headers: { location: "/b" } });
  witness.answer("/b", { body: "here" });
  witness.answer("/away", { status: 302, headers: { location: `${other.url}/` } });
  witness.answer("/round", { status: 302, headers: { location: "/round" } });
  const followed = await ask(`${witness.url}/a`, { redirectsMax: 2 });
  assert.equal(followed.ok && followed.body, "here");
  const away = await ask(`${witness.url}/away`, { redirectsMax: 2 });
  assert.deepEqual([away.ok && away.status, other.seen.length], [302, 0]);
  await ask(`${witness.url}/round`, { redirectsMax: 2 });
  assert.equal(witness.at("/round").length, 3);
  const posted = await ask(`${witness.url}/a`, { redirectsMax: 2, method: "POST", body: "x" });
  assert.deepEqual([posted.ok && posted.status, witness.at("/b").length], [302, 1]);
});

test("an answer is cut at its bound; whether anything was sent is known (S2.40)", async (t) => {
  const witness = await openWitnessServer();
  t.after(() => witness[Symbol.asyncDispose]());
  witness.answer("/large", { body: "x".repeat(5_000) });
  witness.answer("/cut", "cut");
  witness.answer("/stall", "stall");
  const large = await ask(`${witness.url}/large`);
  assert.deepEqual([large.ok && large.body.length, large.ok && large.truncated], [1_000, true]);
  const cut = await ask(`${witness.url}/cut`);
  assert.equal(!cut.ok && cut.sent, true);
  const stop = new AbortController();
  const stalled = ask(`${witness.url}/stall`, {}, stop.signal);
  await witness.until("/stall", 1);
  stop.abort();
  const stopped = await stalled;
  assert.deepEqual([!stopped.ok && stopped.code, !stopped.ok && stopped.sent], ["ACTUATOR_TIMEOUT", true]);
  const nobody = await ask("http://127.0.0.1:1/");
  assert.deepEqual([!nobody.ok && nobody.code, !nobody.ok && nobody.sent], ["ACTUATOR_FAILED", false]);
});
