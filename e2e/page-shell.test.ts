/** The frame around every page, as a person uses it: getting in, being shut out, going about by keyboard, choosing a theme. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRORS } from "@openclaw/protocol";
import { openBrowser, openPage } from "@openclaw/testkit/browser";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { needs } from "@openclaw/testkit/skip";

interface Listing { readonly paired: readonly { readonly deviceId: string; readonly clientMode: string }[] }

test("a browser that nobody knows asks to be let in, shows the words that the terminal shows, and comes in; its second tab with it; "
  + "removed, it says so and takes a new link where it stands (S4.28, S4.41)", needs("chromium"), async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const browser = await openBrowser(t);
  const context = await browser.newContext();
  const [page, second] = [await context.newPage(), await context.newPage()];
  const base = `http://127.0.0.1:${gateway.port}`;
  await page.goto(`${base}/chat`);
  await second.goto(`${base}/chat`);
  await page.getByRole("heading", { name: "not paired yet" }).waitFor();
  await page.getByLabel("Or paste the link").fill("http://127.0.0.1/nothing");
  await page.getByText("There is no pairing token in it").waitFor();
  await page.getByRole("button", { name: "Ask to be let in" }).click();
  const shown = await page.locator(".fingerprint").filter({ hasText: /\w/ }).textContent();
  const listed = await gateway.cli(["devices", "list"]);
  assert.ok(listed.stdout.includes(String(shown)) || listed.stderr.includes(String(shown)), `${listed.stdout}${listed.stderr}`);
  const [command = ""] = /openclaw devices approve \S+/.exec(await page.locator(".command code").innerText()) ?? [];
  const approved = await gateway.cli(command.split(" ").slice(1));
  assert.equal(approved.code, 0, approved.stderr);
  await page.locator("html[data-link=up]").waitFor();
  await second.locator("html[data-link=up]").waitFor();

  const listing = JSON.parse((await gateway.cli(["devices", "list", "--json"])).stdout) as Listing;
  const devices = listing.paired.filter(({ clientMode }) => clientMode === "webchat");
  assert.equal(devices.length, 1, "two tabs are one device");
  await gateway.cli(["devices", "remove", devices[0]?.deviceId ?? "", "--yes"]);
  await page.getByRole("heading", { name: "This browser was removed" }).waitFor();
  const { url } = JSON.parse((await gateway.cli(["dashboard", "--json"])).stdout) as { readonly url: string };
  await page.getByLabel("Or paste the link").fill(url);
  await page.getByRole("button", { name: "Pair" }).click();
  await page.locator("html[data-link=up]").waitFor();
  await second.locator("html[data-link=up]").waitFor();
  // The link once more, where the page stands already: nothing is loaded, nothing is lost, and it does not stay in the address.
  await page.evaluate(`location.hash = ${JSON.stringify(new URL(url).hash)}`);
  await page.getByText("This browser is paired already").waitFor();
  assert.equal(new URL(page.url()).hash, "");
});

test("all of the page by keyboard: palette, places, shortcuts, and no key is lost while their parts load; the theme stands before "
  + "anything is drawn; a place that is none leads to the nearest, a code to its words (S4.28, S3.2)", needs("chromium"), async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const { page, context, expect } = await openPage(t, await openBrowser(t), gateway, { theme: "light" });
  expect(/404 \(Not Found\)/);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Shortcuts" }).getByText("Go to Chat").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await Promise.all([page.keyboard.press("g"), page.keyboard.press("n")]); // within a second of each other, however slow we are
  await page.waitForURL(/\/now$/);
  await page.keyboard.press("/");
  await page.locator("#draft:focus").waitFor();
  await page.keyboard.type("? g n is text here");
  assert.equal(await page.getByLabel("Your message").inputValue(), "? g n is text here");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("theme dark");
  await page.getByRole("option", { name: "Theme: dark" }).waitFor();
  await page.keyboard.press("Enter");
  const ground = "getComputedStyle(document.body).backgroundColor";
  await page.locator("html[data-theme=dark]").waitFor();
  await page.locator("#draft:focus").waitFor(); // it goes back to where it was
  const dark = await page.evaluate(ground);
  await context.addInitScript(`addEventListener("DOMContentLoaded", () => { globalThis.groundAtFirst = ${ground}; })`);
  await page.reload();
  assert.equal(await page.evaluate("groundAtFirst"), dark);
  assert.equal(await page.getByLabel("Your message").inputValue(), "? g n is text here");

  // Pressed before the page's own script is here, and the palette's cannot be had for a while: what was typed on is in its box at the end.
  expect(/ERR_FAILED/);
  const mainComes = Promise.withResolvers<void>();
  let isCut = true;
  await context.route(/\/assets\/main-\w+\.js$/, async (route) => {
    await mainComes.promise;
    await route.continue();
  });
  await context.route(/\/assets\/palette-/, (route) => (isCut ? route.abort() : route.continue()));
  await page.reload({ waitUntil: "commit" });
  await page.locator("#draft").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("lig");
  mainComes.resolve();
  await page.getByText("What you asked for is not here yet").waitFor();
  await page.keyboard.type("hx");
  await page.keyboard.press("Backspace");
  isCut = false;
  await page.getByRole("option", { name: "Theme: light" }).waitFor();
  assert.equal(await page.getByRole("dialog").getByRole("combobox").inputValue(), "ligh");
  // A dialog that closes tells of it late: a key that comes between is not taken for an overlay that closes.
  await page.evaluate(`document.querySelector("dialog").close();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "?", bubbles: true }))`);
  await page.getByRole("dialog", { name: "Shortcuts" }).waitFor();
  await page.evaluate(`document.querySelector("dialog").close();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true }))`);
  await page.getByRole("dialog").getByRole("combobox").waitFor();

  await page.goto(`http://127.0.0.1:${gateway.port}/chatt`);
  await page.getByRole("link", { name: "Go to Chat" }).click();
  await page.waitForURL(/\/chat$/);
  await page.goto(`http://127.0.0.1:${gateway.port}/settings/codes?code=STATE_HELD`);
  await page.locator(".codes dd", { hasText: ERRORS.STATE_HELD.text }).waitFor();
});

const RESTING = {
  credential: "p", model: "p/slow", code: "MODEL_UNAVAILABLE", failures: 3, sinceMs: Date.now() - 60_000, trying: true,
};

test("an event that is lost on the way, and a gateway that falls silent: the page reads again what is open, says since when it hears "
  + "nothing, and goes on; what is degraded is said since when (S4.29, S0.16, S4.28)", needs("chromium"), async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const browser = await openBrowser(t);
  const context = await browser.newContext();
  const way = { dropped: 0, drops: false, silent: false, asked: [] as string[] };
  await context.routeWebSocket(/.*/, (page) => {
    const server = page.connectToServer();
    const status = new Set<string>();
    page.onMessage((frame) => {
      const { id, method } = JSON.parse(String(frame)) as { readonly id: string; readonly method: string };
      way.asked.push(method);
      if (method === "status") status.add(id);
      server.send(frame);
    });
    server.onMessage((frame) => {
      const said = JSON.parse(String(frame)) as { readonly event?: string; readonly id?: string; readonly payload?: object };
      const { event } = said;
      if (way.silent) return;
      if (status.has(said.id ?? "")) {
        return page.send(JSON.stringify({ ...said, payload: { ...said.payload, models: { resting: [RESTING] } } }));
      }
      if (way.drops && event === "session.message") {
        way.dropped += 1;
        return;
      }
      page.send(frame);
    });
  });
  const { page } = await openPage(t, browser, gateway, { context });
  way.drops = true;
  const { client } = await gateway.connect();
  t.after(() => client.close());
  await client.call("chat.send", { sessionKey: "agent:main:main", message: "said elsewhere", idempotencyKey: "elsewhere" });
  await page.locator(".said.person", { hasText: "said elsewhere" }).waitFor();
  assert.ok(way.dropped > 0, "what told of it was lost, and it is there");
  assert.ok(way.asked.filter((method) => method === "chat.history").length > 1);

  const degraded = page.locator(".connection .bar", { hasText: "p/slow is given a rest after 3 failures, since" });
  await degraded.getByText("openclaw explain MODEL_UNAVAILABLE").waitFor();

  await page.clock.install();
  way.silent = true;
  for (let second = 0; second < 13; second += 1) await page.clock.runFor(1_000);
  await page.getByText("The gateway has not answered since").waitFor();
  assert.ok(way.asked.includes("health"), "it was asked");
  way.silent = false;
  for (let second = 0; second < 16; second += 1) await page.clock.runFor(1_000);
  await page.getByText("The gateway has not answered since").waitFor({ state: "detached" });
  await page.locator("html[data-link=up]").waitFor();
});
