/** A browser that has nothing but its key: a person is asked, and what they say holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ASK_TO_PAIR_CAP } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { connect, connectOk, makeDevice, startGateway, type Device, type TestGateway } from "./test-gateway.ts";

function ask(running: TestGateway, device: Device, caps: readonly string[] = [ASK_TO_PAIR_CAP]) {
  return connect(running.url, {
    device, auth: {}, caps, clientId: "openclaw-control-ui", mode: "webchat", scopes: ["operator.read", "operator.write"],
  }, { origin: running.url.replace("ws", "http") });
}

const codeOf = ({ hello }: Awaited<ReturnType<typeof connect>>): unknown => hello.error?.details["code"];

test("a browser that asks waits, comes in once somebody agreed, and its key alone lets it in no second time (S4.28, CVE-2026-28472)",
  async () => {
    await using running = await startGateway();
    const operator = await connectOk(running.url);
    const device = makeDevice();
    assert.equal(codeOf(await ask(running, device, [])), "AUTH_TOKEN_MISSING", "who does not ask is refused as ever");
    const first = await ask(running, device);
    const again = await ask(running, device);
    assert.equal(codeOf(first), "PAIRING_REQUIRED");
    const requestId = String(first.hello.error?.details["requestId"]);
    assert.equal(again.hello.error?.details["requestId"], requestId, "one question, however often it is asked");
    assert.equal(running.identity.requests().length, 1);

    assert.equal((await operator.call("device.pair.approve", { requestId })).ok, true);
    const admitted = await ask(running, device);
    const auth = admitted.hello.payload?.["auth"] as { deviceToken: string; scopes: readonly string[] };
    assert.deepEqual(auth.scopes, ["operator.read", "operator.write"]);
    await admitted.client.end();
    assert.equal(codeOf(await ask(running, device)), "PAIRING_REQUIRED", "its key alone is worth no more than before");
    const back = await connect(running.url, { device, auth: { deviceToken: auth.deviceToken }, scopes: ["operator.read"] });
    assert.equal(back.hello.ok, true, "and its token still holds");
    await back.client.end();
    await operator.end();
  });

test("a browser that waits fills no log: one line says that it asks, and ten minutes later how often it came since (S4.28)", async () => {
  let aheadMs = 0;
  await using running = await startGateway({
    clock: { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs },
  });
  const [device, other] = [makeDevice(), makeDevice()];
  const lines = (): readonly unknown[] => running.logged.filter(({ event }) => event === "connection.refused").map(({ fields }) => {
    const { code, requestId, timesSince } = fields as Readonly<Record<string, unknown>>;
    return [code, requestId, timesSince];
  });
  const requestId = (await ask(running, device)).hello.error?.details["requestId"];
  for (let times = 0; times < 5; times += 1) await ask(running, device);
  const others = (await ask(running, other)).hello.error?.details["requestId"];
  assert.deepEqual(lines(), [["PAIRING_REQUIRED", requestId, undefined], ["PAIRING_REQUIRED", others, undefined]]);
  aheadMs = 600_000;
  for (let times = 0; times < 3; times += 1) await ask(running, device);
  assert.deepEqual(lines().slice(2), [["PAIRING_REQUIRED", requestId, 5]]);
  for (let times = 0; times < 2; times += 1) assert.equal(codeOf(await ask(running, device, [])), "AUTH_TOKEN_MISSING");
  assert.equal(lines().length, 5, "who proves nothing is told of each time");
});

test("a browser that was refused is not heard again for a while, and no crowd of them keeps others from being asked for (S4.28)",
  async () => {
    await using running = await startGateway();
    const operator = await connectOk(running.url);
    const device = makeDevice();
    const requestId = String((await ask(running, device)).hello.error?.details["requestId"]);
    assert.equal((await operator.call("device.pair.reject", { requestId })).ok, true);
    assert.equal(codeOf(await ask(running, device)), "AUTH_TOKEN_MISSING");
    for (let other = 0; other < 8; other += 1) await ask(running, makeDevice());
    assert.notEqual(codeOf(await ask(running, makeDevice())), "PAIRING_REQUIRED");
    assert.ok(running.identity.requests().length <= 8);
    await operator.end();
  });

test("a program that is no browser, and a page of another origin, cannot ask (S4.28, S0.36)", async () => {
  await using running = await startGateway();
  const program = await connect(running.url, { device: makeDevice(), auth: {}, caps: [ASK_TO_PAIR_CAP] });
  assert.equal(codeOf(program), "AUTH_TOKEN_MISSING");
  const foreign = await connect(running.url, {
    device: makeDevice(), auth: {}, caps: [ASK_TO_PAIR_CAP], clientId: "openclaw-control-ui", mode: "webchat",
  }, { origin: "https://evil.example" });
  assert.equal(codeOf(foreign), "CONTROL_UI_ORIGIN_NOT_ALLOWED");
  assert.deepEqual(running.identity.requests(), []);
});
