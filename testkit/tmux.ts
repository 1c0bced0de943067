/** A real terminal for a test: tmux with a server of its own, keys in and the screen as a person would see it out. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const PATIENCE_MS = 30_000;
const POLL_MS = 50;

/** tmux itself may miss the end of what it runs. The shell outlives an interruption that the program is to answer. */
const SAYING_HOW_IT_ENDED = 'trap : INT; "$@"; printf "ended with %s\\n" "$?"; while :; do read -r _ || sleep 600; done';

export interface TmuxOptions {
  /** When it has ended, the screen says `ended with` its exit code, on a line of its own. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Tmux {
  /** The visible screen; with everything that scrolled away too. */
  screen(): Promise<string>;
  all(): Promise<string>;
  /** Resolves with everything there is once it fits; fails with it when it never does. */
  until(pattern: RegExp): Promise<string>;
  /** Named keys: `Enter`, `C-c`, `Up`, `Escape`. */
  keys(...names: readonly string[]): Promise<void>;
  /** Typed as it is. */
  type(text: string): Promise<void>;
  /** Pasted, with the marks of a paste where the program asked for them. */
  paste(text: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  dispose(): Promise<void>;
}

export async function openTmux({ command, env, columns = 100, rows = 30 }: TmuxOptions): Promise<Tmux> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-tmux-"));
  const socket = join(folder, "tmux");
  const clean = { PATH: process.env["PATH"] ?? "", HOME: folder, TERM: "xterm-256color", LANG: "C.UTF-8" };
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await run("tmux", ["-u", "-S", socket, "-f", "/dev/null", ...args], { env: clean, timeout: 10_000, maxBuffer: 16_000_000 })).stdout;
  const assigned = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // A line of tmux's own that went only after the program has begun would be a change of its size.
  await tmux(
    "start-server", ";", "set-option", "-g", "status", "off", ";", "new-session",
    "-d", "-s", "it", "-x", String(columns), "-y", String(rows), "--", "env", "-i", ...Object.entries(clean).map(
      ([name, value]) => `${name}=${value}`), ...assigned, "sh", "-c", SAYING_HOW_IT_ENDED, "sh", ...command,
  );
  const all = (): Promise<string> => tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "it");
  return {
    all,
    screen: () => tmux("capture-pane", "-p", "-t", "it"),
    until: async (pattern) => {
      let seen = "";
      for (const began = Date.now(); Date.now() - began < PATIENCE_MS; ) {
        seen = await all();
        if (pattern.test(seen)) return seen;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      throw new Error(`the screen never showed ${String(pattern)}:\n${seen}`);
    },
    keys: async (...names) => void (await tmux("send-keys", "-t", "it", ...names)),
    type: async (text) => void (await tmux("send-keys", "-t", "it", "-l", "--", text)),
    paste: async (text) => {
      await tmux("set-buffer", "--", text);
      await tmux("paste-buffer", "-p", "-t", "it");
    },
    resize: async (width, height) => void (await tmux("resize-window", "-t", "it", "-x", String(width), "-y", String(height))),
    dispose: async () => {
      await tmux("kill-server").catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
