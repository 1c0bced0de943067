/** The conversation in a real browser: what is asked in it, what a crash leaves of it, and a long one. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { COUNT_SCREEN_UPDATES, GATEWAY_GONE, openBrowser, openPage, type Page } from "@openclaw/testkit/browser";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Your message").fill(text);
  await page.keyboard.press("Enter");
}

test("what would change something is asked in its place with every argument; it is answered there, the run can be looked into, replayed "
  + "and branched, and what was said can be said otherwise or answered again in a branch (S4.22, S4.28, S4.29)", needs("chromium"),
async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const { page, findBarriers } = await openPage(t, await openBrowser(t), gateway);
  const command = ["/bin/sh", "-c", "echo one; echo \u202etwo; exit 3"];
  await say(page, `please ${callMark("exec", { argv: command })}`);
  const card = page.locator(".approval");
  await card.waitFor();
  assert.match(await card.locator(".approval-command").innerText(), /echo one; echo ⟨U\+202E⟩two; exit 3/, "nothing in it is hidden");
  assert.deepEqual(await card.locator(".approval-acts button").allInnerTexts(), ["Deny", "Allow once", "Allow this exact one always"]);
  assert.equal(await page.evaluate("document.activeElement.closest('.approval')"), null, "nothing is chosen beforehand");
  assert.deepEqual(await findBarriers(), []);
  await card.getByRole("button", { name: "Allow once" }).click();
  const done = page.locator(".tool.failed");
  await done.waitFor();
  assert.match(await done.locator("summary").innerText(), /exit 3/);
  await page.reload();
  assert.match(await done.locator("summary").innerText(), /exit 3/, "a reload loses nothing of it");
  await done.locator("summary").click();
  assert.match(await done.locator(".terminal").innerText(), /one\n\u202etwo/);
  await done.getByRole("link", { name: "Inspect this run" }).click();
  await page.locator(".waterfall .step").nth(3).waitFor();
  await page.locator(".waterfall .step.tool").click();
  assert.match(await page.locator(".step-facts").innerText(), /it runs a program on this machine|a person allowed it/);
  assert.equal(await page.locator(".waterfall .step").count(), 4, "the model, the wait, the program and the model again");
  assert.deepEqual(await findBarriers(), []);
  await page.getByRole("button", { name: "Replay the session" }).click();
  await page.getByText(/^Decided the same again: [1-9]\d* steps\.$/).waitFor();
  await page.getByRole("button", { name: "Branch after this step" }).click();
  await page.waitForURL(/branch/);
  await page.locator(".said.person", { hasText: "please [[call" }).waitFor();
  await page.locator(".tool.failed").waitFor();
  assert.equal(await page.locator(".said.assistant").count(), 0, "it ends with what the program wrote");
  await page.goBack();
  await page.locator(".waterfall").waitFor();
  await page.goBack();
  await say(page, "an answer, please");
  const answered = page.locator(".entry .said.assistant", { hasText: "echo: an answer, please" });
  await answered.waitFor();
  model.script({ text: "another answer" });
  await page.getByRole("button", { name: "Answer again, in a branch" }).last().click();
  await page.waitForURL(/branch/);
  await page.locator(".entry .said.assistant", { hasText: "another answer" }).waitFor();
  assert.deepEqual([await answered.count(), await page.locator(".said.person", { hasText: "an answer, please" }).count()], [0, 1]);
  await page.goBack();
  await answered.waitFor();
  await page.getByRole("button", { name: "Answer again, in a branch" }).first().click();
  await page.waitForURL(/branch/);
  await card.waitFor();
  const asked = await page.locator(".said.person .plain").allInnerTexts();
  assert.deepEqual(asked.map((said) => said.slice(0, 13)), ["please [[call"], "of an earlier answer it is what that one answered");
  await page.goBack();
  await answered.waitFor();
  await page.locator(".said.person", { hasText: "an answer, please" }).hover();
  await page.getByRole("button", { name: "Say it otherwise" }).last().click();
  await page.waitForURL(/branch/);
  await answered.waitFor({ state: "detached" });
  await page.locator(".said.person", { hasText: "please [[call" }).waitFor();
  assert.equal(await page.getByLabel("Your message").inputValue(), "an answer, please");
  assert.equal(await page.locator(".said.person").count(), 1, "the branch ends before what is said otherwise");

  await say(page, "[[tokens 10000 20]]");
  await page.locator(".timeline > .live .said").waitFor();
  await say(page, "this one waits");
  await page.locator(".waiting", { hasText: "Stored; waits for its turn" }).getByRole("button", { name: "Take back" }).click();
  await page.locator(".waiting").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Stop" }).click();
  await page.locator(".timeline > .live").waitFor({ state: "detached" });
  await page.getByLabel("Search names and words").fill("echo: an answer");
  await page.locator(".session-snippet", { hasText: "echo: an answer, please" }).first().click();
  await page.waitForURL(/main%3Amain$/);
  await page.locator(".said.assistant", { hasText: "echo: an answer, please" }).waitFor();
  assert.equal(await page.locator(".said.person", { hasText: "this one waits" }).count(), 0);
  model.script({ text: "```ts\nconst one = \"two\"; // three 4\n```\n\nand so on" });
  await say(page, "in code");
  await page.locator(".code-note", { hasText: "// three 4" }).waitFor();
  assert.equal(await page.locator(".code code").last().innerText(), "const one = \"two\"; // three 4");
  assert.deepEqual(await findBarriers(), []);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 640 });
  assert.deepEqual(await findBarriers(), []);
  assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing goes off to the side");
});

test("killed in the middle of a text and in the middle of a command: it is shown once and whole; ten megabytes can be followed "
  + "and searched while they come, the end of more stands there when it is over, and a reload loses none of it "
  + "(S0.15, S0.16, S4.25, S4.29)", needs("chromium"),
async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const watched = await openPage(t, await openBrowser(t), gateway);
  const { page } = watched;
  watched.expect(GATEWAY_GONE);
  const words = Array.from({ length: 150 }, (_, at) => `word${at}`).join(" ");
  model.script({ text: words.split(/(?<= )/).slice(0, 60), silence: true });
  await say(page, "count for me");
  await page.locator(".live .said.assistant", { hasText: "word20 " }).waitFor();
  await gateway.kill();
  await page.locator("html[data-link=lost]").waitFor();
  assert.match(await page.locator(".live .said.assistant").innerText(), /word20/, "what came stands while it is away");
  const seen = Promise.withResolvers<void>();
  model.script({ text: words, after: seen.promise });
  await gateway.start();
  await page.locator(".resumed", { hasText: "Continued after a restart" }).waitFor();
  assert.equal(await page.locator(".resumed").count(), 1);
  seen.resolve();
  await page.locator(".entry .said.assistant", { hasText: "word149" }).waitFor();
  assert.equal((await page.locator(".said.assistant .prose").innerText()).trim(), words);
  assert.equal(await page.locator(".said.assistant").count(), 1);

  const workspace = join(gateway.stateDir, "workspace");
  const wait = (name: string): string => `until [ -e ${join(workspace, name)} ]; do sleep 0.05; done`;
  const loop = `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; if [ $i = 4 ]; then ${wait("count-on")}; fi; done`;
  model.script({ text: "I will count.", calls: [{ name: "exec", arguments: { argv: ["/bin/sh", "-c", loop] } }] });
  await say(page, "count");
  await page.locator(".tool.running .terminal", { hasText: "line 3" }).waitFor();
  assert.equal(await page.locator(".said.assistant", { hasText: "I will count." }).count(), 1, "recorded, and not said again");
  await gateway.kill();
  await page.locator("html[data-link=lost]").waitFor();
  await gateway.start();
  await writeFile(join(workspace, "count-on"), "");
  const tool = page.locator(".tool.done", { hasText: "echo line" });
  await tool.waitFor();
  if ((await tool.getAttribute("open")) === null) await tool.locator("summary").click();
  const counted = Array.from({ length: 12 }, (_, at) => `line ${at + 1}`).join("\n");
  assert.equal((await tool.locator(".terminal").innerText()).trim(), counted);
  assert.equal(await page.locator(".said.person").count(), 2);
  assert.equal(await page.locator(".tool").count(), 1);

  const flood = `seq -f '%099.0f' 1 100000; ${wait("go-on")}; printf '\\033[31mred end\\033[0m\\n'; exit 3`;
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.locator(".beginning").waitFor();
  await say(page, callMark("exec", { argv: ["/bin/sh", "-c", flood] }));
  const live = page.locator(".tool.running");
  const lines = live.locator(".terminal .line");
  await lines.filter({ hasText: /0100000$/ }).waitFor();
  assert.ok(await lines.count() < 100, "of long output only what is in view is drawn");
  await live.getByRole("searchbox").fill("0091234");
  await live.locator(".terminal .current", { hasText: /0091234$/ }).waitFor();
  assert.equal(await lines.filter({ hasText: /0100000$/ }).count(), 0);
  await live.getByRole("button", { name: "Follow" }).click();
  await lines.filter({ hasText: /0100000$/ }).waitFor();
  await writeFile(join(workspace, "go-on"), "");
  const over = page.locator(".tool.failed");
  await over.waitFor();
  await over.locator("summary").click();
  await over.locator(".terminal .ansi-1", { hasText: "red end" }).waitFor();
  await over.locator(".terminal .line", { hasText: "[exit code 3]" }).waitFor();

  await page.reload();
  await over.locator("summary").click();
  await over.locator(".terminal").waitFor();
  await over.getByText("The command wrote 9.5 MiB; the beginning and the end of it are kept.").waitFor();
  assert.deepEqual(await watched.findBarriers(), []);
  await over.getByRole("button", { name: "Show all, 9.5 MiB" }).focus();
  await page.keyboard.press("Enter");
  await over.locator(".terminal:focus").waitFor();
  assert.equal(await over.getByRole("button", { name: /Show all|reading/ }).count(), 0, "it is all there, and a keyboard goes on in it");
  await over.locator(".terminal .ansi-1", { hasText: "red end" }).waitFor();
  await over.getByRole("searchbox").fill("0091234");
  await over.locator(".terminal .current", { hasText: /0091234$/ }).waitFor();
});

const MANY = 1_000;

/** What was asked for until the conversation stood: the document itself, and what it needed. */
const REQUESTS = `["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
  .filter(({ startTime }) => startTime <= performance.getEntriesByName("usable")[0].startTime).map(({ name }) => name)`;

