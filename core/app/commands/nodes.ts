/** Nodes as the gateway sees them. Names are looked up here, so that every command takes an id, a name or an id's beginning. */
import type { GatewayClient } from "@openclaw/protocol/client";
import { OpenClawError, type Scope } from "@openclaw/protocol";
import { askGateway, requestOptions, withGateway, type GatewayChoice } from "../connect.ts";
import { formatAgo, formatDuration } from "../terminal/quantities.ts";
import { cleanLine, cleanText, shortenId } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandGroup, CommandSpec, WordSpec } from "./command.ts";
import { findNamed, type Named } from "./find-named.ts";
import { deviceVerbs } from "./nodes-device.ts";
import { at, listAt, numberAt, textAt, textsAt, type Payload } from "./payload.ts";

const NODE: WordSpec = { name: "NODE", required: true };
const REQUEST: WordSpec = { name: "NODE|REQUEST", required: true };
const ANSWER_GRACE_MS = 5_000;

const list: CommandSpec = {
  summary: "Every node: state, name, tags, last seen",
  options: [
    { name: "connected", summary: "Only those that are online" },
    { name: "tag", value: "TAG", summary: "Only those that carry it" },
  ],
  examples: [
    { line: "openclaw nodes list", about: "all of them" },
    { line: "openclaw nodes list --tag gpu", about: "who has a GPU" },
    { line: "openclaw nodes list --json", about: "for a script" },
  ],
  run: async (ctx) => {
    const payload = await askGateway(ctx, ["operator.read"], "node.list", {});
    const tag = ctx.given.text("tag");
    const all = listAt(payload, "nodes");
    const connectedOnly = ctx.given.flag("connected");
    const tagged = tag === undefined ? all : all.filter((row) => textsAt(row, "tags").includes(tag));
    const rows = connectedOnly ? tagged.filter((row) => row["connected"] === true) : tagged;
    if (tag !== undefined && rows.length === 0) {
      const tags = [...new Set(all.flatMap((row) => textsAt(row, "tags")))];
      throw new OpenClawError("NODE_TAG_NONE", {
        why: tags.length === 0 ? "No node has a tag." : `Tags here: ${tags.join(", ")}.`,
        next: `Start one: openclaw node start --tags=${tag}`,
      });
    }
    ctx.terminal.answer({ nodes: rows }, () => showNodes(ctx, rows));
    return 0;
  },
};

function showNodes(ctx: CommandContext, rows: readonly Payload[]): void {
  const { terminal } = ctx;
  const { style } = terminal;
  const now = ctx.clock.now();
  terminal.table([
    {
      title: "STATE",
      paint: (padded, cell) => (
        cell.endsWith("online") ? style.good(padded) : cell.endsWith("waiting") ? style.attention(padded) : style.dim(padded)
      ),
    },
    { title: "NAME" },
    { title: "TAGS", shrinks: true },
    { title: "PLATFORM" },
    { title: "COMMANDS", align: "right" },
    { title: "SEEN" },
    { title: "ID", paint: (padded) => style.dim(padded) },
  ], rows.map((row) => [
    stateOf(row, style.mark),
    textAt(row, "displayName"),
    textsAt(row, "tags").join(", "),
    textAt(row, "platform"),
    textsAt(row, "commands").length,
    row["connected"] === true ? `for ${formatDuration(Math.max(0, now - (numberAt(row, "connectedAtMs") ?? now)))}` : seenAgo(row, now),
    terminal.width === 0 ? textAt(row, "nodeId") : shortenId(textAt(row, "nodeId") ?? "", style.mark.ellipsis),
  ]), "No node is paired yet. Pair one from its machine: openclaw node pair --url URL --token TOKEN");
  if (rows.some((row) => row["approvalState"] === "pending")) terminal.suggest(`openclaw nodes pending`);
}

function stateOf(row: Payload, mark: { readonly good: string; readonly quiet: string; readonly live: string }): string {
  if (row["approvalState"] === "pending") return `${mark.live} waiting`;
  if (row["draining"] === true) return row["connected"] === true ? `${mark.quiet} draining` : `${mark.quiet} offline`;
  return row["connected"] === true ? `${mark.good} online` : `${mark.quiet} offline`;
}

function seenAgo(row: Payload, now: number): string | undefined {
  const seen = numberAt(row, "lastSeenAtMs");
  return seen === undefined ? undefined : formatAgo(seen, now);
}

