/** The page as a whole: every page of it, in both themes, on a desk and on a phone; what it weighs; and in longer words. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openBrowser, openPage, type BrowserContext, type WatchedPage } from "@openclaw/testkit/browser";
import { ALICE, openFakeTelegram } from "@openclaw/testkit/fake-telegram";
import { findFlaws, walkByKeyboard } from "@openclaw/testkit/page-flaws";
import { openRealGateway, PROGRAM_ROOT, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

interface Manifest {
  readonly places: readonly string[];
  readonly files: Readonly<Record<string, { readonly gzipBytes: number; readonly first: boolean }>>;
}

const KIB = 1_024;
const DESK = { width: 1_280, height: 800 };
const PHONE = { width: 360, height: 640 };

const readManifest = (): Manifest => JSON.parse(readFileSync(join(PROGRAM_ROOT, "ui", "dist", "manifest.json"), "utf8")) as Manifest;

/** Something to see on every page: a turn that ran, one that waits for a person, and somebody on a messenger who asks to write. */
async function openFurnished(t: { after(ended: () => Promise<unknown>): void }): Promise<RealGateway> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const telegram = await openFakeTelegram();
  t.after(async () => telegram[Symbol.asyncDispose]());
  const channels = { telegram: { botToken: telegram.token, apiRoot: telegram.url } };
  const gateway = await openRealGateway({ config: { ...scriptedConfig(model.url), channels } });
  t.after(() => gateway.dispose());
  telegram.say({ text: "hello" });
  await telegram.until(() => telegram.messages(ALICE.id).find(({ from }) => from === "bot"));
  const { client, until } = await gateway.connect();
  await client.call("chat.send", { sessionKey: "main", message: "hello there", idempotencyKey: "said-1" });
  await until(({ event, payload }) => event === "chat" && (payload as { state?: string }).state === "final");
  await client.call("chat.send", {
    sessionKey: "agent:main:tidy", message: callMark("exec", { command: "rm -r build" }), idempotencyKey: "said-2",
  });
  await until(({ event }) => event === "exec.approval.requested");
  client.close();
  return gateway;
}

/** As a link of the page's own does: nothing is loaded again. What it reads at its beginning has come. */
async function go({ page, settled }: WatchedPage, path: string): Promise<void> {
  await page.evaluate(`history.pushState(undefined, "", ${JSON.stringify(`/${path}`)}); dispatchEvent(new PopStateEvent("popstate"))`);
  await settled();
  await page.locator("main h1").first().waitFor();
}

/** Beside the places themselves. */
const FURTHER = [
  "chat/agent%3Amain%3Atidy", "settings/config/hooks", "settings/devices", "settings/models", "settings/channels", "nowhere",
];
const OVERLAYS = { "Control+k": "combobox", "?": "dialog" } as const;

test("every page, light and dark, desk and phone: no barrier, no error, nothing too small, nothing sideways, all of it by keyboard "
  + "(S4.28, S4.30, S3.2)", needs("chromium"), async (t) => {
  const gateway = await openFurnished(t);
  const browser = await openBrowser(t);
  const flaws: string[] = [];
  const watched = await openPage(t, browser, gateway, { reducedMotion: true });
  const { page, findBarriers } = watched;
  const look = async (where: string): Promise<void> => {
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      flaws.push(...(await findBarriers()).map((each) => `${where}, ${colorScheme}: ${each}`));
    }
    flaws.push(...(await findFlaws(page)).map((each) => `${where}: ${each}`));
  };
  for (const size of [DESK, PHONE]) {
    await page.setViewportSize(size);
    for (const path of [...readManifest().places, ...FURTHER]) {
      await go(watched, path);
      await look(`${path}, ${size.width} px`);
      flaws.push(...(await walkByKeyboard(page)).map((each) => `${path}, ${size.width} px: ${each}`));
    }
    for (const [keys, role] of Object.entries(OVERLAYS)) {
      await page.evaluate("document.activeElement.blur()");
      await page.keyboard.press(keys);
      await page.getByRole(role).waitFor();
      await look(`${keys}, ${size.width} px`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
  }
  assert.deepEqual(flaws, []);
});

test("words longer by two fifths fit everywhere (S4.28)", needs("chromium"), async (t) => {
  const gateway = await openFurnished(t);
  const flaws: string[] = [];
  const dir = mkdtempSync(join(tmpdir(), "long-words-"));
  t.after(() => rmSync(dir, { recursive: true }));
  await promisify(execFile)(process.execPath, [join(PROGRAM_ROOT, "scripts", "ui.ts"), "--long-words", dir]);
  const browser = await openBrowser(t);
  const watched = await openPage(t, browser, gateway);
  const { page, context } = watched;
  await serveInstead(context, dir);
  await page.reload();
  for (const size of [DESK, PHONE]) {
    await page.setViewportSize(size);
    for (const place of readManifest().places) {
      await go(watched, place);
      flaws.push(...(await findFlaws(page)).map((each) => `${place}, in longer words, ${size.width} px: ${each}`));
    }
  }
  assert.match(await page.title(), /kůň|žlu/, "the longer words were shown");
  assert.deepEqual(flaws, []);
});

const KINDS: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** From here on the context gets the files of another build; the HTML, and with it the policy, stays the gateway's. */
async function serveInstead(context: BrowserContext, dir: string): Promise<void> {
  const names = readdirSync(join(dir, "assets"));
  const kindOf = (name: string): string => name.replace(/-[0-9A-Z]{8}(?=\.\w+$)/, "");
  await context.route(/\/assets\//, async (route) => {
    const asked = new URL(route.request().url()).pathname.replace("/assets/", "");
    const name = names.includes(asked) ? asked : names.find((one) => kindOf(one) === kindOf(asked)) ?? asked;
    await route.fulfill({ body: readFileSync(join(dir, "assets", name)), contentType: KINDS[extname(name)] ?? "application/octet-stream" });
  });
}

test("the page keeps to its weight: a first load of 60 kB in 8 requests, pages of 20 kB, 350 kB in all (S4.28)", () => {
  const files = Object.entries(readManifest().files);
  const weigh = (chosen: typeof files): number => chosen.reduce((all, [, { gzipBytes }]) => all + gzipBytes, 0);
  const first = files.filter(([, { first: early }]) => early);
  assert.ok(weigh(first) <= 60 * KIB, `the first load weighs ${weigh(first)} bytes`);
  assert.ok(first.length + 2 <= 8, `the HTML, the icon and ${first.length} files`);
  for (const [name, { gzipBytes }] of files) {
    if (!first.some(([early]) => early === name)) assert.ok(gzipBytes <= 20 * KIB, `${name} weighs ${gzipBytes} bytes`);
  }
  assert.ok(weigh(files) <= 350 * KIB, `all of it weighs ${weigh(files)} bytes`);
});
