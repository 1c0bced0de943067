import { existsSync } from "node:fs";
import { CHROMIUM, COUNT_SCREEN_UPDATES, launchBrowser } from "@openclaw/testkit/browser";
import { openBenchGateway, untilNode } from "../gateway.ts";
import { FIGURES, type FigureId } from "../figures.ts";
import type { Measure } from "../measure.ts";
import { openModel } from "../stand.ts";
import { quantile } from "../statistics.ts";
import { writeHistories } from "../write-history.ts";

const KEY = "agent:main:history-page";
/** Somewhat more than ten thousand messages. */
const EVENTS = 40_000;
const STREAM = { tokens: 600, gapMs: 5 } as const;
const LOADS = 10;
const TURNS = 20;
const PAGES_READ = 10;

/** What the page itself saw of one answer. Moments are milliseconds since 1970, as the model writes them into its words. */
interface Seen {
  readonly firstMs: number;
  readonly finalMs: number;
  readonly lates: readonly number[];
  readonly tasks: readonly number[];
}

/** The page in Debian's Chromium: what it weighs, how long it takes until it can be used, how an answer comes to stand in it. */
export const page: Measure = {
  name: "page",
  about: "the control page in a real browser, with a conversation of 10,000 messages",
  limitMs: 180_000,
  run: async (bench) => {
    if (!existsSync(CHROMIUM)) {
      for (const id of Object.keys(FIGURES) as FigureId[]) if (id.startsWith("page.")) bench.lack(id, "Chromium is not installed");
      return;
    }
    await using model = await openModel();
    await using gateway = await openBenchGateway({ config: model.config });
    (await gateway.start()).connection.close();
    await gateway.stop();
    await writeHistories(gateway.stateDir, new Map([[KEY, EVENTS]]));
    const { connection } = await gateway.start();
    await untilNode(connection, (node) => node.displayName === "local");
    const browser = await launchBrowser();
    try {
      const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
      await context.addInitScript(WATCH_TASKS);
      const tab = await context.newPage();
      const longestTask = (): Promise<number> => tab.evaluate<number>("Math.max(0, ...longTasks.splice(0))");
      const { url } = (await connection.call("dashboard.link", {})) as { readonly url: string };
      await tab.goto(url);
      await tab.locator("html[data-link=up]").waitFor();
      const inputs: number[] = [];
      const ups: number[] = [];
      const tasks: number[] = [];
      const at = `${new URL(url).origin}/chat/${encodeURIComponent(KEY)}`;
      for (let load = 0; load < bench.count(LOADS); load += 1) {
        await tab.goto(at);
        await tab.locator(".said").first().waitFor();
        inputs.push(await tab.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"));
        ups.push(await tab.evaluate<number>("performance.getEntriesByName('usable')[0].startTime"));
        await tab.waitForTimeout(SETTLE_MS);
        tasks.push(await longestTask());
      }
      const weight = await tab.evaluate<number[]>(UNTIL_USABLE);
      bench.put("page.weight", weight.reduce((all, bytes) => all + bytes, 0) / 1_024, "as it was sent");
      bench.put("page.requests", weight.length);
      bench.put("page.input", quantile(inputs, 0.5), `worst ${Math.max(...inputs).toFixed(0)} ms`);
      bench.put("page.up", quantile(ups, 0.5), `worst ${Math.max(...ups).toFixed(0)} ms`);
      bench.put("page.load.longest", Math.max(...tasks), "0: none was over 50 ms");

      const ask = async (words: string): Promise<Seen> => {
        const seen = tab.evaluate<Seen>(WATCH_ANSWER);
        await tab.locator("#draft").fill(words);
        await tab.locator("#draft").press("Enter");
        return await seen;
      };
      const cold = await ask("hello [[tokens 3 5]]");
      bench.put("page.cold.first", cold.firstMs);
      const short: Seen[] = [];
      for (let turn = 0; turn < bench.count(TURNS); turn += 1) short.push(await ask("hello [[tokens 3 5]]"));
      bench.put("page.first", quantile(short.map(({ firstMs }) => firstMs), 0.5));
      bench.put("page.final", quantile(short.map(({ finalMs }) => finalMs), 0.5));
      await longestTask();
      for (let read = 0; read < PAGES_READ; read += 1) {
        const first = await tab.locator("[data-entry]").first().getAttribute("data-entry");
        await tab.evaluate("document.querySelector('.scroller').scrollTo({ top: 0 })");
        await tab.locator(`[data-entry]:first-of-type:not([data-entry="${first}"])`).first().waitFor({ state: "attached" });
        await tab.waitForTimeout(SETTLE_MS);
      }
      bench.put("page.paging.longest", await longestTask(), "0: none was over 50 ms");
      bench.put("page.paging.held", await tab.locator("[data-entry]").count());
      await tab.locator(".to-latest").click();
      await tab.locator(".to-latest").waitFor({ state: "detached" });
      await tab.waitForTimeout(SETTLE_MS);
      await tab.evaluate(COUNT_SCREEN_UPDATES);
      const long = await ask(`go on [[tokens ${STREAM.tokens} ${STREAM.gapMs}]]`);
      const updates = await tab.evaluate<readonly number[]>("screenUpdates");
      const stream = `${STREAM.tokens} tokens, ${1_000 / STREAM.gapMs} a second`;
      bench.put("page.changes", Math.max(...updates), `${stream}, ${updates.length} frames`);
      bench.put("page.late", quantile([...long.lates], 0.99));
      bench.put("page.longest", Math.max(0, ...long.tasks), "0: none was over 50 ms");
      bench.put("page.tasks", long.tasks.length);
      const told = tab.evaluate<number>(WATCH_BAR);
      const killedMs = Date.now();
      await gateway.kill();
      bench.put("page.away", (await told) - killedMs);
    } finally {
      await browser.close();
      connection.close();
    }
  },
};

/** After what was to be seen is seen: what it left to do in the page is done by then. */
const SETTLE_MS = 300;

/** Runs in the page from its beginning. */
const WATCH_TASKS = `globalThis.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: "longtask", buffered: true })`;

/** Bytes of whatever was asked for until the conversation stood. */
const UNTIL_USABLE = `["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
  .filter(({ startTime }) => startTime <= performance.getEntriesByName("usable")[0].startTime)
  .map(({ encodedBodySize }) => encodedBodySize)`;

/** Runs in the page: when the bar that says it was painted, in milliseconds since 1970. */
const WATCH_BAR = `new Promise((resolve) => {
  const observer = new MutationObserver(() => {
    if (!/has been away since/.test(document.querySelector(".connection")?.textContent ?? "")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now())));
  });
  observer.observe(document.querySelector(".connection"), { subtree: true, childList: true, characterData: true });
})`;

/**
 * Runs in the page: watches the next answer until it stands final. Knows only what is on the screen, and counts it from the moment after
 * the frame was painted: a message that was posted in a frame comes when the frame is over.
 */
const WATCH_ANSWER = String.raw`new Promise((resolve) => {
  const nowMs = () => performance.timeOrigin + performance.now();
  const seen = { firstMs: NaN, finalMs: NaN, lates: [], tasks: [] };
  longTasks.length = 0;
  const beganMs = nowMs();
  let newestMs = 0;
  let isChanged = false;
  const painted = new MessageChannel();
  painted.port1.onmessage = () => {
    if (!isChanged) return;
    isChanged = false;
    const text = [...document.querySelectorAll(".said.assistant")].at(-1)?.textContent ?? "";
    const moments = [...text.matchAll(/@(\d+\.\d+)/g)].map((found) => Number(found[1])).filter((moment) => moment > beganMs);
    const newest = moments.at(-1) ?? 0;
    if (newest > newestMs) {
      if (Number.isNaN(seen.firstMs)) seen.firstMs = nowMs() - moments[0];
      seen.lates.push(nowMs() - newest);
      newestMs = newest;
    }
    if (newestMs === 0 || document.querySelector(".timeline > .live") !== null) return;
    seen.finalMs = nowMs() - newestMs;
    observer.disconnect();
    setTimeout(() => resolve({ ...seen, tasks: longTasks.splice(0) }), 100);
  };
  const follow = () => {
    painted.port2.postMessage(0);
    if (Number.isNaN(seen.finalMs)) requestAnimationFrame(follow);
  };
  requestAnimationFrame(follow);
  const observer = new MutationObserver(() => {
    isChanged = true;
  });
  observer.observe(document.querySelector(".scroller"), { subtree: true, childList: true, characterData: true });
})`;