const describe: CommandSpec = {
  summary: "One node: what it is and may do",
  words: [NODE],
  examples: [
    { line: "openclaw nodes describe pi", about: "by name" },
    { line: "openclaw nodes describe 3f2a91bc", about: "by the beginning of its id" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read"] }, async (gateway) => {
    const node = await resolveNode(ctx, gateway, ctx.given.need("NODE"));
    const payload = await gateway.request("node.describe", { nodeId: node.id }, requestOptions(ctx));
    const { terminal } = ctx;
    const { style } = terminal;
    terminal.answer(payload, () => {
      const row = payload as Payload;
      terminal.line(`${style.strong(cleanLine(textAt(row, "displayName") ?? node.id))}  ${stateOf(row, style.mark)}`);
      terminal.line();
      terminal.facts([
        ["Id", node.id],
        ["Its words", textsAt(row, "fingerprintWords").join(" ") || undefined],
        ["Tags", cleanLine(textsAt(row, "tags").join(", "))],
        [
          "Platform",
          cleanLine([
            textAt(row, "platform"), textAt(row, "deviceFamily"), textAt(row, "version"),
          ].filter((part) => part !== undefined).join("  ")),
        ],
        ["Address", cleanLine(textAt(row, "remoteIp") ?? "")],
        ["Seen", row["connected"] === true ? "now" : seenAgo(row, ctx.clock.now())],
        ["New work", row["draining"] === true ? style.attention("none: it is being drained") : undefined],
        ["Commands", cleanLine(textsAt(row, "commands").join(", ")) || style.attention("none approved")],
        ["Abilities", cleanLine(textsAt(row, "caps").join(", "))],
      ]);
      if (row["approvalState"] === "pending") terminal.line(
        `\n${style.accent(style.mark.live)} openclaw nodes approve ${cleanLine(textAt(row, "displayName") ?? node.id)}`,
      );
    });
    return 0;
  }),
};

const invoke: CommandSpec = {
  summary: "Have a node carry out one command",
  options: [
    { name: "node", value: "NODE", required: true, summary: "Name, id, or the beginning of an id" },
    { name: "command", value: "COMMAND", required: true, summary: "system.info, system.run, system.which, file.read, …" },
    { name: "params", value: "JSON", kind: "json", summary: "What the command takes" },
    { name: "invoke-timeout", value: "MS", kind: "integer", summary: "Longest the command may run (15000)" },
    { name: "idempotency-key", value: "KEY", summary: "Repeat safely: the same key never runs twice" },
    { name: "propagate", summary: "Exit with the command's own exit code" },
  ],
  examples: [
    { line: "openclaw nodes invoke --node pi --command system.info", about: "what machine is it" },
    { line: `openclaw nodes invoke --node pi --command system.run --params '{"command":["uptime"]}'`, about: "run a program" },
    { line: `openclaw nodes invoke --node pi --command system.which --params '{"bins":["git"]}'`, about: "is it there" },
  ],
  notes: ["The gate decides as it does for an agent: what changes something asks you first."],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.write"] }, async (gateway) => {
    const { systemIds } = await import("../../base/ids.ts");
    const node = await resolveNode(ctx, gateway, ctx.given.need("node"));
    const timeoutMs = ctx.given.integer("invoke-timeout") ?? 15_000;
    const command = ctx.given.need("command");
    using _ = ctx.terminal.progress(`${command} on ${node.name ?? node.id}`);
    const payload = await gateway.request("node.invoke", {
      nodeId: node.id, command, timeoutMs,
      params: ctx.given.json("params") ?? {},
      idempotencyKey: ctx.given.text("idempotency-key") ?? systemIds.uuid(),
    }, { signal: ctx.signal, timeoutMs: ctx.given.integer("timeout") ?? timeoutMs + ANSWER_GRACE_MS });
    const result = at(payload, "payload") ?? parseJson(textAt(payload, "payloadJSON"));
    ctx.terminal.answer(payload, () => showResult(ctx, result));
    const exitCode = numberAt(result, "exitCode");
    if (exitCode === undefined || exitCode === 0) return at(result, "success") === false ? 1 : 0;
    return ctx.given.flag("propagate") ? exitCode : 1;
  }),
};

