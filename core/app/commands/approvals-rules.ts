/** Which programs may be run on a machine: shown, and replaced from a file. */
import { readFile } from "node:fs/promises";
import type { GatewayClient } from "@openclaw/protocol/client";
import { OpenClawError } from "@openclaw/protocol";
import { requestOptions, withGateway } from "../connect.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext, CommandSpec, OptionSpec } from "./command.ts";
import type { Named } from "./find-named.ts";
import { asPayload, at, listAt, textAt, type Payload } from "./payload.ts";

type ResolveNode = (ctx: CommandContext, gateway: GatewayClient, said: string) => Promise<Named>;

const WHERE: OptionSpec = { name: "node", value: "NODE", summary: "Of this node; the gateway's own machine otherwise" };

/** `get` and `set`: of the gateway's machine, or with `--node` of a node. */
export function ruleVerbs(resolveNode: ResolveNode): Readonly<Record<"get" | "set", CommandSpec>> {
  const withRules = <T>(
    ctx: CommandContext, work: (ask: (verb: "get" | "set", params: object) => Promise<unknown>) => Promise<T>,
  ): Promise<T> => withGateway(ctx, { scopes: ["operator.admin", "operator.read"] }, async (gateway) => {
    const said = ctx.given.text("node");
    const nodeId = said === undefined ? undefined : (await resolveNode(ctx, gateway, said)).id;
    return await work((verb, params) => gateway.request(
      nodeId === undefined ? `exec.approvals.${verb}` : `exec.approvals.node.${verb}`,
      nodeId === undefined ? params : { nodeId, ...params }, requestOptions(ctx),
    ));
  });
  return {
    get: {
      summary: "Which programs may be run, on a machine",
      options: [WHERE],
      examples: [
        { line: "openclaw approvals get", about: "the gateway's own machine" },
        { line: "openclaw approvals get --node pi --json", about: "a node's, to be edited and set" },
      ],
      run: (ctx) => withRules(ctx, async (ask) => {
        const snapshot = await ask("get", {});
        ctx.terminal.answer(snapshot, () => showRules(ctx, snapshot));
        return 0;
      }),
    },
    set: {
      summary: "Replace that file",
      words: [{ name: "FILE", required: true }],
      options: [WHERE],
      examples: [{ line: "openclaw approvals set rules.json --node pi", about: "what get --json printed as file" }],
      notes: ["Refused when somebody else changed it in between."],
      run: (ctx) => withRules(ctx, async (ask) => {
        const file = await readRules(ctx.given.need("FILE"));
        const before = await ask("get", {});
        const after = await ask("set", { file, baseHash: textAt(before, "hash") ?? "" });
        ctx.terminal.answer(after, () => showRules(ctx, after));
        return 0;
      }),
    },
  };
}

async function readRules(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new OpenClawError("NOT_FOUND", { why: `${path} cannot be read.`, next: "openclaw approvals set FILE" });
  }
  try {
    const value: unknown = JSON.parse(text);
    return at(value, "file") ?? value;
  } catch {
    throw new UsageError(`${cleanLine(path)} is not JSON.`, "Start from: openclaw approvals get --json");
  }
}

function showRules(ctx: CommandContext, snapshot: unknown): void {
  const { terminal } = ctx;
  const { style } = terminal;
  const file = asPayload(at(snapshot, "file"));
  const defaults = asPayload(at(snapshot, "resolvedDefaults") ?? file["defaults"]);
  terminal.facts([
    ["Programs", cleanLine(textAt(defaults, "security") ?? "full")], ["Asks", cleanLine(textAt(defaults, "ask") ?? "off")],
    ["Kept in", cleanLine(textAt(snapshot, "path") ?? "")],
  ]);
  const rows = Object.entries(asPayload(file["agents"])).flatMap(([agent, said]) => rowsOf(agent, asPayload(said)));
  if (rows.length === 0) return;
  terminal.line();
  terminal.table([
    { title: "AGENT" }, { title: "PROGRAM" }, { title: "ARGUMENTS", shrinks: true }, { title: "FROM", paint: (cell) => style.dim(cell) },
  ], rows, "");
}

function rowsOf(agent: string, said: Payload): readonly (readonly string[])[] {
  const own = textAt(said, "security") ?? textAt(said, "ask");
  const head = own === undefined ? [] : [[agent, `security ${textAt(said, "security") ?? "-"}`, `ask ${textAt(said, "ask") ?? "-"}`, ""]];
  const rules = listAt(said, "allowlist").map((rule) => [
    agent, cleanLine(textAt(rule, "pattern") ?? ""), cleanLine((textAt(rule, "argPattern") ?? "any").replaceAll("\0", "·")),
    cleanLine(textAt(rule, "source") ?? ""),
  ]);
  return [...head, ...rules];
}
