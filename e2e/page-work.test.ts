/** What goes on by itself, seen in a real browser: jobs and what became of them, what was given up, the log, and what it all cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, openPage } from "@openclaw/testkit/browser";
import { say } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";
import { openWitnessServer } from "@openclaw/testkit/witness-server";

const DESK = { width: 1_280, height: 800 } as const;
const PHONE = { width: 360, height: 740 } as const;

test("a job is added in words, shows what was expected and what happened, is changed, and comes back after it was deleted (C11, S4.44)",
  needs("chromium"), async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
    t.after(() => gateway.dispose());
    const { page, findBarriers } = await openPage(t, await openBrowser(t), gateway, { path: "/automations", reducedMotion: true });
    await page.getByRole("button", { name: /Every weekday at 9:00/ }).click();
    const form = page.getByRole("dialog");
    await form.locator(".next-times li").nth(4).waitFor();
    assert.deepEqual(await findBarriers(), []);
    await form.getByLabel("When").fill("every moonday");
    await form.getByText("cannot be read as a time").waitFor();
    assert.ok(await form.getByRole("button", { name: "Add the job" }).isDisabled());
    await form.getByLabel("When").fill("0 9 30 2 *");
    await form.getByText("CRON_NEVER_FIRES").waitFor();
    await form.getByLabel("When").fill("every second");
    await form.getByLabel("What it says to the agent").fill("look around");
    await form.locator(".next-times li").nth(4).waitFor();
    await form.getByRole("button", { name: "Add the job" }).click();
    await page.getByRole("img", { name: /Expected lately: .*\d+ ran/ }).waitFor();
    for (const [size, colorScheme] of [[DESK, "dark"], [PHONE, "light"], [PHONE, "dark"]] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findBarriers(), []);
    }
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), PHONE.width, "nothing is wider than a phone");
    await page.setViewportSize(DESK);
    await page.getByRole("link", { name: "look around" }).click();
    await page.getByRole("cell", { name: "echo: look around" }).first().waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    assert.equal(await form.getByLabel("When").inputValue(), "every second", "when is written as it was said");
    await form.getByLabel("When").fill("every Monday and Friday at 7:15");
    await form.locator(".next-times li").nth(4).waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Every Monday and Friday at 07:15").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("link", { name: "look around" }).waitFor({ state: "detached" });
    const notice = page.getByRole("status", { name: "Notices" }).getByText("“look around” was deleted.").locator("..");
    await notice.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("link", { name: "look around" }).waitFor();
    await page.getByRole("button", { name: "Run now: look around" }).click();
    await page.getByRole("link", { name: "look around" }).click();
    await page.getByText("by hand").first().waitFor();
    // Each run is a turn of the model's.
    const asked = (): number => model.requests.filter(({ body }) => JSON.stringify(body.messages).includes("look around")).length;
    while (asked() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  });

test("what was given up says why and is tried again or discarded; a log line is found by its words; what it cost is what the model "
  + "reported (S1.20, C9, S4.28)", needs("chromium"), async (t) => {
  const [model, witness] = await Promise.all([openScriptedModel(), openWitnessServer()]);
  t.after(() => Promise.all([model.close(), witness[Symbol.asyncDispose]()]));
  const config = scriptedConfig(model.url, { provider: { models: [{ id: "test", cost: { input: 1, output: 1_000 } }] } });
  const gateway = await openRealGateway({
    bare: true,
    config: {
      ...config, ledger: { currency: "EUR", budgets: { tenant: { day: { cost: 50 } } } },
      actuators: { ci: { use: "webhook", unasked: true, url: `${witness.url}/ci`, allowPrivate: true, idempotent: true,
        limits: { attemptsMax: 1 } } },
    },
  });
  t.after(() => gateway.dispose());
  witness.answer("/ci", { status: 503 });
  const operator = await gateway.connect();
  const usage = { prompt_tokens: 1_000, completion_tokens: 20 };
  for (const n of [1, 2]) {
    model.script({ calls: [{ name: "webhook", arguments: { body: { n }, async: true } }], usage }, { text: "handed over", usage });
    await say(operator, `run ${n}`);
  }
  const { page, findBarriers } = await openPage(t, await openBrowser(t), gateway, { path: "/now", reducedMotion: true });
  await page.locator("[aria-label=Queues] .line", { hasText: "actuator-ci" }).filter({ hasText: "2 given up" }).click();
  await page.locator(".letter").nth(1).waitFor();
  assert.match(await page.locator(".letter").first().textContent() ?? "", /ACTUATOR_FAILED.*1 try.*actuator-ci.*answered 503/);
  assert.deepEqual(await findBarriers(), []);
  witness.answer("/ci", {});
  await page.getByRole("button", { name: /^Try again/ }).first().click();
  await witness.until("/ci", 3);
  await page.locator(".letter").nth(1).waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Discard/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await page.locator(".letter").waitFor({ state: "detached" });

  await page.getByRole("link", { name: "Logs" }).click();
  const lines = page.locator(".log-line");
  await lines.nth(1).waitFor();
  await page.getByRole("searchbox", { name: "Text in a line" }).fill("GATEWAY.started port");
  await page.getByText(/^1 of \d+ lines/).waitFor();
  assert.match(new URL(page.url()).search, /text=GATEWAY/, "the address tells what is looked for");
  assert.deepEqual(await findBarriers(), []);
  await lines.first().click();
  await page.getByRole("dialog").getByText(String(gateway.port), { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox").fill("connection.refused AUTH");
  await page.getByText("No line fits these filters.").waitFor();
  await assert.rejects(gateway.connect({ token: "not-the-one" }));
  await page.getByText(/^1 of \d+ lines/).waitFor(); // told as it is written
  await page.getByRole("searchbox").fill("nobody writes this");
  await page.getByText("No line fits these filters.").waitFor();

  // Each end of what was handed over is told to the agent as well: all that the model was asked is counted.
  const spent = async (): Promise<{ readonly totals: Readonly<Record<"calls" | "input" | "output" | "totalCost" | "reserved", number>> }> =>
    (await operator.client.request("usage.cost", { days: 1 })) as never;
  for (let known = await spent(); known.totals.calls < model.requests.length || known.totals.reserved > 0; known = await spent()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { totals } = await spent();
  assert.ok(totals.input >= 4_000 && totals.output >= 80, "as the model reported it");
  await page.goto(new URL("/usage?days=1&by=model", page.url()).href);
  const shown = async (name: string): Promise<number> =>
    Number((await page.locator(".figures > div", { hasText: name }).locator("dd").textContent())?.replace(/[^\d.]/g, ""));
  await page.getByRole("cell", { name: "scripted/test" }).waitFor();
  assert.deepEqual([await shown("Calls"), await shown("Prompt"), await shown("Answer")], [totals.calls, totals.input, totals.output]);
  const cost = await shown("Cost");
  assert.equal(cost, Number(totals.totalCost.toFixed(2)));
  await page.getByRole("row", { name: /Everything together.*€50\.00/ }).waitFor();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  const text = Buffer.concat(await (await (await saving).createReadStream()).toArray() as Buffer[]).toString("utf8");
  assert.match(text, new RegExp(`^model,cost,calls,.*\\r\\nscripted/test,${String(totals.totalCost)},${totals.calls},`));
  await page.getByRole("link", { name: "Now" }).click();
  const today = page.getByRole("region", { name: "Today" });
  await today.getByText(`€${cost.toFixed(2)}`, { exact: true }).waitFor();
  await today.getByText(`All agents, today: €${(50 - cost).toFixed(2)} of €50.00 left`).waitFor();
  await today.getByRole("link", { name: "Usage and budgets" }).click();
  await page.getByRole("cell", { name: "scripted/test" }).waitFor();
  for (const [size, colorScheme] of [[DESK, "light"], [DESK, "dark"], [PHONE, "dark"], [PHONE, "light"]] as const) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await findBarriers(), []);
  }
});