/** A program's output is written as it was; any other result is shown as JSON. */
function showResult(ctx: CommandContext, result: unknown): void {
  const { terminal } = ctx;
  const stdout = at(result, "stdout");
  if (typeof stdout !== "string") return terminal.line(cleanText(JSON.stringify(result ?? null, null, 2)));
  const output = stdout + (textAt(result, "stderr") ?? "");
  terminal.stream(output);
  if (output !== "" && !output.endsWith("\n")) terminal.line();
  const exitCode = numberAt(result, "exitCode");
  const signal = textAt(result, "signal");
  if (exitCode !== 0) terminal.note(
    at(result, "timedOut") === true ? "ended after its time was over"
      : signal === undefined ? `exit code ${exitCode ?? "unknown"}`
      : `ended by ${cleanLine(signal)}`,
  );
}

const pending: CommandSpec = {
  summary: "Nodes whose commands nobody approved yet",
  examples: [{ line: "openclaw nodes pending", about: "who waits, and for what" }],
  run: async (ctx) => {
    const waiting = listAt(await askGateway(ctx, ["operator.pairing"], "node.pair.list", {}), "pending");
    const { style } = ctx.terminal;
    ctx.terminal.answer({ pending: waiting }, () => {
      ctx.terminal.table([
        { title: "NODE" }, { title: "PLATFORM" }, { title: "WANTS TO OFFER", shrinks: true }, { title: "ASKED" },
        { title: "REQUEST", paint: (padded) => style.dim(padded) },
      ], waiting.map((row) => [
        textAt(row, "displayName") ?? textAt(row, "nodeId"), textAt(row, "platform"), textsAt(row, "commands").join(", "),
        formatAgo(numberAt(row, "ts") ?? ctx.clock.now(), ctx.clock.now()), textAt(row, "requestId"),
      ]), "No node waits for approval.");
      const first = waiting[0];
      if (first !== undefined) ctx.terminal.suggest(
        `openclaw nodes approve ${cleanLine(textAt(first, "displayName") ?? textAt(first, "requestId") ?? "")}`,
      );
    });
    return 0;
  },
};

const approve: CommandSpec = {
  summary: "Let a node offer its commands",
  words: [REQUEST],
  examples: [{ line: "openclaw nodes approve pi", about: "by name, or by the request's id" }],
  run: async (ctx) => {
    const request = await resolveRequest(ctx, ctx.given.need("NODE|REQUEST"));
    const payload = await approveNode(ctx, request.row);
    const commands = cleanLine(textsAt(request.row, "commands").join(", ")) || "nothing";
    ctx.terminal.answer(payload, () => ctx.terminal.done(`${cleanLine(request.name ?? request.id)} may now be asked for ${commands}.`));
    return 0;
  },
};

/** Approves a pending request with exactly the scopes it asks for. */
export async function approveNode(
  ctx: CommandContext,
  request: Payload,
  where: GatewayChoice = {},
): Promise<unknown> {
  const scopes = ["operator.pairing", ...textsAt(request, "requiredApproveScopes")] as Scope[];
  return askGateway(ctx, [...new Set(scopes)], "node.pair.approve", { requestId: textAt(request, "requestId") }, where);
}

const reject: CommandSpec = {
  summary: "Refuse what a node wants to offer",
  words: [REQUEST],
  examples: [{ line: "openclaw nodes reject pi", about: "by name, or by the request's id" }],
  run: async (ctx) => {
    const request = await resolveRequest(ctx, ctx.given.need("NODE|REQUEST"));
    const payload = await askGateway(ctx, ["operator.pairing"], "node.pair.reject", { requestId: request.requestId });
    ctx.terminal.answer(payload, () => ctx.terminal.line(`Refused: ${cleanLine(request.name ?? request.id)}.`));
    return 0;
  },
};

const remove: CommandSpec = {
  summary: "Forget a node; its key stops working at once",
  words: [NODE],
  examples: [{ line: "openclaw nodes remove pi", about: "asks first; --yes does not" }],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read", "operator.pairing"] }, async (gateway) => {
    const node = await resolveNode(ctx, gateway, ctx.given.need("NODE"));
    const { agreed } = await import("./agreed.ts");
    await agreed(ctx, `Forget ${node.name ?? node.id}? It has to be paired again to come back.`);
    const payload = await gateway.request("node.pair.remove", { nodeId: node.id }, requestOptions(ctx));
    ctx.terminal.answer(payload, () => ctx.terminal.line(`Forgotten: ${cleanLine(node.name ?? node.id)}.`));
    return 0;
  }),
};

