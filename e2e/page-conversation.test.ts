/** A conversation in a real browser: the first answer, and a gateway that dies while it speaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GATEWAY_GONE, openBrowser, openPage } from "@openclaw/testkit/browser";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

test("a stranger opens the link, asks, and has an answer with what was run to get it (S3.2, S4.28)", needs("chromium"), async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const { page, findBarriers } = await openPage(t, await openBrowser(t), gateway);
  await page.getByRole("button", { name: "How busy is this machine?" }).click();
  await page.locator(".tool.done summary", { hasText: "uptime" }).waitFor();
  await page.locator(".said.assistant", { hasText: "load" }).last().waitFor();
  assert.equal(await page.locator(".said.person").count(), 1);
  assert.deepEqual(await findBarriers(), []);
  assert.equal(new URL(page.url()).hash, "", "what lets a browser in does not stay in the address");
});

test("the gateway dies while it speaks: the page says so, keeps what came, and goes on without a gap or a double (S0.16, S4.29)",
  needs("chromium"), async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
    t.after(() => gateway.dispose());
    const watched = await openPage(t, await openBrowser(t), gateway);
    const { page } = watched;
    watched.expect(GATEWAY_GONE);
    model.script({ text: Array.from({ length: 20 }, (_, at) => `word${at} `), silence: true });
    await page.getByLabel("Your message").fill("first words [[tokens 200 2]]");
    await page.keyboard.press("Enter");
    await page.locator(".live .said.assistant", { hasText: "word7 " }).waitFor();
    await gateway.kill();
    const bar = page.locator(".connection .bar");
    await bar.getByText("The gateway has been away since").waitFor();
    const [, kept = ""] = /Your message is stored; (\d+) words of the answer are kept\./.exec(await bar.innerText()) ?? [];
    const shown = (await page.locator(".live .said.assistant").innerText()).trim().split(/\s+/).length;
    assert.equal(Number(kept), shown, "as many as stand there");
    assert.match(await bar.innerText(), /[Tt]r(?:ying|ied)/, "and what comes next");
    await page.locator(".live .working", { hasText: "Stopped: the gateway is away" }).waitFor();
    assert.equal(await page.locator(".pulse").evaluate((mark) => mark.getAnimations().length), 0, "nothing turns over something dead");
    await page.getByLabel("Your message").fill("said while it was away");
    await page.keyboard.press("Enter");
    await bar.getByText("What you wrote since is kept here.").waitFor();
    await page.locator(".waiting", { hasText: "goes as soon as the gateway is back" }).waitFor();
    await page.getByLabel("Your message").fill("a draft");
    const continued = page.getByText(/^Continued after [\d.]+ m?s\.$/).waitFor();
    await gateway.start();
    await continued;
    await page.locator(".said.person", { hasText: "said while it was away" }).waitFor();
    await page.locator(".waiting").waitFor({ state: "detached" });
    await page.locator(".said.assistant").nth(1).waitFor();
    const said = await page.locator(".said.person .plain").allTextContents();
    assert.deepEqual(said, ["first words [[tokens 200 2]]", "said while it was away"]);
    assert.equal(await page.getByLabel("Your message").inputValue(), "a draft");
  });
