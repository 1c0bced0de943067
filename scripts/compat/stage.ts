/**
 * What the steps run on: our gateway with a scripted model, a proxy that keeps every frame, and the unmodified clients, each
 * with a home of its own below one scratch directory.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { endChild, endWithUs } from "../../testkit/end-with-us.ts";
import { freePort, openRealGateway, PROGRAM_MAIN, type RealGateway } from "../../testkit/real-gateway.ts";
import { openRecordingProxy, type RecordingProxy } from "../../testkit/recording-proxy.ts";
import { scriptedConfig } from "../../testkit/scripted-config.ts";
import { openScriptedModel } from "../../testkit/scripted-model-server.ts";
import { openBrowser, type Browser } from "./browser.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

export interface Said { readonly code: number | null; readonly text: string }

export interface Running {
  /** Everything it wrote so far. */
  output(): string;
  /** Resolves once it has written what fits; rejects after the time given. */
  wrote(pattern: RegExp, withinMs?: number): Promise<void>;
  end(): Promise<void>;
}

export interface Stage extends AsyncDisposable {
  readonly gateway: RealGateway;
  readonly proxy: RecordingProxy;
  /** Where commands of their node may leave something. */
  readonly scratch: string;
  /** Runs the well-known command line against our gateway to its end. */
  theirs(args: readonly string[], withinMs?: number): Promise<Said>;
  /** As `theirs`, its output read as JSON: whatever stands around the document is left out. */
  json(args: readonly string[]): Promise<unknown>;
  /** Starts the well-known command line against our gateway, or another, with a home of that name. */
  start(home: string, args: readonly string[], at?: { readonly port: number; readonly token: string }): Promise<Running>;
  /** A further gateway of ours, set up otherwise. */
  another(config: Readonly<Record<string, unknown>>, env?: Readonly<Record<string, string>>): Promise<RealGateway>;
  /** A browser; undefined where there is no Chromium. */
  browser(): Promise<Browser | undefined>;
  /** A terminal in which the well-known command line runs; undefined where there is no tmux. */
  terminal(args: readonly string[]): Promise<Terminal | undefined>;
  /** Runs either program to its end, in a home of that name; nothing is put into it. */
  command(program: "ours" | "theirs", home: string, args: readonly string[], withinMs?: number): Promise<Said>;
  /** Where homes lie, by name. */
  readonly homes: string;
  /** The well-known gateway itself, started on first use. */
  theirGateway(): Promise<TheirGateway>;
}

export interface TheirGateway {
  readonly port: number;
  readonly token: string;
  /** Their command line at their gateway. */
  theirs(args: readonly string[], withinMs?: number): Promise<Said>;
  /** Our command line at their gateway; runs until ended. */
  ours(home: string, args: readonly string[]): Promise<Running>;
}

const CLIENT_MS = 60_000;
const START_MS = 90_000;