test("a long conversation: what is read stays where it is while earlier ones come and text streams; the page stays small, asks for at "
  + "most 8 things until it is there, and draws once a frame (S4.28, S4.29)",
  needs("chromium"), async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
    t.after(() => gateway.dispose());
    const { client } = await gateway.connect();
    const key = "agent:main:long";
    await client.request("sessions.create", { key });
    for (let from = 0; from < MANY; from += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => client.request("chat.inject", { sessionKey: key,
        message: `note ${from + at + 1}` })));
    }
    const { page } = await openPage(t, await openBrowser(t), gateway, { path: `/chat/${key}` });
    await page.locator(".entry", { hasText: `note ${MANY}` }).waitFor();
    const requests = await page.evaluate<readonly string[]>(REQUESTS);
    assert.ok(requests.length <= 8 && requests.some((name) => name.endsWith(".js")), requests.join("\n"));
    const scroller = page.locator(".scroller");
    const scrollTo = (top: number): Promise<void> => scroller.evaluate((box, to) => box.scrollTo({ top: to }), top);
    const seen = (): Promise<{ readonly text: string; readonly top: number; readonly count: number }> => scroller.evaluate((box) => {
      const { top } = box.getBoundingClientRect();
      const all = [...box.querySelectorAll("[data-entry]")];
      const first = all.find((one) => one.getBoundingClientRect().bottom > top);
      return { text: first?.querySelector(".prose")?.textContent ?? "",
        top: Math.round((first?.getBoundingClientRect().top ?? 0) - top), count: all.length };
    });
    await scrollTo(1_300);
    const { count } = await seen();
    await scrollTo(1_100);
    const before = await seen();
    await page.locator("[data-entry]").nth(count).waitFor({ state: "attached" });
    const after = await seen();
    assert.deepEqual([after.text, after.top], [before.text, before.top], "earlier ones came above, and nothing moved");
    const rest = Promise.withResolvers<void>();
    model.script({ text: Array.from({ length: 300 }, (_, at) => `word${at} `), rest: rest.promise, delayMs: 5 });
    await client.request("chat.send", { sessionKey: key, message: "count", idempotencyKey: "elsewhere" });
    await page.locator(".live .said.assistant").waitFor({ state: "attached" });
    await page.evaluate(COUNT_SCREEN_UPDATES);
    rest.resolve();
    await page.locator(".timeline > .live").waitFor({ state: "detached" });
    await page.locator(".to-latest", { hasText: "new message" }).waitFor();
    const streamed = await seen();
    assert.deepEqual([streamed.text, streamed.top], [before.text, before.top], "text came below, and nothing moved");
    const updates = await page.evaluate<readonly number[]>("screenUpdates");
    assert.ok(updates.length > 1 && updates.every((count) => count === 1), `updates of each frame: ${updates.join(" ")}`);
    let most = 0;
    const first = page.locator("[data-entry]").first();
    for (let top = "", step = 0; step < 60 && !(await first.innerText()).startsWith("note 1\n"); step++) {
      top = await first.getAttribute("data-entry") ?? "";
      await scrollTo(0);
      await page.locator(`.timeline > :nth-child(1 of [data-entry]):not([data-entry="${top}"])`).waitFor({ state: "attached" });
      most = Math.max(most, (await seen()).count);
    }
    await scrollTo(0);
    assert.equal((await seen()).text, "note 1");
    assert.ok(most <= 620, `${most} messages on the page`);
    const untilAtEnd = async (): Promise<void> =>
      void (await page.waitForFunction(`(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 60)(
        document.querySelector(".scroller"))`));
    await page.locator(".to-latest").click();
    await page.locator(".entry .said.assistant", { hasText: "word299" }).waitFor();
    await untilAtEnd();
    await scrollTo(1_000);
    await page.locator(".to-latest").waitFor();
    await say(page, "a word of mine");
    await page.locator(".entry .said.assistant", { hasText: "echo: a word of mine" }).waitFor();
    await untilAtEnd(); // who says something reads on from there
  });
