import { spawn } from "node:child_process";
import { OpenClawError, type NodeCommandParams } from "@openclaw/protocol";
import { nodePath } from "./command-environment.ts";
import { findProgram } from "./find-program.ts";

const NOTIFIER = "notify-send";
const TIME_MS = 10_000;
const URGENCY = { passive: "low", active: "normal", timeSensitive: "critical" } as const;
/** Where the person's screen is; nothing else of the node's environment is handed on. */
const SCREEN_VARIABLES = [
  "PATH", "HOME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
];

/** The program that shows messages here, if there is one: without it a node does not offer to. */
export function findNotifier(own: Readonly<Record<string, string | undefined>>): string | undefined {
  return findProgram(NOTIFIER, nodePath(own), "/");
}

/** Shows a message on this machine's screen. Throws COMMAND_NOT_STARTED where there is none to show it on. */
export async function notifyPerson(
  { title, body, priority = "active" }: NodeCommandParams<"system.notify">, own: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const program = findNotifier(own);
  if (program === undefined) throw new OpenClawError("COMMAND_NOT_STARTED", { why: `There is no ${NOTIFIER} on this node.` });
  const env = Object.fromEntries(SCREEN_VARIABLES.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));
  const args = ["--app-name", "OpenClaw", "--urgency", URGENCY[priority], "--", title, body];
  const ended = Promise.withResolvers<number | null>();
  const child = spawn(program, args, { env, stdio: "ignore", shell: false, timeout: TIME_MS, signal });
  child.once("error", () => ended.resolve(null));
  child.once("close", (code) => ended.resolve(code));
  if ((await ended.promise) !== 0) throw new OpenClawError("TOOL_FAILED", { why: "The node has no screen that shows messages." });
  return {};
}
