/**
 * The control page in Debian's Chromium, against a real gateway.
 *
 * A page that is open is watched: whatever it writes to the console as an error, whatever the policy forbids, whatever it throws, is a
 * problem, and a test that ends with one fails. Accessibility is judged by axe, evaluated beside the page so that its policy stays on.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { TestContext } from "node:test";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

export type { Browser, BrowserContext, Page };

/** What of a gateway is needed: where it is, and a command line that asks it for a link. */
export interface PageHost {
  cli(args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** What is done before it goes for good. */
  beforeEnd?(act: () => Promise<void>): void;
}

export interface OpenOptions {
  /** Below the page's base: `/now`. The conversation where nothing is said. */
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
  readonly reducedMotion?: boolean;
  /** Its clock is so much ahead of this machine's. */
  readonly clockAheadMs?: number;
  /** A browser that was let in before; a new one otherwise. */
  readonly context?: BrowserContext;
}

export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** So far: errors of the console and of scripts, and what the policy forbade. */
  readonly problems: readonly string[];
  /** From now on this is expected: a gateway that is killed leaves errors of the network on the console. */
  expect(problem: RegExp): void;
  /** What axe finds against WCAG 2.2 AA, a line each; nothing when all is well. */
  findBarriers(): Promise<readonly string[]>;
  /** Resolves when all parts of the page are here, nothing it asked the gateway for is open, and all of that is drawn. */
  settled(): Promise<void>;
}

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const AXE = (): string => readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const CHROMIUM = "/usr/bin/chromium";

/** What a gateway that is killed leaves on the console of a page: whatever was on its way is cut, in any of the ways there are. */
export const GATEWAY_GONE = /net::ERR_(?:CONNECTION_\w+|EMPTY_RESPONSE|CONTENT_LENGTH_MISMATCH)|WebSocket connection/;

/**
 * Runs in the page, to be evaluated: from now on `screenUpdates` has, for each frame that was changed, how often. All of a frame are told
 * the same time, and the first with another one ends it: whatever else waits for its turn meanwhile.
 */
export const COUNT_SCREEN_UPDATES = String.raw`(() => {
  globalThis.screenUpdates = [];
  let changes = 0;
  new MutationObserver(() => changes++).observe(document.body, { subtree: true, childList: true, characterData: true });
  let frame = -1;
  const ask = requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (act) => ask((at) => {
    if (at !== frame && changes > 0) screenUpdates.push(changes);
    if (at !== frame) changes = 0;
    frame = at;
    act(at);
  });
  const follow = () => requestAnimationFrame(follow);
  follow();
})()`;

let axeSource: string | undefined;

/** One Chromium for a test file; closed with the test that opened it. */
export async function openBrowser(t: TestContext): Promise<Browser> {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  return browser;
}

/** For what is no test: whoever launches it closes it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** Asks the gateway for a link, and opens it as a person would. Resolves when the page has its connection. */
export async function openPage(t: TestContext, browser: Browser, gateway: PageHost, options: OpenOptions = {}): Promise<WatchedPage> {
  const context = options.context ?? (await browser.newContext({
    viewport: { width: options.width ?? 1_280, height: options.height ?? 800 }, colorScheme: options.theme ?? "light",
    reducedMotion: options.reducedMotion === true ? "reduce" : "no-preference",
  }));
  await context.addInitScript(FOLLOW_QUESTIONS);
  if (options.clockAheadMs !== undefined) await context.addInitScript(aheadBy, options.clockAheadMs);
  const page = await context.newPage();
  const problems: string[] = [];
  // A gateway that ends before the browser does leaves a page that tries to reach it: that is what it is for.
  const expected: RegExp[] = [/^WebSocket connection to 'ws:\/\/127\.0\.0\.1:\d+\/' failed/];
  const note = (problem: string): void => {
    if (!expected.some((each) => each.test(problem))) problems.push(problem);
  };
  page.on("console", (message) => {
    if (message.type() === "error" || /Content Security Policy|TrustedType/i.test(message.text())) note(message.text());
  });
  page.on("pageerror", (error) => note(String(error.stack ?? error)));
  t.after(() => assert.deepEqual(problems, [], "the page had problems"));
  // A page whose gateway goes while it still fetches its other parts would have a problem that is none.
  gateway.beforeEnd?.(() => context.close());
  const { code, stdout, stderr } = await gateway.cli(["dashboard", "--json"]);
  assert.equal(code, 0, stderr);
  const link = new URL((JSON.parse(stdout) as { readonly url: string }).url);
  if (options.path !== undefined) link.pathname = `${link.pathname.replace(/\/$/, "")}${options.path}`;
  await page.goto(link.href);
  await page.locator("html[data-link=up]").waitFor();
  return { page, context, problems, expect: (problem) => void expected.push(problem),
    findBarriers: () => findBarriers(page), settled: () => page.evaluate("untilSettled()") };
}

/**
 * Runs in the browser, before the page. What an answer brings is drawn with a frame, and what was drawn asks on within the next one:
 * where two frames find nothing open and nothing new, nothing comes.
 */
const FOLLOW_QUESTIONS = String.raw`(() => {
  const open = new Set();
  let news = 0;
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => news++).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
  });
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return;
        const { type, id } = JSON.parse(data);
        if (type === "res") open.delete(id);
      });
      this.addEventListener("close", () => open.clear());
    }
    send(data) {
      const { type, id } = JSON.parse(data);
      if (type === "req") open.add(id);
      super.send(data);
    }
  };
  const parts = () => performance.getEntriesByType("resource").length;
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  globalThis.untilSettled = async () => {
    for (let before = -1, now = 0; before !== now || open.size > 0 || document.querySelector(".page-wait") !== null; ) {
      before = news + parts();
      await frame();
      await frame();
      now = news + parts();
    }
  };
})()`;

/** Runs in the browser, before the page. */
function aheadBy(byMs: number): void {
  const Real = Date;
  globalThis.Date = new Proxy(Real, {
    construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [Real.now() + byMs], self) as object,
    get: (target, name) => (name === "now" ? () => Real.now() + byMs : Reflect.get(target, name) as unknown),
  });
}

interface AxeNode { readonly target: readonly unknown[]; readonly failureSummary?: string }
interface AxeResult { readonly violations: readonly { readonly id: string; readonly help: string; readonly nodes: readonly AxeNode[] }[] }

async function findBarriers(page: Page): Promise<readonly string[]> {
  axeSource ??= AXE();
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description ?? exceptionDetails?.text);
    return result.value;
  };
  // What changes its colour is looked at when it has it.
  await evaluate(`Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished.catch(() => undefined))).then(() => undefined)`);
  await evaluate(`${axeSource}; undefined`);
  const found = (await evaluate(`axe.run(document, { runOnly: ${JSON.stringify(WCAG)} })`)) as AxeResult;
  await session.detach();
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary = "" }) =>
    `${id}: ${help} at ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ")}`));
}