export async function openStage(main: string, dir: string): Promise<Stage> {
  const opened = new AsyncDisposableStack();
  try {
    const model = await openScriptedModel();
    opened.defer(() => model.close());
    // Their dashboard, from their own package, stands where ours would.
    const gateway = await openRealGateway({
      config: { ...scriptedConfig(model.url), gateway: { controlUi: { root: join(dirname(main), "dist", "control-ui") } } },
    });
    opened.defer(() => gateway.dispose());
    const proxy = opened.use(await openRecordingProxy(gateway.port));
    const program = { main, gatewayPort: proxy.port, token: gateway.token };
    const scratch = join(dir, "scratch");
    await mkdir(scratch, { recursive: true });
    const environmentOf = (home: string, port: number, token: string): Record<string, string> => ({
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`, HOME: home, NO_COLOR: "1", TERM: "xterm-256color",
      LANG: "C.UTF-8", OPENCLAW_GATEWAY_TOKEN: token, OPENCLAW_GATEWAY_PORT: String(port), OPENCLAW_DISABLE_BONJOUR: "1",
    });
    const homeOf = async (name: string, port: number, token: string): Promise<Record<string, string>> => {
      const home = join(dir, "homes", name);
      await mkdir(join(home, ".openclaw"), { recursive: true, mode: 0o700 });
      const config = { gateway: { mode: "local", port, auth: { mode: "token", token } } };
      await writeFile(join(home, ".openclaw", "openclaw.json"), JSON.stringify(config), { mode: 0o600, flag: "wx" }).catch(() => undefined);
      return environmentOf(home, port, token);
    };
    const theirsAt = (home: string, port: number, token: string): Stage["theirs"] => async (args, withinMs = CLIENT_MS) => {
      const child = run([main, ...args], await homeOf(home, port, token));
      const timer = setTimeout(() => child.process.kill("SIGKILL"), withinMs);
      await child.ended;
      clearTimeout(timer);
      return { code: child.process.exitCode, text: child.output() };
    };
    const theirs = theirsAt("client", program.gatewayPort, program.token);
    const startAt = async (env: Record<string, string>, args: readonly string[]): Promise<Running> => {
      const child = run(args, env);
      opened.defer(() => child.end());
      return child;
    };
    let other: Promise<TheirGateway> | undefined;
    const openOther = async (): Promise<TheirGateway> => {
      const [port, token] = [await freePort(), "a-token-for-the-well-known-gateway"];
      const home = join(dir, "homes", "their-gateway");
      await mkdir(join(home, ".openclaw"), { recursive: true, mode: 0o700 });
      await writeFile(join(home, ".openclaw", "openclaw.json"), JSON.stringify(theirConfig(port, token, model.url)), { mode: 0o600 });
      const started = await startAt(environmentOf(home, port, token), [main, "gateway", "run", "--port", String(port)]);
      await untilHealthy(port, started);
      return {
        port, token, theirs: theirsAt("their-gateway", port, token),
        ours: async (name, args) => startAt(
          { ...(await homeOf(name, port, token)), OPENCLAW_GATEWAY_URL: `http://127.0.0.1:${port}` }, [PROGRAM_MAIN, ...args],
        ),
      };
    };
    return {
      gateway, proxy, scratch, theirs, homes: join(dir, "homes"),
      command: async (which, name, args, withinMs = CLIENT_MS) => {
        const home = join(dir, "homes", name);
        await mkdir(home, { recursive: true, mode: 0o700 });
        const { OPENCLAW_GATEWAY_TOKEN: _, OPENCLAW_GATEWAY_PORT: __, ...env } = environmentOf(home, 0, "");
        const child = run([which === "ours" ? PROGRAM_MAIN : main, ...args], env);
        const timer = setTimeout(() => child.process.kill("SIGKILL"), withinMs);
        await child.ended;
        clearTimeout(timer);
        return { code: child.process.exitCode, text: child.output() };
      },
      json: async (args) => parseWithin((await theirs(args)).text),
      start: async (name, args, { port, token } = { port: program.gatewayPort, token: program.token }) => (
        startAt(await homeOf(name, port, token), [main, ...args])
      ),
      another: async (config, env = {}) => {
        const further = await openRealGateway({ config, env, bare: true });
        opened.defer(() => further.dispose());
        return further;
      },
      browser: async () => {
        const browser = await openBrowser(join(dir, "browser"));
        return browser === undefined ? undefined : opened.use(browser);
      },
      terminal: async (args) => {
        const env = await homeOf("terminal", program.gatewayPort, program.token);
        const terminal = await openTerminal([process.execPath, main, ...args], env);
        if (terminal !== undefined) opened.use(terminal);
        return terminal;
      },
      theirGateway: () => (other ??= openOther()),
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

interface Child extends Running {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
}

function run(args: readonly string[], env: Record<string, string>): Child {
  const child = spawn(process.execPath, args, { env, cwd: env["HOME"], stdio: ["ignore", "pipe", "pipe"] });
  endWithUs(child);
  let said = "";
  const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-200_000));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", hear);
  const ended = once(child, "close");
  return {
    process: child, ended,
    output: () => said,
    wrote: async (pattern, withinMs = CLIENT_MS) => {
      for (const began = Date.now(); !pattern.test(said); ) {
        const isOver = Date.now() - began > withinMs || child.exitCode !== null;
        if (isOver) throw new Error(`it did not write ${String(pattern)}: ${said.trim().split("\n").at(-1) ?? ""}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    end: async () => {
      const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await endChild(child, "SIGTERM");
      clearTimeout(patience);
    },
  };
}

async function untilHealthy(port: number, gateway: Running): Promise<void> {
  for (const began = Date.now(); ; ) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, () => false);
    if (ready) return;
    if (Date.now() - began > START_MS) throw new Error(`the well-known gateway did not start:\n${gateway.output().slice(-1_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function theirConfig(port: number, token: string, modelUrl: string): object {
  const model = { id: "test", name: "test", contextWindow: 128_000, maxTokens: 4_096 };
  return {
    gateway: { mode: "local", port, bind: "loopback", auth: { mode: "token", token } },
    agents: { defaults: { model: { primary: "scripted/test" } } },
    models: {
      mode: "merge", providers: { scripted: { baseUrl: modelUrl, api: "openai-completions", apiKey: "sk-scripted", models: [model] } },
    },
  };
}

/** The first JSON document of a text. */
function parseWithin(text: string): unknown {
  for (let at = text.search(/[[{]/); at >= 0; ) {
    for (let end = text.length; end > at; end = text.lastIndexOf(text[at] === "[" ? "]" : "}", end - 1)) {
      try {
        return JSON.parse(text.slice(at, end + 1)) as unknown;
      } catch {
        // a bracket of something else
      }
      if (end === 0) break;
    }
    const next = text.slice(at + 1).search(/[[{]/);
    at = next < 0 ? -1 : at + 1 + next;
  }
  throw new Error(`no JSON in: ${text.slice(0, 500)}`);
}
