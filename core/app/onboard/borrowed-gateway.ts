/** A gateway for the time of a check: the one that runs already, else one that is started and stopped again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { hasCode, OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { CommandContext } from "../commands/command.ts";
import { withGateway } from "../connect.ts";

const START_MS = 30_000;
const STOP_MS = 10_000;
const POLL_MS = 200;
const SAID_CHARS_MAX = 8_000;
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface BorrowedGateway extends AsyncDisposable {
  /** It ran before and goes on. */
  readonly ranBefore: boolean;
}

/** Throws what keeps it from starting, as it said it itself. Disposing stops the one that was started here. */
export async function borrowGateway(ctx: CommandContext): Promise<BorrowedGateway> {
  if (await answers(ctx)) return { ranBefore: true, [Symbol.asyncDispose]: async () => undefined };
  const [profile, port] = [ctx.given.text("profile"), ctx.given.text("port")];
  const args = [
    ...(profile === undefined ? [] : ["--profile", profile]), "gateway", "run", "--json", ...(port === undefined ? [] : ["--port", port]),
  ];
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], {
    env: { ...ctx.environment }, stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID_CHARS_MAX);
  });
  const ended = once(child, "exit").catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const patience = ctx.clock.after(STOP_MS, () => child.kill("SIGKILL"));
    await ended;
    patience.close();
  };
  try {
    for (const began = ctx.clock.monotonic(); !(await answers(ctx)); ) {
      if (child.exitCode !== null || child.signalCode !== null) throw refused(said);
      if (ctx.clock.monotonic() - began > START_MS) throw new OpenClawError("GATEWAY_UNREACHABLE", { why: "It did not start in time." });
      await ctx.clock.wait(POLL_MS, ctx.signal);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ranBefore: false, [Symbol.asyncDispose]: stop };
}

async function answers(ctx: CommandContext): Promise<boolean> {
  try {
    return await withGateway(ctx, { scopes: [] }, async () => true);
  } catch (error) {
    if (!NOT_THERE.some((code) => hasCode(error, code))) throw error;
    return false;
  }
}

/** Before the first start there is no token either, and another gateway's port is found out by starting. */
const NOT_THERE = ["GATEWAY_UNREACHABLE", "AUTH_TOKEN_MISSING", "AUTH_REQUIRED", "DEVICE_IDENTITY_REQUIRED"] as const;

interface Envelope {
  readonly error: { readonly code: ErrorCode; readonly why?: string; readonly next: string };
}

/** The envelope of its failure, which stands at the end of what it said. */
function refused(said: string): OpenClawError {
  const envelope = /\{\s*"ok": false[\s\S]*\}\s*$/.exec(said)?.[0];
  try {
    const { error } = JSON.parse(envelope ?? "") as Envelope;
    return new OpenClawError(error.code, { ...(error.why === undefined ? {} : { why: error.why }), next: error.next });
  } catch {
    return new OpenClawError("GATEWAY_UNREACHABLE", {
      why: `It ended at its start: ${said.trim().slice(-400)}`, next: "openclaw gateway run",
    });
  }
}
