/** Conversations in a real browser as things: written to with files and during a turn, found, named, set, saved and deleted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, openPage, type Page } from "@openclaw/testkit/browser";
import { history, textOf } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedSpeech } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

const KEY = "agent:main:work";

async function say(page: Page, text: string, mode?: string): Promise<void> {
  await page.getByLabel("Your message").fill(text);
  if (mode !== undefined) await page.getByLabel("While it works, what you send").selectOption(mode);
  await page.keyboard.press("Enter");
}

/** As a hand would, with a file: the browser makes these events itself when a person does it. */
async function handOver(page: Page, kind: "paste" | "drop", name: string, text: string): Promise<void> {
  await page.evaluate(`(() => {
    const carried = new DataTransfer();
    carried.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}, { type: "text/plain" }));
    const box = document.getElementById("draft");
    const more = { bubbles: true, cancelable: true };
    if (${JSON.stringify(kind)} === "paste") box.dispatchEvent(new ClipboardEvent("paste", { ...more, clipboardData: carried }));
    else for (const type of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { ...more, dataTransfer: carried }));
  })()`);
}

test("files come by paste and by drop; what is said during a turn waits, steers, is gathered, or goes first; what is refused is kept and "
  + "sent again; conversations are found, named, pinned, set, put away, read elsewhere and deleted (S4.26, S4.27, S4.28, S4.29)",
needs("chromium"), async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({
    bare: true,
    config: {
      ...scriptedConfig(model.url, { provider: { models: [{ id: "test", cost: { input: 1, output: 1_000 } }, { id: "other" }] } }),
      agents: { defaults: { model: "scripted/test" }, list: [{ id: "main", default: true }, { id: "research" }] },
      session: { debounceMs: 50, collectWaitMs: 200, queue: { cap: 2 } },
      ledger: { currency: "EUR", budgets: { session: { total: { cost: 50 } } } },
    },
  });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  const { client } = watched;
  await client.request("sessions.create", { agentId: "research", key: "agent:research:garden", label: "Garden" });
  await client.request("sessions.create", { key: "agent:main:long", label: `A name ${"that goes on and on ".repeat(10)}` });
  const { page, context, findBarriers } = await openPage(t, await openBrowser(t), gateway, {
    path: `/chat/${encodeURIComponent(KEY)}`, reducedMotion: true,
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const answer = (text: string) => page.locator(".entry .said.assistant", { hasText: text });
  const row = (name: string) => page.locator(".session-row", { hasText: name });

  await handOver(page, "paste", "pasted.csv", "one,two");
  await handOver(page, "drop", "dropped.txt", "from the desk");
  await page.locator(".chips li").nth(1).waitFor();
  await page.evaluate(`navigator.clipboard.writeText("a long line\\n".repeat(800))`);
  await page.getByLabel("Your message").click();
  await page.keyboard.press("Control+v");
  await page.getByRole("button", { name: "As a file" }).click();
  await page.locator(".chips li").nth(2).waitFor();
  assert.equal(await page.getByLabel("Your message").inputValue(), "");
  await page.locator('input[type="file"]').setInputFiles(Array.from({ length: 8 }, (_, at) => ({
    name: `${at}.txt`, mimeType: "text/plain", buffer: Buffer.from(String(at)),
  })));
  await page.getByText("A message takes 10 files.").waitFor();
  await page.getByRole("button", { name: "Remove 6.txt" }).click();
  await say(page, "read these");
  await answer("from the desk").waitFor();
  await page.locator(".said.person .media").nth(8).waitFor();
  assert.equal(await page.getByRole("button", { name: "Save 6.txt" }).count(), 0);
  for (const text of ["one,two", "from the desk", "a long line\na long line"]) {
    assert.ok(JSON.stringify(model.requests.at(-1)?.body.messages).includes(JSON.stringify(text).slice(1, -1)), text);
  }

  /** A turn that the model keeps open until it is let go. */
  const hold = async (text: string, speech: ScriptedSpeech): Promise<() => void> => {
    const held = Promise.withResolvers<void>();
    model.script({ ...speech, after: held.promise });
    await say(page, text);
    await page.getByRole("button", { name: "Stop" }).waitFor();
    return held.resolve;
  };
  const stored = page.locator(".waiting", { hasText: "Stored; waits for its turn" });
  const first = await hold("the first", { text: "I look.", calls: [{ name: "sessions_list", arguments: {} }] });
  await say(page, "go left", "steer");
  await stored.waitFor();
  first();
  await answer("echo: go left").waitFor();
  await page.locator(".timeline > .live").waitFor({ state: "detached" });
  const second = await hold("the second", { text: "second answer" });
  await say(page, "gather one", "collect");
  await stored.waitFor();
  await say(page, "gather two", "collect");
  await stored.nth(1).waitFor();
  second();
  await answer("gather two").waitFor();
  await page.locator(".timeline > .live").waitFor({ state: "detached" });
  const third = await hold("the third", { text: "third answer" });
  await say(page, "now this", "interrupt");
  await answer("echo: now this").waitFor();
  third();
  await page.locator(".timeline > .live").waitFor({ state: "detached" });
  assert.equal(await answer("third answer").count(), 0);
  assert.equal(await stored.count(), 0, "what was taken in stands once");
  const said = await history(watched, KEY);
  const runOf = (text: string): string | undefined => said.find((one) => textOf(one).includes(text))?.__openclaw.runId;
  assert.equal(runOf("echo: go left"), runOf("the first"), "it joined the turn that ran");
  assert.equal(runOf("gather one"), runOf("gather two"), "both are one turn");
  assert.notEqual(runOf("echo: now this"), runOf("the third"));

  const fourth = await hold("the fourth", { text: "fourth answer" });
  await say(page, "waits 1", "followup");
  await stored.waitFor();
  await say(page, "waits 2", "followup");
  await stored.nth(1).waitFor();
  await say(page, "too many");
  const refused = page.locator(".waiting", { hasText: "Not accepted" });
  await refused.getByText("SESSION_QUEUE_FULL").waitFor();
  await page.reload();
  await refused.getByText("too many", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await answer("echo: waits 2").waitFor();
  fourth();
  await refused.getByRole("button", { name: "Send again" }).click();
  await answer("echo: too many").waitFor();
  assert.equal(await page.locator(".said.person", { hasText: "too many" }).count(), 1);

  model.script({ status: 400, body: "{\"error\":{\"message\":\"not like this\"}}" });
  await say(page, "it fails first");
  await page.locator(".failure", { hasText: "not like this" }).getByRole("button", { name: "Try again" }).click();
  await answer("echo: it fails first").waitFor();
  await page.locator(".failure").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "This conversation" }).click();
  const sheet = page.getByRole("dialog", { name: "This conversation" });
  await sheet.getByLabel("Name").fill("Renamed here");
  await client.request("sessions.patch", { key: KEY, verboseLevel: "on" });
  const shown = sheet.getByLabel("What is shown of tools");
  for (let tries = 0; (await shown.inputValue()) !== "on"; tries += 1) {
    assert.ok(tries < 1_000, "a change from elsewhere is seen");
    await page.waitForTimeout(20);
  }
  assert.equal(await sheet.getByLabel("Name").inputValue(), "Renamed here", "what is being written is not written over");
  await page.keyboard.press("Tab");
  await sheet.getByLabel("Model").selectOption("scripted/other");
  await sheet.getByLabel("Thinking").selectOption("high");
  await sheet.getByLabel("Messages during a turn").selectOption("collect");
  await shown.selectOption("full");
  await sheet.getByText(/^€\d+\.\d\d of €50\.00 in all, this conversation$/).waitFor();
  assert.deepEqual(await findBarriers(), []);
  await sheet.getByRole("button", { name: "Pin" }).click();
  await sheet.getByRole("button", { name: "Unpin" }).waitFor();
  const described = async (): Promise<Readonly<Record<string, unknown>> | null> =>
    ((await client.request("sessions.describe", { key: KEY })) as { readonly session: Readonly<Record<string, unknown>> | null }).session;
  const wanted = { label: "Renamed here", model: "other", thinkingLevel: "high", queueMode: "collect", verboseLevel: "full", pinned: true };
  const kept = async (): Promise<object> => {
    const session = await described();
    return Object.fromEntries(Object.keys(wanted).map((name) => [name, session?.[name]]));
  };
  for (let tries = 0; tries < 500 && JSON.stringify(await kept()) !== JSON.stringify(wanted); tries += 1) await page.waitForTimeout(20);
  assert.deepEqual(await kept(), wanted);
  const download = async (name: string): Promise<string> => {
    const [file] = await Promise.all([page.waitForEvent("download"), sheet.getByRole("button", { name }).click()]);
    return Buffer.concat(await (await file.createReadStream()).toArray() as Buffer[]).toString();
  };
  const text = await download("Download as Markdown");
  assert.match(text, /^# agent:main:work\n\n\*\*You\*\* .*\n\nread these[^]*\*\*Agent\*\* .*\n\necho: too many/);
  const log = (await download("Download the log")).trimEnd().split("\n").map((line) => JSON.parse(line) as object);
  assert.ok(log.length > 20 && JSON.stringify(log).includes("echo: too many"));
  await page.keyboard.press("Escape");
  await page.locator(".session-name", { hasText: "Renamed here" }).waitFor();
  await page.locator(".session-scroll li:first-child .session-row", { hasText: "pinned: Renamed here" }).waitFor();

  await page.getByRole("combobox", { name: "Agent" }).selectOption("research");
  await row("Renamed here").waitFor({ state: "detached" });
  await row("Garden").click();
  await page.getByRole("button", { name: "New conversation" }).click();
  await say(page, "a word with another agent");
  await page.waitForURL(/agent%3Aresearch%3Adashboard/);
  await answer("echo: a word with another agent").waitFor();
  await page.getByRole("combobox", { name: "Agent" }).selectOption("");
  await client.request("sessions.patch", { key: KEY, unread: true });
  await row("Renamed here").filter({ hasText: "unread" }).waitFor();
  await page.getByLabel("Show", { exact: true }).selectOption("unread");
  await row("Garden").waitFor({ state: "detached" });
  await row("Renamed here").click();
  await page.getByText("No conversation fits.").waitFor();
  await page.getByRole("button", { name: "This conversation" }).click();
  await sheet.getByRole("button", { name: "Archive" }).click();
  await sheet.getByRole("button", { name: "Take out of the archive" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Show", { exact: true }).selectOption("all");
  await row("Garden").waitFor();
  assert.equal(await row("Renamed here").count(), 0);
  await page.getByLabel("Show", { exact: true }).selectOption("archived");
  await row("Renamed here").waitFor();
  await page.getByRole("button", { name: "This conversation" }).click();
  await sheet.getByRole("button", { name: "Delete" }).click();
  await sheet.getByRole("button", { name: "Delete for good" }).click();
  await page.waitForURL(/\/chat$/);
  await row("Renamed here").waitFor({ state: "detached" });
  assert.equal(await described(), null);
  await page.getByLabel("Show", { exact: true }).selectOption("all");
  await row("A name that goes on").waitFor();
  await page.setViewportSize({ width: 360, height: 640 });
  await page.getByRole("button", { name: "Conversations" }).click();
  await row("A name that goes on").waitFor();
  assert.deepEqual(await findBarriers(), []);
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
});
