import { existsSync } from "node:fs";
import { CHROMIUM, launchBrowser } from "@openclaw/testkit/browser";
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

/** What the page itself saw of one answer. Moments are milliseconds since 1970, as the model writes them into its words. */
interface Seen {
  readonly firstMs: number;
  readonly finalMs: number;
  readonly lates: readonly number[];
  readonly changesMost: number;
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
      const tab = await context.newPage();
      const { url } = (await connection.call("dashboard.link", {})) as { readonly url: string };
      await tab.goto(url);
      await tab.locator("html[data-link=up]").waitFor();
      const inputs: number[] = [];
      const ups: number[] = [];
      const at = `${new URL(url).origin}/chat/${encodeURIComponent(KEY)}`;
      for (let load = 0; load < bench.count(LOADS); load += 1) {
        await tab.goto(at);
        await tab.locator(".said").first().waitFor();
        inputs.push(await tab.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"));
        ups.push(await tab.evaluate<number>("performance.now()"));
      }
      const weight = await tab.evaluate<number[]>(
        "['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type)).map((entry) => entry.encodedBodySize)",
      );
      bench.put("page.weight", weight.reduce((all, bytes) => all + bytes, 0) / 1_024, "as it was sent");
      bench.put("page.requests", weight.length);
      bench.put("page.input", quantile(inputs, 0.5), `worst ${Math.max(...inputs).toFixed(0)} ms`);
      bench.put("page.up", quantile(ups, 0.5), "seen from outside");

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
      const long = await ask(`go on [[tokens ${STREAM.tokens} ${STREAM.gapMs}]]`);
      bench.put("page.changes", long.changesMost, `${STREAM.tokens} tokens, ${1_000 / STREAM.gapMs} a second`);
      bench.put("page.late", quantile([...long.lates], 0.99));
      bench.put("page.longest", Math.max(0, ...long.tasks), "0: none was over 50 ms");
      bench.put("page.tasks", long.tasks.length);
    } finally {
      await browser.close();
      connection.close();
    }
  },
};

/** Runs in the page: watches the next answer until it stands final. Knows only what is on the screen. */
const WATCH_ANSWER = String.raw`new Promise((resolve) => {
  const nowMs = () => performance.timeOrigin + performance.now();
  const seen = { firstMs: NaN, finalMs: NaN, lates: [], changesMost: 0, tasks: [] };
  const tasks = new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration)));
  tasks.observe({ type: "longtask" });
  const beganMs = nowMs();
  let newestMs = 0;
  let changes = 0;
  let painting = false;
  const observer = new MutationObserver(() => {
    changes += 1;
    if (painting) return;
    painting = true;
    requestAnimationFrame(() => {
      seen.changesMost = Math.max(seen.changesMost, changes);
      painting = false;
      changes = 0;
      const text = [...document.querySelectorAll(".said.assistant")].at(-1)?.textContent ?? "";
      const moments = [...text.matchAll(/@(\d+\.\d+)/g)].map((found) => Number(found[1])).filter((moment) => moment > beganMs);
      const newest = moments.at(-1) ?? 0;
      if (newest > newestMs) {
        if (Number.isNaN(seen.firstMs)) seen.firstMs = nowMs() - moments[0];
        seen.lates.push(nowMs() - newest);
        newestMs = newest;
      }
      if (newestMs === 0 || document.querySelector(".live") !== null) return;
      seen.finalMs = nowMs() - newestMs;
      observer.disconnect();
      setTimeout(() => {
        tasks.disconnect();
        resolve(seen);
      }, 100);
    });
  });
  observer.observe(document.querySelector(".scroller"), { subtree: true, childList: true, characterData: true });
})`;
