/** Their dashboard, served by our gateway from their package, in a real browser. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "./browser.ts";
import { Skipped } from "./skipped.ts";
import type { Stage } from "./stage.ts";

interface BrowserStep {
  readonly group: "browser";
  readonly tried: string;
  /** A page is read: which panels ask what may change. */
  readonly unrecorded?: true;
  run(stage: Stage): Promise<string>;
}

const LOAD_MS = 60_000;
const ASK = "textarea";
const browsers = new WeakMap<Stage, Browser>();

export const BROWSING: readonly BrowserStep[] = [
  {
    group: "browser", tried: "dashboard: the token in its address connects and pairs it",
    run: async (stage) => {
      const browser = await stage.browser();
      if (browser === undefined) throw new Skipped("Chromium is not installed");
      browsers.set(stage, browser);
      await browser.open(`http://127.0.0.1:${stage.proxy.port}/#token=${stage.gateway.token}`);
      await browser.shows(/Connected[^]*Message OpenClaw/, LOAD_MS);
      return "connected, the chat is shown";
    },
  },
  {
    group: "browser", tried: "dashboard: a message and its reply, as it comes",
    run: async (stage) => {
      await say(stage, "hello from the browser [[tokens 24 250]]");
      await page(stage).shows(/word1(?![^]*word23)/); // part of it, before it is whole
      await page(stage).shows(/word22 word23/);
      return "streamed";
    },
  },
  {
    group: "browser", tried: "dashboard: a tool's card",
    run: async (stage) => {
      await say(stage, 'look [[call exec {"command":"uptime","node":"local"}]]');
      await page(stage).shows(/uptime[^]*done: .*load average/);
      return "card and reply shown";
    },
  },
  {
    group: "browser", tried: "dashboard: an approval, allowed with its button",
    run: async (stage) => {
      const mark = join(stage.gateway.stateDir, "workspace", "from-the-browser");
      rmSync(mark, { force: true });
      await say(stage, `do [[call exec ${JSON.stringify({ command: "touch from-the-browser", node: "local" })}]]`);
      await page(stage).shows(/Exec approval needed[^]*Allow once/);
      await page(stage).press(/^Allow once/);
      for (const began = Date.now(); !existsSync(mark); ) {
        if (Date.now() - began > LOAD_MS) throw new Error("the command left nothing behind");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return "asked, allowed, run";
    },
  },
  {
    group: "browser", tried: "dashboard: the history is there after a reload",
    run: async (stage) => {
      await page(stage).open(`http://127.0.0.1:${stage.proxy.port}/chat/main`);
      await page(stage).shows(/hello from the browser[^]*word23/, LOAD_MS);
      return "with the token of its device";
    },
  },
  shows("sessions", "sessions", /Active sessions[^]*agent:main:main|Main Session/),
  shows("devices and nodes", "settings/devices", /Paired devices[^]*openclaw-control-ui[^]*local/),
  shows("the form of the configuration", "settings/advanced", /Form[^]*Raw[^]*Longest one model call may take/),
  shows("logs", "logs", /Gateway file logs[^]*gateway\.started/),
  shows("automations", "cron", /Automations[^]*New automation(?![^]*invalid )/),
  shows("usage", "usage", /API usage[^]*(?<!invalid )Tokens/),
  shows("settings of an agent", "settings/agents", /Workspaces, tools, identities[^]*scripted\/test/),
];

function shows(what: string, path: string, pattern: RegExp): BrowserStep {
  return {
    group: "browser", tried: `dashboard: ${what}`, unrecorded: true,
    run: async (stage) => {
      await page(stage).open(`http://127.0.0.1:${stage.proxy.port}/${path}`);
      const text = await page(stage).shows(pattern, LOAD_MS);
      const missing = [...new Set(text.match(/unknown method: [\w.]+/g) ?? [])];
      return missing.length === 0 ? "shown" : `shown, but for what needs ${missing.map((said) => said.slice(16)).join(", ")}`;
    },
  };
}

async function say(stage: Stage, text: string): Promise<void> {
  await page(stage).type(ASK, text);
  await page(stage).key("Enter");
}

function page(stage: Stage): Browser {
  const browser = browsers.get(stage);
  if (browser === undefined) throw new Skipped("there is no browser");
  return browser;
}
