/** This machine as a node: pair it with a gateway, run it, say how it stands. What it may do is limited here, by its owner. */
import { hostname } from "node:os";
import { resolve } from "node:path";
import { codeOf, NODE_COMMANDS, OpenClawError } from "@openclaw/protocol";
import { addressOf, parsePort, showAddress, tokenFor } from "../gateway-address.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { cleanLine, shortenId } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import type { Paired, Pairing } from "./node-pairing.ts";
import { listAt } from "./payload.ts";
import { nodeDirOf } from "./state-dir.ts";

const pair: CommandSpec = {
  summary: "Make this machine a node of a gateway",
  options: [
    { name: "name", value: "NAME", summary: "What the node is called (this machine's name)" },
    { name: "pair", value: "CODE", summary: "A setup code instead of address and token" },
  ],
  examples: [
    { line: "openclaw node pair --url http://127.0.0.1:18789 --token TOKEN", about: "the token: openclaw config get gatewayToken" },
    { line: "openclaw node pair --name pi", about: "a gateway on this machine: address and token are known" },
    { line: "openclaw node pair --url wss://gateway.example --token TOKEN", about: "another machine, encrypted" },
  ],
  notes: ["The token is spent for a key of this machine's own; it is not kept here."],
  run: async (ctx) => {
    const nodeDir = nodeDirOf(ctx);
    const { pairNode } = await import("./node-pairing.ts");
    const name = ctx.given.text("name");
    const url = ctx.given.text("url");
    const code = ctx.given.text("pair");
    using progress = ctx.terminal.progress("pairing");
    const paired = code !== undefined ? await pairWith(ctx, nodeDir, code)
      : await pairNode(ctx, nodeDir, { ...(url === undefined ? {} : { url }), ...(name === undefined ? {} : { name }) });
    progress.hide();
    ctx.terminal.answer({ ...paired, nodeDir }, () => showPaired(ctx, paired, nodeDir));
    return 0;
  },
};

/** Spends a setup code. */
export async function pairWith(ctx: CommandContext, nodeDir: string, code: string): Promise<Paired> {
  const [{ parseSetupCode }, { pairByCode }] = await Promise.all([import("../setup-code.ts"), import("./node-pairing.ts")]);
  const name = nameOf(ctx);
  return pairByCode(ctx, nodeDir, parseSetupCode(code, ctx.clock), name === undefined ? {} : { name });
}

export function showPaired(ctx: CommandContext, paired: Paired, nodeDir: string): void {
  const { terminal } = ctx;
  const { style } = terminal;
  terminal.done(
    `This machine is now the node ${style.strong(cleanLine(paired.name))} of ${showAddress(paired.url)}`,
  );
  terminal.line();
  terminal.facts([
    ["Key", shortenId(paired.nodeId, style.mark.ellipsis)],
    ["Its words", `${style.strong(paired.words.join(" "))}  ${style.dim("the gateway shows the same")}`],
    ["Kept in", `${nodeDir}  ${style.dim("the gateway's token is not")}`],
  ]);
  terminal.line();
  terminal.table(
    [{ title: "IT MAY BE ASKED FOR" }, { title: "WHAT IT DOES", paint: (padded) => style.dim(padded), shrinks: true }],
    paired.commands.map((command) => [command, summaryOf(command)]),
    "It may be asked for nothing yet.",
  );
  terminal.line();
  terminal.suggest(`openclaw node start --tags=TAG`);
}

function summaryOf(command: string): string | undefined {
  return Object.hasOwn(NODE_COMMANDS, command) ? NODE_COMMANDS[command as keyof typeof NODE_COMMANDS].summary : undefined;
}

const START_OPTIONS: readonly OptionSpec[] = [
  { name: "tags", value: "A,B", many: true, summary: "Labels that work is routed by" },
  { name: "name", value: "NAME", summary: "What the node is called" },
  { name: "workspace", value: "DIR", summary: "Where commands run unless told (~/.openclaw-node-workspace)" },
  { name: "allow-dir", value: "DIR", many: true, summary: "Another directory it may touch; the workspace always is" },
  { name: "allow-bin", value: "NAME", many: true, summary: "Only these programs; without it, any" },
  { name: "command-timeout", value: "S", kind: "integer", summary: "Longest a command may run (1800)" },
  { name: "pair", value: "CODE", summary: "Pair with this setup code first" },
  { name: "host", value: "HOST", hidden: true, summary: "Host of the gateway" },
  { name: "display-name", value: "NAME", hidden: true, summary: "As --name" },
];

const start: CommandSpec = {
  summary: "Run the node here; it stays connected until Ctrl-C",
  options: START_OPTIONS,
  examples: [
    { line: 'openclaw node start --tags="gpu,heavy-compute"', about: "work for these tags comes here" },
    { line: "openclaw node start --allow-dir /srv/data --allow-bin git,ls,cat", about: "only there, only these" },
    { line: "openclaw node start --url http://127.0.0.1:18789 --token TOKEN", about: "pair first, if it is not" },
  ],
  notes: ["The gateway cannot widen what is allowed here. A connection that breaks is made again, for ever."],
  run: async (ctx) => {
    const nodeDir = nodeDirOf(ctx);
    const tags = checkedTags(ctx.given.list("tags"));
    const pairing = await pairingFor(ctx, nodeDir);
    const { runNode } = await import("./run-node.ts");
    return runNode(ctx, {
      nodeDir, pairing, tags,
      name: nameOf(ctx) ?? pairing.name,
      workspace: resolve(ctx.given.text("workspace") ?? `${nodeDir}-workspace`),
      allowedDirs: ctx.given.list("allow-dir").map((dir) => resolve(dir)),
      allowedBinaries: ctx.given.flag("allow-bin") ? ctx.given.list("allow-bin") : "any",
      ...(ctx.given.integer("command-timeout") === undefined ? {} : { timeoutMsMax: (ctx.given.integer("command-timeout") ?? 0) * 1_000 }),
    });
  },
};