const rename: CommandSpec = {
  summary: "Give a node another name",
  words: [NODE, { name: "NAME", required: true }],
  examples: [{ line: "openclaw nodes rename raspberrypi pi", about: "from now on: pi" }],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read", "operator.pairing"] }, async (gateway) => {
    const node = await resolveNode(ctx, gateway, ctx.given.need("NODE"));
    const payload = await gateway.request("node.rename", { nodeId: node.id, displayName: ctx.given.need("NAME") }, requestOptions(ctx));
    ctx.terminal.answer(
      payload,
      () => ctx.terminal.line(`${cleanLine(node.name ?? node.id)} is now ${cleanLine(ctx.given.need("NAME"))}.`),
    );
    return 0;
  }),
};

const drain: CommandSpec = {
  summary: "Give a node no new work; what runs there goes on",
  words: [NODE],
  options: [{ name: "off", summary: "Give it work again" }],
  examples: [
    { line: "openclaw nodes drain pi", about: "before its machine is restarted" },
    { line: "openclaw nodes drain pi --off", about: "it takes work again" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read", "operator.pairing"] }, async (gateway) => {
    const node = await resolveNode(ctx, gateway, ctx.given.need("NODE"));
    const draining = !ctx.given.flag("off");
    const payload = await gateway.request("node.drain", { nodeId: node.id, draining }, requestOptions(ctx));
    const name = cleanLine(node.name ?? node.id);
    ctx.terminal.answer(payload, () => ctx.terminal.done(draining ? `${name} is given no new work.` : `${name} is given work again.`));
    return 0;
  }),
};

const tags: CommandSpec = {
  summary: "Give a node other tags than it brings along",
  words: [NODE, { name: "A,B" }],
  options: [{ name: "own", summary: "Back to its own" }],
  examples: [
    { line: "openclaw nodes tags pi garage,camera", about: "work for these tags goes there" },
    { line: "openclaw nodes tags pi --own", about: "those it was started with" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read", "operator.pairing"] }, async (gateway) => {
    const said = ctx.given.word("A,B");
    if (said === undefined && !ctx.given.flag("own")) throw new UsageError("Which tags?", "openclaw nodes tags NODE A,B");
    const node = await resolveNode(ctx, gateway, ctx.given.need("NODE"));
    const wanted = ctx.given.flag("own") ? null : (said ?? "").split(",").map((tag) => tag.trim()).filter((tag) => tag !== "");
    const payload = await gateway.request("node.tags.set", { nodeId: node.id, tags: wanted }, requestOptions(ctx));
    const now = cleanLine(textsAt(payload, "tags").join(", ")) || "none";
    ctx.terminal.answer(payload, () => ctx.terminal.done(`Tags of ${cleanLine(node.name ?? node.id)}: ${now}.`));
    return 0;
  }),
};

export const nodes: CommandGroup = {
  summary: "The machines that do the work, seen from the gateway",
  usual: "list",
  examples: [
    { line: "openclaw nodes list", about: "who is online" },
    { line: "openclaw nodes describe pi", about: "what one may do" },
    { line: `openclaw nodes invoke --node pi --command system.info`, about: "ask it something" },
  ],
  verbs: { list, describe, invoke, ...deviceVerbs(resolveNode), pending, approve, reject, remove, rename, drain, tags },
  aliases: { ls: "list", status: "list", rm: "remove" },
};

/** Throws NODE_UNKNOWN with the names there are. */
export async function resolveNode(ctx: CommandContext, gateway: GatewayClient, said: string): Promise<Named> {
  const rows = listAt(await gateway.request("node.list", {}, requestOptions(ctx)), "nodes");
  const known = rows.flatMap((row): Named[] => {
    const id = textAt(row, "nodeId");
    const name = textAt(row, "displayName");
    return id === undefined ? [] : [{ id, ...(name === undefined ? {} : { name }) }];
  });
  return findNamed(said, known, "NODE_UNKNOWN", "nodes");
}

interface PendingRequest extends Named {
  readonly requestId: string;
  readonly row: Payload;
}

async function resolveRequest(ctx: CommandContext, said: string): Promise<PendingRequest> {
  const waiting = listAt(await askGateway(ctx, ["operator.pairing"], "node.pair.list", {}), "pending").flatMap((row): PendingRequest[] => {
    const requestId = textAt(row, "requestId");
    const name = textAt(row, "displayName");
    return requestId === undefined
      ? []
      : [{ id: textAt(row, "nodeId") ?? requestId, requestId, row, ...(name === undefined ? {} : { name }) }];
  });
  return waiting.find((request) => request.requestId === said) ?? findNamed(said, waiting, "NODE_UNKNOWN", "waiting nodes");
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
