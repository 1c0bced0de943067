/**
 * Alerts of a real gateway: raised, brought to a session and a webhook, told once over a kill -9, seen in a browser, muted, and shown in
 * a terminal.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, openPage } from "@openclaw/testkit/browser";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { needs } from "@openclaw/testkit/skip";
import { openWitnessServer } from "@openclaw/testkit/witness-server";

interface Listed {
  readonly open: readonly { readonly id: string; readonly code: string }[];
  readonly mutes: readonly { readonly code: string }[];
}

interface Page { readonly id: string; readonly text: string; readonly alert: { readonly code: string } }

test("guessing at the door is told once, to whoever watches, to the owner's session and to a webhook, over a kill -9; Now shows it until "
  + "somebody has seen it (S1.35, S4.28)", needs("chromium"), async (t) => {
  const witness = await openWitnessServer();
  t.after(() => witness[Symbol.asyncDispose]());
  witness.answer("/pager", (_, times) => (times === 1 ? "stall" : {}));
  const gateway = await openRealGateway({
    bare: true, config: {
      alerts: {
        authRefusedMax: 2, deliver: { session: "ops", actuator: "pager", params: { body: { id: "$id", text: "$text", alert: "$alert" } } },
      },
      actuators: { pager: { use: "webhook", url: `${witness.url}/pager`, allowPrivate: true, idempotent: true } },
    },
  });
  t.after(() => gateway.dispose());
  const cli = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await gateway.cli(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const watched = await gateway.connect();
  for (let guess = 0; guess < 2; guess += 1) await assert.rejects(gateway.connect({ token: `guess-${guess}` }));

  const { payload } = await watched.until(({ event }) => event === "alert.changed");
  const [alert] = (JSON.parse(await cli("alerts", "--json")) as Listed).open;
  assert.equal(alert?.code, "AUTH_REFUSED_OFTEN");
  assert.deepEqual(
    [(payload as { change: string }).change, (payload as { alert: { id: string } }).alert.id], ["raised", alert?.id],
  );
  const status = await cli("status");
  assert.match(status, /Alerts\s+1 problem: openclaw alerts/);
  assert.match(status, /2 attempts to prove oneself were refused/);

  await witness.until("/pager", 1);
  await gateway.kill();
  await gateway.start();
  await witness.until("/pager", 2);
  const { client, events } = await gateway.connect();
  const read = async (): Promise<Listed> => await client.request("alerts.list", {}) as Listed;
  assert.deepEqual((await read()).open.map(({ id }) => id), [alert?.id], "it is the same one");
  const { messages } = await client.request("chat.history", { sessionKey: "ops" }) as {
    readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  };
  const brought = messages.filter(({ role }) => role === "user").map(({ content }) => JSON.stringify(content));
  assert.equal(brought.length, 1, brought.join("\n"));
  assert.match(brought[0] ?? "", /Problem: 2 attempts.*AUTH_REFUSED_OFTEN/);
  assert.deepEqual(events.filter(({ event }) => event === "alert.changed"), []);

  const { page, findBarriers } = await openPage(t, await openBrowser(t), gateway, { path: "/now" });
  const section = page.getByRole("region", { name: "Alerts" });
  await section.getByText("2 attempts to prove oneself were refused within five minutes").waitFor();
  await page.getByText("1 thing needs a look.").waitFor();
  assert.match(await section.textContent() ?? "", /Problem.*Somebody guesses.*openclaw logs/);
  assert.deepEqual(await findBarriers(), []);
  await section.getByRole("button", { name: /^Seen/ }).click();
  await section.getByText(/seen by/).waitFor();
  await page.getByText("All is well.").waitFor();

  assert.match(await cli("alerts"), /✗ 2 attempts.*\n.*Somebody guesses.*\n.*AUTH_REFUSED_OFTEN {2}seen by/);
  await client.request("alerts.mute", { code: "NODE_AWAY", minutes: 240 });
  const { open, mutes } = await read();
  assert.deepEqual(open.map(({ code }) => code), ["AUTH_REFUSED_OFTEN", "DEVICE_APPROVED"], "it stays until its cause is gone");
  assert.deepEqual(mutes.map(({ code }) => code), ["NODE_AWAY"]);

  const paged = witness.at("/pager").map(({ headers, body }) => [headers["idempotency-key"], JSON.parse(body) as Page] as const);
  assert.equal(paged.length, 2, "the one that was cut off by the end of its gateway, and the same once more");
  assert.deepEqual(paged[0], paged[1], "to its receiver one and the same");
  const [[, said]] = paged as [(typeof paged)[number]];
  assert.deepEqual([said.id, said.alert.code], [alert?.id, "AUTH_REFUSED_OFTEN"]);
  assert.match(said.text, /^Problem: 2 attempts/);
});
