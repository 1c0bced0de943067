/**
 * `npm run screenshots`: every page as it is, light and dark, on a desk and on a phone, out of a real gateway.
 *
 *   npm run screenshots              into ui/dist.pictures, which is not kept
 *   npm run screenshots -- settings  those whose names begin so
 *   npm run screenshots -- --docs    the one that README shows, in both themes, into docs/images
 *
 * The gateway has a second node, turns that ran, one that waits for a person, and somebody on a messenger who asks to write. Whoever
 * changes how something looks makes them, and looks at each.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { launchBrowser, type Browser, type BrowserContext, type Page } from "../testkit/browser.ts";
import { ALICE, openFakeTelegram } from "../testkit/fake-telegram.ts";
import { openRealGateway, PROGRAM_ROOT, type RealGateway } from "../testkit/real-gateway.ts";
import { openRealNode } from "../testkit/real-node.ts";

const OUT = join(PROGRAM_ROOT, "ui", "dist.pictures");
const DOCS = join(PROGRAM_ROOT, "docs", "images");
/** What README shows is as wide as README is there. */
const README_SIZE = { width: 1_120, height: 832 } as const;
const SIZES = { desk: { width: 1_280, height: 800 }, phone: { width: 390, height: 780 } } as const;
const THEMES = ["light", "dark"] as const;
const MAIN = "agent:main:main";
const ASKS = "agent:main:report";
const SETTINGS = [
  "agents/main", "models", "channels", "abilities", "devices", "repairs", "backups", "codes", "about", "file", "config/gateway",
  "config/tools",
];
const SAID = ["How busy is this machine?", "How much disk space is left?"];
const ELSEWHERE = "Run uptime on kitchen-pi";
const TO_APPROVE = "run touch report.txt";

async function makePictures(docs: boolean, only = ""): Promise<void> {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const telegram = stack.use(await openFakeTelegram());
  const channels = { telegram: { botToken: telegram.token, apiRoot: telegram.url } };
  const gateway = await openRealGateway(docs ? {} : { config: { channels } });
  stack.defer(() => gateway.dispose());
  if (!docs) {
    telegram.say({ text: "hello" });
    await telegram.until(() => telegram.messages(ALICE.id).find(({ from }) => from === "bot"));
  }
  const node = await openRealNode(gateway, { name: "kitchen-pi", tags: ["arm", "kitchen"] });
  stack.defer(() => node.dispose());
  const pages = await furnish(gateway, only);
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  if (docs) return await shootForDocs(browser, gateway);
  for (const theme of THEMES) {
    for (const [name, viewport] of Object.entries(SIZES)) {
      await using context = await openContext(browser, gateway, theme, viewport);
      for (const [title, path] of pages) await shoot(context.page, `${context.base}${path}`, `${title}-${theme}-${name}`);
      if (only !== "") continue;
      await context.page.goto(`${context.base}/chat`);
      await context.page.keyboard.press("Control+k");
      await picture(context.page, `palette-${theme}-${name}`);
      const stranger = await (await browser.newContext({ viewport, colorScheme: theme })).newPage();
      await shoot(stranger, `${context.base}/chat`, `unpaired-${theme}-${name}`);
      await stranger.context().close();
    }
  }
}

async function shootForDocs(browser: Browser, gateway: RealGateway): Promise<void> {
  mkdirSync(DOCS, { recursive: true });
  for (const theme of THEMES) {
    await using context = await openContext(browser, gateway, theme, README_SIZE);
    await shoot(context.page, `${context.base}/chat/${encodeURIComponent(ASKS)}`, `chat-${theme}`);
    cpSync(join(OUT, `chat-${theme}.png`), join(DOCS, `chat-${theme}.png`));
  }
}

/** Something to see everywhere; the answer is the views, by the name of their picture. */
async function furnish(gateway: RealGateway, only: string): Promise<readonly (readonly [string, string])[]> {
  const { client, until } = await gateway.connect();
  for (const [index, [sessionKey, message]] of [...SAID.map((message) => [MAIN, message] as const), [ASKS, ELSEWHERE]].entries()) {
    const sent = await client.request("chat.send", { sessionKey, message, idempotencyKey: `said-${index}` });
    const { runId } = sent as { readonly runId: string };
    await until(({ event, payload }) => {
      const told = payload as { readonly runId?: string; readonly state?: string };
      return event === "chat" && told.runId === runId && told.state === "final";
    });
  }
  await client.request("chat.send", { sessionKey: ASKS, message: TO_APPROVE, idempotencyKey: "asked" });
  await until(({ event }) => event === "exec.approval.requested", AbortSignal.timeout(20_000));
  client.close();
  const { places } = JSON.parse(readFileSync(join(PROGRAM_ROOT, "ui", "dist", "manifest.json"), "utf8")) as { places: readonly string[] };
  const views: readonly (readonly [string, string])[] = [
    ...places.map((place) => [place, `/${place}`] as const), ["chat-approval", `/chat/${encodeURIComponent(ASKS)}`],
    ...SETTINGS.map((section) => [`settings-${section.replaceAll("/", "-")}`, `/settings/${section}`] as const),
  ];
  return views.filter(([title]) => title.startsWith(only));
}

interface Opened extends AsyncDisposable { readonly page: Page; readonly base: string }

async function openContext(
  browser: Browser, gateway: RealGateway, colorScheme: "light" | "dark", viewport: { width: number; height: number },
): Promise<Opened> {
  const context: BrowserContext = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const { url } = JSON.parse((await gateway.cli(["dashboard", "--json"])).stdout) as { readonly url: string };
  await page.goto(url);
  await page.locator("html[data-link=up]").waitFor();
  return { page, base: new URL(url).origin, [Symbol.asyncDispose]: () => context.close() };
}

async function shoot(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.locator("main h1").first().waitFor();
  await picture(page, name);
}

/** What is read at the beginning comes within this. */
const SETTLE_MS = 700;

async function picture(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(SETTLE_MS);
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}

await makePictures(process.argv.includes("--docs"), process.argv.slice(2).find((word) => !word.startsWith("-")));
process.stdout.write(`${readdirSync(OUT).length} pictures in ui/dist.pictures\n`);
