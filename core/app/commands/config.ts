/**
 * Settings. The token is read straight from the state directory, so that it can be had while nothing runs; every other key
 * goes through the configuration module, which is loaded only then.
 */
import { OpenClawError } from "@openclaw/protocol";
import { readGatewayToken } from "../gateway-address.ts";
import { cleanText } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

const TOKEN_PATHS = ["gatewayToken", "gateway.auth.token"];

const get: CommandSpec = {
  summary: "Print a setting, or all of them",
  words: [{ name: "PATH" }],
  examples: [
    { line: "openclaw config get gatewayToken", about: "the token nodes are paired with" },
    { line: "openclaw config get gateway.port", about: "one setting" },
    { line: "openclaw config get", about: "all of them" },
  ],
  run: async (ctx) => {
    const path = ctx.given.word("PATH");
    if (path !== undefined && TOKEN_PATHS.includes(path)) return printToken(ctx, path);
    const { readConfig } = await import("./config-file.ts");
    const value = await readConfig(ctx, path) ?? null;
    ctx.terminal.answer(value, () => ctx.terminal.line(cleanText(typeof value === "string" ? value : JSON.stringify(value, null, 2))));
    return 0;
  },
};

/** Printed bare, so that `$(openclaw config get gatewayToken)` is the token. */
async function printToken(ctx: CommandContext, path: string): Promise<number> {
  const fromEnvironment = ctx.environment["OPENCLAW_GATEWAY_TOKEN"] ?? "";
  const token = fromEnvironment !== "" ? fromEnvironment : (await readGatewayToken(ctx))?.reveal();
  if (token === undefined) {
    throw new OpenClawError("NOT_FOUND", {
      why: `${stateDirOf(ctx)} holds no token yet; the first start of the gateway makes one.`, next: "openclaw gateway run",
    });
  }
  ctx.terminal.answer(token, () => ctx.terminal.line(token));
  if (ctx.terminal.interactive) ctx.terminal.note(`Whoever has ${path} can join; keep it secret.`);
  return 0;
}

const set: CommandSpec = {
  summary: "Change a setting",
  words: [{ name: "PATH", required: true }, { name: "VALUE", required: true }],
  examples: [
    { line: "openclaw config set gateway.port 3000", about: "numbers and true, false as they are" },
    { line: "openclaw config set agents.defaults.model demo/demo", about: "anything else is text" },
    { line: `openclaw config set gateway.nodes.commands.deny '["system.run"]'`, about: "lists and objects as JSON" },
  ],
  notes: ["A running gateway takes the change at once where it can, and says so in its log."],
  run: async (ctx) => {
    const path = ctx.given.need("PATH");
    if (TOKEN_PATHS.includes(path)) throw new OpenClawError("CONFIG_SECRET_INLINE", {
      why: "The gateway's token is no setting.", next: "Start the gateway with OPENCLAW_GATEWAY_TOKEN, or leave the one it made.",
    });
    const value = parseValue(ctx.given.need("VALUE"));
    const { writeConfig } = await import("./config-file.ts");
    await writeConfig(ctx, path, value);
    ctx.terminal.answer({ ok: true, path, value }, () => {
      ctx.terminal.done(`${path} is now ${cleanText(JSON.stringify(value))}`);
    });
    return 0;
  },
};

/** JSON where it is JSON, else the text itself: nobody quotes a model's name for a shell twice. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const config: CommandGroup = {
  summary: "Read and change settings",
  examples: [
    { line: "openclaw config get gatewayToken", about: "the token nodes are paired with" },
    { line: "openclaw config get gateway.port", about: "one setting" },
    { line: "openclaw config set gateway.port 3000", about: "change one" },
  ],
  usual: "get",
  verbs: { get, set },
};
