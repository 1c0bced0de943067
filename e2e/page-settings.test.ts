/** The settings in a real browser: a change in force and in the file, two who write at once, a repair, a browser that shuts itself out. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openBrowser, openPage } from "@openclaw/testkit/browser";
import { ALICE, openFakeTelegram } from "@openclaw/testkit/fake-telegram";
import { holdAnswers } from "@openclaw/testkit/hold-answers";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

const CONFIG = `{
  // why it is so
  logging: { level: "info" },
  tools: { allow: ["group:runtime"] },
}
`;

test("a setting is changed: in force, in the file with its comments, refused with the command line's words, and taken back; two who "
  + "write at once both see both (S3.13, S4.31)", needs("chromium"), async (t) => {
  const browser = await openBrowser(t); // closed before the gateway is
  const gateway = await openRealGateway({ bare: true, config: CONFIG });
  t.after(() => gateway.dispose());
  const file = join(gateway.stateDir, "openclaw.json");
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
  const answersOf = await holdAnswers(context);
  const { page, findBarriers } = await openPage(t, browser, gateway, { path: "/settings/config/logging", context });
  const answers = answersOf(page);
  await page.getByLabel("Level", { exact: true }).selectOption("debug");
  await page.getByRole("row", { name: /logging\.level/ }).getByText("debug").waitFor();
  assert.deepEqual(await findBarriers(), []);
  await page.getByRole("button", { name: "Save the change" }).click();
  await page.getByText("Saved, and in force.").waitFor();
  assert.match(await readFile(file, "utf8"), /\/\/ why it is so\s+logging: \{ level: "debug" \}/);
  assert.equal((await gateway.cli(["config", "get", "logging.level"])).stdout.trim().replaceAll('"', ""), "debug");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByLabel("Level", { exact: true }).locator("option:checked", { hasText: /^info$/ }).waitFor({ state: "attached" });
  await page.getByText("Saved, and in force.").waitFor();
  assert.match(await readFile(file, "utf8"), /level: "info"/);

  // What is typed stands as it is typed, on its way to a number, or to another line.
  await page.getByRole("link", { name: "Supervisor" }).click();
  await page.getByLabel("Budget share max").pressSequentially("0.25");
  await page.getByRole("row", { name: /supervisor\.budgetShareMax/ }).getByText("0.25").waitFor();
  await page.getByRole("link", { name: "Tools", exact: true }).click();
  const allow = page.getByLabel("Allow", { exact: true });
  await allow.press("End");
  await allow.pressSequentially("\n\nexec");
  assert.equal(await allow.inputValue(), "group:runtime\n\nexec");
  await page.getByText("2 changes, not saved yet").waitFor();
  await page.reload();
  await page.getByText("From before this page was loaded again: 2 changes.").waitFor();
  await page.getByText("2 changes, not saved yet").waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByText("2 changes, not saved yet").waitFor({ state: "detached" });
  assert.equal(await allow.inputValue(), "group:runtime");

  // Found by its words, and refused as the command line refuses it.
  await page.getByRole("searchbox", { name: "Search settings" }).fill("deepest agents between");
  await page.getByText("Nothing is called that.").waitFor();
  await page.getByRole("searchbox", { name: "Search settings" }).fill("call timeout");
  await page.getByRole("link", { name: /models\.callTimeoutMs/ }).click();
  const timeout = page.getByLabel("Call timeout", { exact: true });
  await timeout.fill("5");
  await page.getByRole("button", { name: "Save the change" }).click();
  const said = await page.locator(".trouble").innerText();
  const cli = await gateway.cli(["config", "set", "models.callTimeoutMs", "5"]);
  assert.equal(cli.code, 78);
  assert.match(said, /CONFIG_INVALID/);
  assert.match(cli.stderr, /CONFIG_INVALID|must be/);
  assert.match(said, /models\.callTimeoutMs: must be/);
  assert.equal(await timeout.getAttribute("aria-invalid"), "true");
  assert.match(await readFile(file, "utf8"), /tools: \{ allow: \["group:runtime"\] \},\s*\}/, "nothing was written");

  // Somebody else writes while the form is open.
  await timeout.fill("90000");
  assert.equal((await gateway.cli(["config", "set", "models.callTimeoutMs", "70000"])).code, 0);
  await page.getByRole("button", { name: "Save the change" }).click();
  const both = page.getByRole("row", { name: /models\.callTimeoutMs/ });
  await both.getByText("70000").waitFor();
  assert.match(await both.innerText(), /90000/);
  assert.match(await readFile(file, "utf8"), /70000/, "theirs holds until a person decides");
  await page.getByRole("button", { name: "Put mine on top" }).click();
  await page.getByText("Saved, and in force.").waitFor();
  assert.match(await readFile(file, "utf8"), /90000/);

  // The file as it is written is the other view of the same; what was said of another save does not follow there.
  await page.getByRole("link", { name: "The file" }).click();
  const raw = page.getByLabel("Configuration file");
  const undo = page.getByRole("button", { name: "Undo" });
  await raw.waitFor();
  await undo.waitFor({ state: "detached" });
  const text = (await raw.inputValue()).replace("why it is so", "and why it stays so");
  await raw.fill(text);
  await page.getByRole("button", { name: "Save the file" }).click();
  await page.getByText("Saved, and in force.").waitFor();
  assert.equal(await readFile(file, "utf8"), text);
  await undo.click();
  const reads = (area: unknown): boolean => (area as { readonly value: string }).value.includes("// why it is so");
  await page.waitForFunction(reads, await raw.elementHandle());
  await page.getByText("Saved, and in force.").waitFor();
  assert.match(await readFile(file, "utf8"), /\/\/ why it is so/);

  // What is typed while an answer is on its way is nobody's to take away.
  await answers.hold("config.apply");
  await raw.fill(text);
  await page.getByRole("button", { name: "Save the file" }).click();
  await answers.held();
  await raw.fill(`${text}// and more\n`);
  await answers.release();
  await page.getByRole("button", { name: "Save the file" }).waitFor();
  assert.equal(await raw.inputValue(), `${text}// and more\n`);
  assert.equal(await readFile(file, "utf8"), text);
  assert.equal((await gateway.cli(["config", "set", "logging.level", "warn"])).code, 0);
  await page.getByText("The file was changed while you were at it.").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /warn/, "both sides are shown");
  assert.equal(await raw.inputValue(), `${text}// and more\n`);
  await page.getByRole("button", { name: "Save the file" }).click();
  await page.getByRole("button", { name: "Save over theirs" }).waitFor();
  assert.match(await readFile(file, "utf8"), /warn/, "theirs holds until a person decides");
  await page.getByRole("button", { name: "Save over theirs" }).click();
  await page.getByText("Saved, and in force.").waitFor();
  assert.equal(await readFile(file, "utf8"), `${text}// and more\n`);

  // What is read at the start alone: it restarts, says so, and is in force when it is back.
  await page.getByRole("link", { name: "Gateway", exact: true }).click();
  await page.getByLabel("Reattach wait", { exact: true }).fill("45000");
  const restarts = page.getByText("Saved. The gateway restarts now").waitFor();
  await page.getByRole("button", { name: "Save the change" }).click();
  await restarts;
  await page.getByText("Saved, and in force.").waitFor();
  assert.equal((await gateway.cli(["config", "get", "gateway.nodes.reattachWaitMs"])).stdout.trim(), "45000");
});

test("a finding is mended with one press, a broken file gives way to the last good one, a model is asked before it is connected, its key "
  + "goes to the store and not into the file, a messenger is connected and a stranger let in by their code, and a backup is made and read "
  + "through (S3.2, S3.13, S0.1, S1.7)", needs("chromium"), async (t) => {
  const browser = await openBrowser(t); // closed before the gateway is
  const model = await openScriptedModel();
  t.after(() => model.close());
  const telegram = await openFakeTelegram();
  t.after(() => telegram[Symbol.asyncDispose]());
  const gateway = await openRealGateway({ bare: true, config: CONFIG });
  t.after(() => gateway.dispose());
  const file = join(gateway.stateDir, "openclaw.json");
  const credentials = join(gateway.stateDir, "credentials");
  await chmod(credentials, 0o755);
  const { page, findBarriers } = await openPage(t, browser, gateway, { path: "/settings/repairs", width: 360, height: 640, theme: "dark" });
  await page.getByText(`Others on this machine can reach ${credentials}.`).waitFor();
  assert.deepEqual(await findBarriers(), []);
  await page.getByRole("button", { name: "Mend it" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Mend it" }).click();
  await page.getByText("Nothing is wrong in what was looked at").waitFor();
  assert.equal((await stat(credentials)).mode & 0o777, 0o700);

  await writeFile(file, "{ logging: { level: 7 } }", { mode: 0o600 });
  await page.getByRole("button", { name: "Look again" }).click();
  await page.getByText("CONFIG_INVALID").waitFor();
  await page.getByRole("button", { name: "Mend it" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Mend it" }).click();
  await page.getByText("The last good one is back").waitFor();
  assert.equal(await readFile(file, "utf8"), CONFIG);
  assert.equal(await readFile(`${file}.broken-1`, "utf8"), "{ logging: { level: 7 } }");

  // What takes a while is looked at when a person asks.
  await page.getByRole("row", { name: /database/ }).getByText("not looked at").waitFor();
  await page.getByRole("button", { name: "Look through database and log" }).click();
  await page.getByRole("row", { name: /database.*every page is whole/ }).getByText("fine").waitFor();
  await page.getByRole("row", { name: /log.*every chain verifies/ }).getByText("fine").waitFor();

  // A model is asked first; of one that does not answer nothing is kept.
  await page.getByRole("link", { name: "All settings" }).click();
  await page.getByRole("link", { name: "Models" }).first().click();
  await page.getByRole("button", { name: "Test demo/demo" }).click();
  await page.getByText(/answered in .* calls (?:no )?tools/).waitFor();
  const form = page.getByRole("form", { name: "Connect another" });
  const connect = async (name: string, url: string): Promise<void> => {
    await form.getByLabel("Name here").fill(name);
    await form.getByLabel("Address").fill(url);
    await form.getByLabel("Model", { exact: true }).fill("scripted");
    await form.getByLabel("Key").fill("sk-canary-0123456789");
    await form.getByRole("button", { name: "Try and connect it" }).click();
  };
  const store = join(credentials, "store");
  await connect("gone", "http://127.0.0.1:9/v1");
  await form.getByText("did not answer").waitFor();
  assert.match(await form.getByRole("alert").innerText(), /MODEL_UNREACHABLE|MODEL_UNAVAILABLE/);
  assert.equal(await readFile(file, "utf8"), CONFIG);
  assert.deepEqual(await readdir(store).catch(() => []), []);
  await connect("mine", model.url);
  await form.getByText("mine/scripted is connected.").waitFor();
  await form.getByText(/answered in/).waitFor();
  await page.getByRole("button", { name: "Test mine/scripted" }).waitFor();
  const written = await readFile(file, "utf8");
  assert.doesNotMatch(written, /canary/);
  assert.match(written, /"?source"?: ?"store"/);
  const [key] = await readdir(store);
  assert.equal((await readFile(join(store, key ?? ""), "utf8")).trim(), "sk-canary-0123456789");

  // A messenger: a token that it refuses is not kept, and whoever writes is let in by the code they were shown.
  assert.equal((await gateway.cli(["config", "set", "channels.defaults.apiRoot", telegram.url])).code, 0);
  await page.getByRole("link", { name: "All settings" }).click();
  await page.getByRole("link", { name: "Channels" }).first().click();
  await page.getByText("No messenger is connected yet.").waitFor();
  const add = page.getByRole("form", { name: "Connect one" });
  const connectBot = async (token: string): Promise<void> => {
    await add.getByLabel("Token").fill(token);
    await add.getByRole("button", { name: "Connect it" }).click();
  };
  await connectBot("700009:AAcanary_that_nobody_knows_0123456789abcd");
  await add.getByRole("alert").getByText("Nothing was kept.").waitFor();
  assert.deepEqual(await readdir(store), [key]);
  await connectBot(telegram.token);
  await add.getByText(`@${telegram.username} answers.`).waitFor();
  assert.equal((await readFile(file, "utf8")).includes(telegram.token), false);
  telegram.say({ from: ALICE, text: "/start" });
  const asking = page.getByRole("article", { name: "Alice Example (@alice) asks to write in Telegram" });
  const shown = await telegram.until(() => telegram.messages(ALICE.id).find(({ text }) => text.includes("Your code: ")));
  assert.equal(await asking.locator(".finger-words").textContent(), /Your code: (\S+)/.exec(shown.text)?.[1], "the same in both places");
  assert.deepEqual(await findBarriers(), []);
  await page.getByRole("link", { name: "Now" }).click();
  await page.getByRole("link", { name: "Alice Example asks to write in Telegram" }).click();
  await asking.getByRole("button", { name: "Let in as a guest" }).click();
  await page.getByRole("row", { name: /^Alice Example.*a guest/ }).waitFor();
  telegram.say({ from: ALICE, text: "How busy is this machine?" });
  await telegram.until(() => telegram.messages(ALICE.id).at(-1)?.from === "bot");
  await page.setViewportSize({ width: 1_280, height: 640 });
  await page.getByRole("link", { name: "Chat" }).click();
  await page.locator(".session-row", { hasText: "Alice Example" }).getByText("telegram").waitFor();
  await page.goBack();
  await page.setViewportSize({ width: 360, height: 640 });
  await page.getByRole("button", { name: "Stop: Telegram" }).click();
  await page.getByRole("status").getByText("stopped").waitFor();
  await page.getByRole("button", { name: "Start: Telegram" }).click();
  await page.getByRole("status").getByText("up", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Remove: Telegram" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("No messenger is connected yet.").waitFor();
  assert.deepEqual(await readdir(store), [key], "its secret went with it");

  // What may not have arrived: Telegram leaves none of it, so the gateway's answer about it is put here.
  const answered: unknown[] = [];
  await page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      const { id, method, params } = JSON.parse(String(frame)) as Readonly<Record<"id" | "method" | "params", unknown>>;
      const answer = (payload: object): void => socket.send(JSON.stringify({ type: "res", id, ok: true, payload }));
      const one = { id: "u1", channel: "telegram", accountId: "default", to: "42", text: "The build is green.", atMs: Date.now() - 9e5 };
      if (method === "channels.unsure.list") answer({ deliveries: answered.length === 0 ? [one] : [] });
      else if (method === "channels.unsure.answer") {
        answered.push(params);
        answer({ ok: true, id: "u1", answer: "resend" });
      } else server.send(frame);
    });
  });
  await page.reload();
  await page.getByText("The build is green.").waitFor();
  assert.deepEqual(await findBarriers(), []);
  await page.getByRole("button", { name: "Send it again: the message to 42" }).click();
  await page.getByText("The build is green.").waitFor({ state: "detached" });
  assert.deepEqual(answered, [{ id: "u1", answer: "resend" }]);

  // Backups: by command, or by one press where the configuration says how.
  assert.equal((await gateway.cli(["config", "set", "backup.plain", "true"])).code, 0);
  await page.getByRole("link", { name: "All settings" }).click();
  await page.getByRole("link", { name: "Backups" }).click();
  await page.getByText("There is none yet.").waitFor();
  assert.deepEqual(await findBarriers(), []);
  await page.getByRole("button", { name: "Make one now" }).click();
  await page.getByText("It is made.").waitFor();
  await page.getByRole("button", { name: /^Read openclaw-.*\.tar through$/ }).click();
  await page.getByText("all of it verifies").waitFor();

  // What is passed on to whoever helps holds neither the key nor the gateway's token.
  await page.getByRole("link", { name: "All settings" }).click();
  await page.getByRole("link", { name: "About" }).click();
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save a diagnosis" }).click();
  const diagnosis = await readFile(await (await downloading).path(), "utf8");
  for (const part of ["runtimeVersion", "gateway.started", "models", "checks"]) assert.ok(diagnosis.includes(part), `${part} in it`);
  assert.ok(!diagnosis.includes("canary") && !diagnosis.includes(gateway.token), "no secret in it");
  assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, "no sideways scrolling");
});

test("an agent's file is edited beside somebody else, a skill is turned off, others are let in by their words and by a code; this very "
  + "browser is removed: it is out at once and says how to come back (S3.2, S4.28, S4.29)", needs("chromium"), async (t) => {
  const browser = await openBrowser(t);
  const gateway = await openRealGateway({
    bare: true,
    prepare: async (stateDir) => {
      await mkdir(join(stateDir, "skills", "weather"), { recursive: true });
      await writeFile(join(stateDir, "skills", "weather", "SKILL.md"), "---\nname: weather\ndescription: Tells it.\n---\nLook outside.\n");
    },
  });
  t.after(() => gateway.dispose());
  const watched = await openPage(t, browser, gateway, { path: "/settings/agents/main" });
  const { page, findBarriers } = watched;
  watched.expect(/WebSocket/);
  const notes = join(gateway.stateDir, "workspace", "AGENTS.md");
  await page.getByText("AGENTS.md").click();
  const content = page.getByLabel("Content of AGENTS.md");
  await content.fill("Be brief.\n");
  const saveNotes = page.locator("details", { has: content }).getByRole("button", { name: "Save" });
  await saveNotes.click();
  await page.getByText("Saved.", { exact: true }).waitFor();
  assert.equal(await readFile(notes, "utf8"), "Be brief.\n");
  await content.fill("Be kind.\n");
  await writeFile(notes, "Be loud.\n");
  await saveNotes.click();
  await page.getByRole("alert").getByText("Be loud.").waitFor();
  assert.equal(await readFile(notes, "utf8"), "Be loud.\n", "theirs holds until a person decides");
  await page.getByRole("link", { name: "Skills and tools" }).click();
  const weather = page.getByRole("switch", { name: "Use weather" });
  await weather.uncheck();
  await page.locator(".thing", { has: weather }).getByText("off", { exact: true }).waitFor();
  assert.match((await gateway.cli(["skills", "list"])).stdout, /off +weather/);
  await page.goBack();
  assert.equal(await content.inputValue(), "Be kind.\n", "what was typed is still there");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.", { exact: true }).waitFor();
  assert.equal(await readFile(notes, "utf8"), "Be kind.\n");

  await page.getByRole("link", { name: "Devices" }).click();
  await page.getByText("this browser").waitFor();
  assert.deepEqual(await findBarriers(), []);
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(new URL("/chat", page.url()).href);
  await stranger.getByRole("button", { name: "Ask to be let in" }).click();
  const theirWords = await stranger.locator(".fingerprint").filter({ hasText: /\w/ }).textContent();
  const asking = page.getByRole("article", { name: "Chrome on Linux asks" });
  await asking.getByText(String(theirWords).trim().replace(/\s+/g, " ")).waitFor();
  await asking.getByRole("button", { name: "Let it in" }).click();
  await stranger.locator("html[data-link=up]").waitFor();
  await stranger.close();
  await page.getByRole("button", { name: "A code for a phone or an app" }).click();
  await page.getByAltText("Setup code as a picture to scan").waitFor();
  const code = await page.locator(".long-code").innerText();
  const env = { OPENCLAW_STATE_DIR: join(gateway.home, "laptop"), OPENCLAW_GATEWAY_PORT: "" };
  const joined = await gateway.cli(["connect", code, "--operator", "--name", "laptop", "--json"], { env });
  assert.equal(joined.code, 0, joined.stdout + joined.stderr);
  await page.getByText("A device was let in.").waitFor();
  await page.getByRole("heading", { name: "laptop" }).waitFor();
  // A new token for itself: it goes on, also after it comes back.
  const own = page.locator(".thing", { hasText: "this browser" });
  await own.getByRole("button", { name: /^New token for Chrome/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New token" }).click();
  await page.getByText("It has a new token.").waitFor();
  await page.reload();
  await page.locator("html[data-link=up]").waitFor();
  await page.getByText("this browser").waitFor();
  await own.getByRole("button", { name: /^Remove Chrome/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("openclaw dashboard").first().waitFor();
  const { stdout } = await gateway.cli(["devices", "list", "--json"]);
  const { paired } = JSON.parse(stdout) as { readonly paired: readonly { readonly clientMode: string }[] };
  assert.equal(paired.filter(({ clientMode }) => clientMode === "webchat").length, 1, "the other browser alone is left");
});
