/** A page in Debian's Chromium, driven over its DevTools socket: no further program is installed for it. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { endChild, endWithUs } from "../../testkit/end-with-us.ts";

export interface Browser extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** What a person could read on the page, whatever components it is made of. */
  text(): Promise<string>;
  /** Resolves with the text once it holds what fits; rejects with its end after the time given. */
  shows(pattern: RegExp, withinMs?: number): Promise<string>;
  /** Presses the first visible control with that name, or that fits the selector. */
  press(name: string | RegExp): Promise<void>;
  /** Types into what fits the selector, as a person would. */
  type(selector: string, text: string): Promise<void>;
  key(name: "Enter" | "Escape"): Promise<void>;
  /** A PNG of what is seen. */
  picture(): Promise<Buffer>;
}

const [START_MS, SHOW_MS, POLL_MS] = [30_000, 30_000, 150] as const;

/** What every expression below may use: all elements, through the roots of components. */
const PRELUDE = `
  const all = (root, out = []) => {
    for (const e of root.querySelectorAll('*')) { out.push(e); if (e.shadowRoot) all(e.shadowRoot, out); }
    return out;
  };
  const seen = (e) => {
    const r = e.getBoundingClientRect();
    return r.width > 0 && r.height > 0 && getComputedStyle(e).visibility !== 'hidden';
  };
`;

/** Undefined where there is no Chromium. The directory holds its profile and is the caller's to remove. */
export async function openBrowser(dir: string): Promise<Browser | undefined> {
  const child = spawn("chromium", [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-extensions", "--remote-debugging-port=0",
    "--remote-allow-origins=*", "--window-size=1400,1000", `--user-data-dir=${dir}`,
    "about:blank",
  ], { stdio: "ignore" });
  const missing = await new Promise<boolean>((resolve) => {
    child.once("error", () => resolve(true));
    child.once("spawn", () => resolve(false));
  });
  if (missing) return undefined;
  endWithUs(child);
  const socket = await openPage(dir);
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.resolve(answer);
  });
  let asked = 0;
  const ask = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = (asked += 1);
    const answer = Promise.withResolvers<Answer>();
    waiting.set(id, answer);
    socket.send(JSON.stringify({ id, method, params }));
    const { result = {}, error } = await answer.promise;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  const evaluate = async (body: string): Promise<unknown> => {
    const { result, exceptionDetails } = (await ask("Runtime.evaluate", {
      expression: `(() => { ${PRELUDE} ${body} })()`, returnByValue: true,
    })) as { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: { readonly text: string } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return result?.value;
  };
  const until = async <T>(look: () => Promise<T | undefined>, why: () => Promise<string>, withinMs: number): Promise<T> => {
    for (const began = Date.now(); ; ) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() - began > withinMs) throw new Error(await why());
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const text = async (): Promise<string> => String(await evaluate(`
    const lines = [];
    for (const e of all(document)) {
      if (e.tagName === 'STYLE' || e.tagName === 'SCRIPT' || e.tagName === 'TEMPLATE') continue;
      const own = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).filter(Boolean).join(' ');
      const value = e.tagName === 'TEXTAREA' || e.tagName === 'INPUT' ? e.value : '';
      if ((own || value) && seen(e)) lines.push(own || value);
    }
    return lines.join('\\n');
  `));
  /** Scrolled to, then pressed where a mouse would press it. */
  const pointAt = async (find: string, what: string): Promise<{ readonly x: number; readonly y: number }> => until(
    async () => (await evaluate(`
      const e = ${find};
      if (!e) return undefined;
      e.scrollIntoView({ block: 'center' });
      const r = e.getBoundingClientRect();
      return { x: r.x + r.width / 2, y: r.y + r.height / 2 };
    `)) as { readonly x: number; readonly y: number } | undefined,
    async () => `there is no ${what}: ${(await text()).slice(-600)}`, SHOW_MS,
  );
  const click = async ({ x, y }: { readonly x: number; readonly y: number }): Promise<void> => {
    for (const type of ["mousePressed", "mouseReleased"]) {
      await ask("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
    }
  };
  return {
    open: async (url) => void (await ask("Page.navigate", { url })),
    text,
    shows: (pattern, withinMs = SHOW_MS) => until(
      async () => {
        const now = await text();
        return pattern.test(now) ? now : undefined;
      },
      async () => `the page does not show ${String(pattern)}: ${(await text()).slice(-600).replaceAll("\n", " | ")}`, withinMs,
    ),
    press: async (name) => {
      const pattern = typeof name === "string" ? `/^\\s*${name}\\s*$/i` : String(name);
      await click(await pointAt(`all(document).find((e) => seen(e) && e.matches('button, a, summary, [role], label')
        && [e.getAttribute('aria-label'), e.title, e.innerText].some((said) => said && ${pattern}.test(said)))`, `control ${pattern}`));
    },
    type: async (selector, typed) => {
      await click(await pointAt(`all(document).find((e) => seen(e) && e.matches(${JSON.stringify(selector)}))`, selector));
      await ask("Input.insertText", { text: typed });
    },
    key: async (name) => {
      const code = { Enter: 13, Escape: 27 }[name];
      const shared = { key: name, code: name, windowsVirtualKeyCode: code, ...(name === "Enter" ? { text: "\r" } : {}) };
      await ask("Input.dispatchKeyEvent", { type: "keyDown", ...shared });
      await ask("Input.dispatchKeyEvent", { type: "keyUp", ...shared });
    },
    picture: async () => Buffer.from(String((await ask("Page.captureScreenshot", { format: "png" }))["data"]), "base64"),
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await endChild(child, "SIGTERM");
    },
  };
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** The DevTools socket of the page it starts with. */
async function openPage(dir: string): Promise<WebSocket> {
  for (const began = Date.now(); ; ) {
    try {
      const [port] = (await readFile(join(dir, "DevToolsActivePort"), "utf8")).split("\n");
      const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly Target[];
      const page = pages.find(({ type }) => type === "page");
      if (page === undefined) throw new Error("it shows no page");
      const socket = new WebSocket(page.webSocketDebuggerUrl);
      await new Promise<void>((resolve, reject) => {
        socket.addEventListener("open", () => resolve(), { once: true });
        socket.addEventListener("error", () => reject(new Error("its socket cannot be opened")), { once: true });
      });
      return socket;
    } catch (error) {
      if (Date.now() - began > START_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

interface Target { readonly type: string; readonly webSocketDebuggerUrl: string }