/** The stored pairing; or a new one, where an address or token was given that the stored one does not answer. */
async function pairingFor(ctx: CommandContext, nodeDir: string): Promise<Pairing> {
  const { loadPairing, pairNode } = await import("./node-pairing.ts");
  const code = ctx.given.text("pair");
  if (code !== undefined) return pairWith(ctx, nodeDir, code);
  const stored = await loadPairing(nodeDir);
  const host = ctx.given.text("host");
  const saidUrl = ctx.given.text("url") ?? (
    host === undefined ? undefined : `http://${host}:${parsePort(ctx.given.text("port") ?? "18789", "--port")}`
  );
  const saidToken = ctx.given.text("token") ?? ctx.environment["OPENCLAW_GATEWAY_TOKEN"] ?? "";
  const elsewhere = saidUrl !== undefined && stored !== undefined && !sameGateway(saidUrl, stored.url);
  if (stored !== undefined && !elsewhere) return stored;
  if (saidToken === "") {
    const why = stored === undefined ? `${nodeDir} holds no pairing.` : `It is paired with ${stored.url}, not with ${saidUrl ?? "?"}.`;
    throw new OpenClawError("PAIRING_REQUIRED", { why, next: "openclaw node pair --url URL --token TOKEN" });
  }
  const name = nameOf(ctx);
  return pairNode(ctx, nodeDir, { ...(saidUrl === undefined ? {} : { url: saidUrl }), ...(name === undefined ? {} : { name }) });
}

function sameGateway(a: string, b: string): boolean {
  const host = (url: string): string => new URL(url.includes("://") ? url : `ws://${url}`).host.replace("localhost", "127.0.0.1");
  try {
    return host(a) === host(b);
  } catch {
    return false;
  }
}

function nameOf(ctx: CommandContext): string | undefined {
  return ctx.given.text("name") ?? ctx.given.text("display-name");
}

function checkedTags(tags: readonly string[]): readonly string[] {
  const bad = tags.find((tag) => !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(tag));
  if (bad !== undefined) throw new UsageError(
    `"${bad}" cannot be a tag.`,
    'Tags are letters, digits, dots and dashes: --tags="gpu,heavy-compute"',
  );
  return tags;
}

const status: CommandSpec = {
  summary: "Is this machine paired, and does the gateway see it",
  examples: [{ line: "openclaw node status", about: "exit code 77 when it is not paired" }],
  run: async (ctx) => {
    const nodeDir = nodeDirOf(ctx);
    const { loadPairing } = await import("./node-pairing.ts");
    const pairing = await loadPairing(nodeDir);
    if (pairing === undefined) throw new OpenClawError("PAIRING_REQUIRED", {
      why: `${nodeDir} holds no pairing.`, next: "openclaw node pair --url URL --token TOKEN",
    });
    const seen = await seenByGateway(ctx, pairing);
    const { style } = ctx.terminal;
    ctx.terminal.answer({ ...pairing, nodeDir, ...seen }, () => {
      const state = seen.reachable === false ? style.attention("the gateway does not answer")
        : seen.connected === true ? `${style.good(style.mark.good)} Online`
        : seen.connected === false
          ? `${style.mark.quiet} Offline: it is not running`
          : style.dim("the gateway does not tell without a token");
      ctx.terminal.line(`${style.strong(cleanLine(pairing.name))}  ${state}`);
      ctx.terminal.facts([["  Gateway", showAddress(pairing.url)], ["  Id", pairing.nodeId], ["  Kept in", nodeDir]]);
      if (seen.connected === false) ctx.terminal.suggest(`openclaw node start`);
    });
    return 0;
  },
};

interface Seen {
  readonly reachable?: boolean;
  readonly connected?: boolean;
}

/** Asked only where a token for the gateway is at hand; a node's own token may not list nodes. */
async function seenByGateway(ctx: CommandContext, pairing: Pairing): Promise<Seen> {
  const { askGateway } = await import("../connect.ts");
  if ((await tokenFor(ctx, await addressOf(ctx, pairing.url))) === undefined) return {};
  try {
    const rows = listAt(await askGateway(ctx, ["operator.read"], "node.list", {}, { url: pairing.url }), "nodes");
    return { reachable: true, connected: rows.find((row) => row["nodeId"] === pairing.nodeId)?.["connected"] === true };
  } catch (error) {
    return codeOf(error) === "GATEWAY_UNREACHABLE" ? { reachable: false } : {};
  }
}

export const node: CommandGroup = {
  summary: `Make this machine (${hostname()}) a node`,
  examples: [
    { line: "openclaw node pair --url URL --token TOKEN", about: "once" },
    { line: 'openclaw node start --tags="gpu,heavy-compute"', about: "then this" },
    { line: "openclaw node status", about: "how it stands" },
  ],
  verbs: { pair, start, status, run: { ...start, summary: "As start" } },
};
