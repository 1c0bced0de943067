/** Side effects that wait for a person. What is shown is exactly what would happen; nothing here answers by itself. */
import { requestOptions, withGateway } from "../connect.ts";
import { formatAgo, formatDuration } from "../terminal/quantities.ts";
import type { Terminal } from "../terminal/open-terminal.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec, WordSpec } from "./command.ts";
import { ruleVerbs } from "./approvals-rules.ts";
import { findNamed } from "./find-named.ts";
import { resolveNode } from "./nodes.ts";
import { asPayload, at, numberAt, textAt, textsAt, type Payload } from "./payload.ts";

const ID: WordSpec = { name: "ID", required: true };

const list: CommandSpec = {
  summary: "What waits for you",
  examples: [
    { line: "openclaw approvals list", about: "exactly what would happen, and where" },
    { line: "openclaw approvals list --json", about: "for a script" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.approvals"] }, async (gateway) => {
    const payload = await gateway.request("exec.approval.list", {}, requestOptions(ctx));
    const waiting = Array.isArray(payload) ? payload.map(asPayload) : [];
    ctx.terminal.answer({ approvals: waiting }, () => {
      if (waiting.length === 0) return ctx.terminal.line(ctx.terminal.style.dim("Nothing waits for you."));
      for (const [at, approval] of waiting.entries()) {
        if (at > 0) ctx.terminal.line();
        showApproval(ctx.terminal, approval, ctx.clock.now());
      }
    });
    return 0;
  }),
};

/** What, where, by whose wish, why, what if nothing is done, and the commands that answer. */
export function showApproval(terminal: Terminal, approval: Payload, nowMs: number): void {
  const { style } = terminal;
  const id = textAt(approval, "id") ?? "?";
  const request = asPayload(approval["request"]);
  const createdAt = numberAt(approval, "createdAtMs");
  const expiresAt = numberAt(approval, "expiresAtMs");
  terminal.line(`${style.attention("?")} ${style.strong(cleanLine(commandOf(request)))}`);
  const ends = expiresAt === undefined ? "" : `; denied by itself in ${formatDuration(Math.max(0, expiresAt - nowMs))}`;
  const facts: [string, string | undefined][] = [
    [
      "Where",
      cleanLine([
        textAt(request, "nodeName") ?? textAt(request, "nodeId") ?? textAt(request, "host"), textAt(request, "cwd"),
      ].filter((part) => part !== undefined).join("  in ")),
    ],
    ["For", cleanLine([textAt(request, "agentId"), textAt(request, "sessionKey")].filter((part) => part !== undefined).join(", session "))],
    ["Why", cleanLine(textAt(request, "warningText") ?? "")],
    ["Origin", cleanLine(textsAt(request, "labels").join(", "))],
    ["Asked", createdAt === undefined ? undefined : `${formatAgo(createdAt, nowMs)}${ends}`],
    ["Answer", `openclaw approvals deny ${cleanLine(id)}`],
    ["", `openclaw approvals allow ${cleanLine(id)}`],
    ["", `openclaw approvals allow ${cleanLine(id)} --session`],
  ];
  for (const [label, value] of facts) {
    if (value !== undefined && value !== "") terminal.line(`  ${style.dim(label.padEnd(6))}  ${value}`);
  }
}

/** The argv as it will be run: words that hold spaces or quotes are quoted, so that their limits can be seen. */
export function commandOf(request: Payload): string {
  const argv = textsAt(request, "commandArgv").length > 0 ? textsAt(request, "commandArgv") : textsAt(request, "command");
  if (argv.length > 0) return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
  return textAt(request, "command") ?? textAt(request, "summary") ?? "something it does not describe";
}

const allow: CommandSpec = {
  summary: "Let it happen, once",
  words: [ID],
  options: [{ name: "session", summary: "And the same again in this session, unasked" }],
  examples: [
    { line: "openclaw approvals allow 0k3v…", about: "once" },
    { line: "openclaw approvals allow 0k3v… --session", about: "for the rest of this session" },
  ],
  run: (ctx) => resolveApproval(ctx, ctx.given.flag("session") ? "allow-always" : "allow-once"),
};

const deny: CommandSpec = {
  summary: "Do not let it happen; the agent is told",
  words: [ID],
  examples: [{ line: "openclaw approvals deny 0k3v…", about: "the agent may try another way" }],
  run: (ctx) => resolveApproval(ctx, "deny"),
};

async function resolveApproval(ctx: CommandContext, decision: "allow-once" | "allow-always" | "deny"): Promise<number> {
  return withGateway(ctx, { scopes: ["operator.approvals"] }, async (gateway) => {
    const payload = await gateway.request("exec.approval.list", {}, requestOptions(ctx));
    const waiting = (Array.isArray(payload) ? payload.map(asPayload) : []).flatMap((row) => {
      const id = textAt(row, "id");
      return id === undefined ? [] : [{ id, row }];
    });
    const said = ctx.given.need("ID");
    // An id that is not waiting is sent as it is: the gateway knows whether it was answered before or never existed.
    const known = waiting.some((approval) => approval.id.startsWith(said))
      ? findNamed(said, waiting, "APPROVAL_NOT_FOUND", "approvals")
      : undefined;
    const id = known?.id ?? said;
    const answer = await gateway.request("exec.approval.resolve", { id, decision }, requestOptions(ctx));
    ctx.terminal.answer(at(answer, "ok") === undefined ? { ok: true, id, decision } : { ...asPayload(answer), id, decision }, () => {
      const { style } = ctx.terminal;
      const what = known === undefined ? id : commandOf(asPayload(known.row["request"]));
      ctx.terminal.line(
        decision === "deny"
          ? `${style.problem(style.mark.problem)} Denied: ${cleanLine(what)}`
          : `${style.good(style.mark.good)} Allowed${decision === "allow-always" ? " for this session" : " once"}: ${cleanLine(what)}`,
      );
    });
    return 0;
  });
}

export const approvals: CommandGroup = {
  summary: "Side effects that wait for you",
  usual: "list",
  examples: [
    { line: "openclaw approvals", about: "what waits" },
    { line: "openclaw approvals allow ID", about: "let it happen once" },
    { line: "openclaw approvals deny ID", about: "it will not happen" },
  ],
  verbs: { list, allow, deny, ...ruleVerbs(resolveNode) },
  aliases: { ls: "list", pending: "list" },
};
