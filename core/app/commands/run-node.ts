/** The node host in the foreground: opens it within its owner's limits and says when it is online and when it is not. */
import { ERRORS, hasCode, type ErrorCode } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { fingerprintWords } from "../../fabric/certificate.ts";
import {
  defaultNodeLimits, loadNodeIdentity, openNodeHost, saveDeviceToken, type ConnectionState, type StateDetail,
} from "../../execution/node-host.ts";
import { openPlainSocket } from "../connect.ts";
import { addressOf, showAddress, tokenFor } from "../gateway-address.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext } from "./command.ts";
import type { Pairing } from "./node-pairing.ts";

export interface RunNodeOptions {
  readonly nodeDir: string;
  readonly pairing: Pairing;
  readonly tags: readonly string[];
  readonly name: string;
  readonly workspace: string;
  readonly allowedDirs: readonly string[];
  readonly allowedBinaries: readonly string[] | "any";
  readonly timeoutMsMax?: number;
}

/** Runs until interrupted; what runs then is ended and recorded. Gives the exit code. */
export async function runNode(ctx: CommandContext, options: RunNodeOptions): Promise<number> {
  const { pairing, nodeDir, workspace } = options;
  const address = await addressOf(ctx, pairing.url);
  const identity = await loadNodeIdentity(nodeDir);
  const token = await tokenFor(ctx, address);
  const usual = defaultNodeLimits(workspace);
  const limits = {
    ...usual,
    allowedDirs: [...new Set([...usual.allowedDirs, ...options.allowedDirs])],
    allowedBinaries: options.allowedBinaries,
    ...(options.timeoutMsMax === undefined ? {} : { timeoutMsMax: options.timeoutMsMax }),
  };
  showStart(ctx, options, limits.allowedDirs);
  const trouble: { cause?: unknown } = {};
  const report = createReport(ctx, options, trouble);
  await using host = await openNodeHost({
    url: address.url, identity, displayName: options.name, version: ctx.version, tags: options.tags, dir: nodeDir, limits,
    // Only where the device token was revoked and a person gave the gateway's again; it is never stored.
    ...(token === undefined ? {} : { token }),
    clock: ctx.clock, ids: systemIds,
    openSocket: (url) => openPlainSocket(url, pairing.tlsFingerprint, trouble),
    saveDeviceToken: (fresh) => void saveDeviceToken(nodeDir, fresh).catch((error: unknown) => ctx.terminal.note(
      `The node's token could not be kept: ${cleanLine(String(error))}`,
    )),
    log: () => {},
    onState: report,
  }, ctx.signal);
  await host.ended;
  ctx.terminal.note("The node has stopped.");
  return 0;
}

function showStart(ctx: CommandContext, options: RunNodeOptions, allowedDirs: readonly string[]): void {
  const { terminal } = ctx;
  const { style } = terminal;
  if (terminal.quiet) return;
  const elsewhere = allowedDirs.filter((dir) => dir !== options.workspace);
  terminal.suggest(`Node ${style.strong(cleanLine(options.name))} for ${showAddress(options.pairing.url)}`);
  terminal.facts([
    ["  Its words", fingerprintWords(options.pairing.nodeId).join(" ")],
    ["  Tags", options.tags.length === 0 ? style.dim("none; work is routed here by name only") : options.tags.join(", ")],
    ["  Works in", options.workspace],
    ["  May touch", elsewhere.length === 0 ? style.dim("nothing else") : elsewhere.join(", ")],
    ["  Programs", options.allowedBinaries === "any" ? "any" : options.allowedBinaries.join(", ") || "none"],
  ]);
}

/** One line for every change, none for a try that changes nothing. */
function createReport(
  ctx: CommandContext, options: RunNodeOptions, trouble: { cause?: unknown },
): (state: ConnectionState, detail: StateDetail) => void {
  const { terminal, clock } = ctx;
  const { style } = terminal;
  let last = "";
  return (state, told) => {
    // Somebody else's certificate looks like nobody there; a person has to know the difference.
    const detail = state === "offline" && hasCode(trouble.cause, "CERTIFICATE_MISMATCH")
      ? { code: "CERTIFICATE_MISMATCH" as const, message: ERRORS.CERTIFICATE_MISMATCH.text } : told;
    delete trouble.cause;
    const key = state === "offline" ? state : `${state} ${detail.code ?? ""}`;
    if (state === "connecting" || key === last) return;
    last = key;
    terminal.record({
      state, node: options.name, nodeId: options.pairing.nodeId, tags: options.tags,
      ...(detail.code === undefined ? {} : { code: detail.code }), at: clock.now(),
    });
    const time = style.dim(new Date(clock.now()).toTimeString().slice(0, 8));
    if (state === "online") terminal.done(`Online   ${time}`);
    else if (state === "offline") {
      const why = cleanLine(detail.message ?? "the connection ended");
      terminal.line(`${style.attention(style.mark.quiet)} Offline  ${time}  ${style.dim(`${why}; trying again`)}`);
    }
    else {
      const next = detail.requestId !== undefined ? `openclaw devices approve ${cleanLine(detail.requestId)}` : nextOf(detail.code);
      terminal.line(`${style.problem(style.mark.problem)} Refused  ${time}  ${cleanLine(detail.message ?? "")}`);
      terminal.line(`  ${style.dim("Next")}  ${next}   ${style.dim(detail.code ?? "")}`);
    }
  };
}

/** A node mends a refused token by pairing again; the catalogue's other next steps hold as they are. */
function nextOf(code: ErrorCode | undefined): string {
  if (
    code === undefined || code.startsWith("AUTH_") || code.startsWith("DEVICE_AUTH_")
  ) return "openclaw node pair --url URL --token TOKEN";
  return ERRORS[code].next;
}
