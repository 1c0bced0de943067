/** A program in a terminal of its own, driven by keys: tmux, on a server that is ours alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Terminal extends AsyncDisposable {
  /** Types the text, then Enter. */
  say(text: string): Promise<void>;
  /** A key by its name: Escape, Enter. */
  press(key: string): Promise<void>;
  screen(): Promise<string>;
  /** Resolves with the screen once it shows what fits; rejects after the time given. */
  shows(pattern: RegExp, withinMs?: number): Promise<string>;
  /** Resolves once it no longer shows what fits. */
  hides(pattern: RegExp): Promise<void>;
}

const SHOW_MS = 30_000;

/** Undefined where there is no tmux. */
export async function openTerminal(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Terminal | undefined> {
  if ((await tmux(["-V"])).code !== 0) return undefined;
  const server = ["-L", `openclaw-compat-${process.pid}-${Date.now()}`, "-f", "/dev/null"];
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  await tmux([...server, "new-session", "-d", "-x", "140", "-y", "50", "env", "-i", ...settings, ...command]);
  const screen = async (): Promise<string> => {
    const { text } = await tmux([...server, "capture-pane", "-p"]);
    return text.replace(/[ \t]+$/gm, "").replace(/\n{2,}/g, "\n");
  };
  return {
    say: async (text) => {
      await tmux([...server, "send-keys", "-l", text]);
      await tmux([...server, "send-keys", "Enter"]);
    },
    press: async (key) => void (await tmux([...server, "send-keys", key])),
    screen,
    shows: async (pattern, withinMs = SHOW_MS) => {
      for (const began = Date.now(); ; ) {
        const text = await screen();
        if (pattern.test(text)) return text;
        if (Date.now() - began > withinMs) throw new Error(`the screen does not show ${String(pattern)}:\n${text.slice(-800)}`);
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    },
    hides: async (pattern) => {
      for (const began = Date.now(); pattern.test(await screen()); ) {
        if (Date.now() - began > SHOW_MS) throw new Error(`the screen still shows ${String(pattern)}`);
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    },
    [Symbol.asyncDispose]: async () => void (await tmux([...server, "kill-server"])),
  };
}

async function tmux(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn("tmux", args, { stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const failed = new Promise<void>((resolve) => child.once("error", () => resolve()));
  await Promise.race([once(child, "close").catch(() => undefined), failed]);
  return { code: child.exitCode, text };
}
