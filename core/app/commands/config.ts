/**
 * Settings. The token is read straight from the state directory, so that it can be had while nothing runs; every other key
 * goes through the configuration module, which is loaded only then.
 */
import { EXIT, OpenClawError } from "@openclaw/protocol";
import { readGatewayToken } from "../gateway-address.ts";
import { cleanText } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
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
    const { readAnyConfig } = await import("./config-change.ts");
    const value = await readAnyConfig(ctx, path) ?? null;
    ctx.terminal.value(value, () => ctx.terminal.line(cleanText(typeof value === "string" ? value : JSON.stringify(value, null, 2))));
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
  ctx.terminal.value(token, () => ctx.terminal.line(token));
  if (ctx.terminal.interactive) ctx.terminal.note(`Whoever has ${path} can join; keep it secret.`);
  return 0;
}

const set: CommandSpec = {
  summary: "Change a setting",
  words: [{ name: "PATH", required: true }, { name: "VALUE", required: true }],
  options: [{ name: "strict-json", hidden: true, summary: "The value must be JSON" }],
  examples: [
    { line: "openclaw config set gateway.port 3000", about: "numbers and true, false as they are" },
    { line: "openclaw config set agents.defaults.model demo/demo", about: "anything else is text" },
    { line: `openclaw config set gateway.nodes.commands.deny '["system.run"]'`, about: "lists and objects as JSON" },
  ],
  notes: ["A running gateway takes the change at once where it can, and says so in its log."],
  run: async (ctx) => {
    const path = ctx.given.need("PATH");
    const value = parseValue(ctx.given.need("VALUE"), ctx.given.flag("strict-json"));
    if (TOKEN_PATHS.includes(path) && typeof value === "string" && !value.startsWith("${")) refuseToken();
    const { changeConfig, changeKey } = await import("./config-change.ts");
    const { through } = await changeConfig(ctx, changeKey(path, value), path);
    ctx.terminal.answer({ path, value, through }, () => {
      ctx.terminal.done(`${path} is now ${cleanText(JSON.stringify(value))}`);
    });
    return 0;
  },
};

function refuseToken(): never {
  throw new OpenClawError("CONFIG_SECRET_INLINE", {
    why: "The gateway's token is no setting.", next: "Start the gateway with OPENCLAW_GATEWAY_TOKEN, or leave the one it made.",
  });
}

const unset: CommandSpec = {
  summary: "Take a setting away, so that its default holds",
  words: [{ name: "PATH", required: true }],
  examples: [{ line: "openclaw config unset agents.defaults.model", about: "the usual model again" }],
  run: async (ctx) => {
    const path = ctx.given.need("PATH");
    const { changeConfig, changeKey } = await import("./config-change.ts");
    const { through } = await changeConfig(ctx, changeKey(path, undefined), path);
    ctx.terminal.answer({ path, through }, () => ctx.terminal.done(`${path} is not set`));
    return 0;
  },
};

const PATCH_CHARS_MAX = 4_194_304;

const patch: CommandSpec = {
  summary: "Change several settings at once by a JSON5 patch",
  words: [{ name: "PATCH" }],
  options: [
    { name: "file", value: "FILE", summary: "Read the patch from a file" },
    { name: "stdin", summary: "Read the patch from standard input" },
    { name: "dry-run", summary: "Only check it: exit code 0 when it could be made" },
    { name: "replace-path", value: "PATH", many: true, summary: "A list the patch may take entries away from" },
  ],
  examples: [
    { line: `openclaw config patch '{ session: { turnsWaitingMax: 30 }, logging: null }'`, about: "objects merge, null takes away" },
    { line: "openclaw config patch --file ./change.json5 --dry-run", about: "would it fit?" },
    { line: "openclaw config patch --file ./change.json5", about: "from a file" },
  ],
  notes: ["Lists of things with an id merge by id; another list loses entries only where --replace-path names it."],
  run: async (ctx) => {
    const { changeByPatch, changeConfig } = await import("./config-change.ts");
    const dryRun = ctx.given.flag("dry-run");
    const change = changeByPatch(await readPatch(ctx), ctx.given.list("replace-path"));
    const { path, through } = await changeConfig(ctx, change, "", dryRun);
    ctx.terminal.answer({ path, through, changed: !dryRun }, () => {
      ctx.terminal.done(dryRun ? `${cleanText(path)} would take it; nothing was changed` : `${cleanText(path)} is changed`);
    });
    return 0;
  },
};

async function readPatch({ given }: CommandContext): Promise<string> {
  const [word, file] = [given.word("PATCH"), given.text("file")];
  const said = [word !== undefined, file !== undefined, given.flag("stdin")].filter(Boolean).length;
  if (said !== 1) throw new UsageError("Say one of PATCH, --file FILE and --stdin.", "See: openclaw config patch --help");
  if (word !== undefined) return word;
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(file ?? "/dev/stdin", "utf8").catch(() => {
    throw new UsageError(`${file ?? "Standard input"} cannot be read.`, "Check the path of the file.");
  });
  if (text.length > PATCH_CHARS_MAX) throw new UsageError("The patch is too large.", "Say what changes, not everything.");
  return text;
}

const file: CommandSpec = {
  summary: "Where the configuration file is",
  examples: [{ line: "openclaw config file", about: "its path, there or not" }],
  run: async (ctx) => {
    const { configPathOf } = await import("./config-file.ts");
    const path = configPathOf(ctx);
    ctx.terminal.answer({ path }, () => ctx.terminal.line(path));
    return 0;
  },
};

const schema: CommandSpec = {
  summary: "Every setting there is, as JSON Schema",
  examples: [{ line: "openclaw config schema > openclaw.schema.json", about: "for an editor" }],
  run: async (ctx) => {
    const [{ createConfigDescription }, { configSchema }] = await Promise.all([
      import("../describe-config.ts"), import("../config-schema.ts"),
    ]);
    const { schema: described } = createConfigDescription(configSchema, ctx.version, () => ctx.clock.now()).describe();
    ctx.terminal.value(described, () => ctx.terminal.line(JSON.stringify(described, null, 2)));
    return 0;
  },
};

const validate: CommandSpec = {
  summary: "Check the configuration file",
  examples: [{ line: "openclaw config validate", about: "what is wrong, and what is merely odd, with line and key" }],
  run: async (ctx) => {
    const { examineConfig } = await import("./config-file.ts");
    const { path, exists, issues, warnings } = await examineConfig(ctx);
    ctx.terminal.answer({ ok: issues.length === 0, valid: issues.length === 0, path, exists, issues, warnings }, () => {
      for (const { file, line, column, path: key, message } of [...issues, ...warnings]) {
        ctx.terminal.line(cleanText(`${file ?? path}:${line}:${column} ${key === "" ? "The file" : `"${key}"`} ${message}.`));
      }
      if (issues.length === 0) ctx.terminal.done(exists ? `${cleanText(path)} fits` : `${cleanText(path)} is not there; the defaults hold`);
    });
    return issues.length === 0 ? EXIT.ok : EXIT.config;
  },
};

/** JSON where it is JSON, else the text itself: nobody quotes a model's name for a shell twice. */
function parseValue(text: string, strict: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (strict) throw new UsageError("The value is not JSON.", "Quote it, or leave --strict-json out.");
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
  verbs: { get, set, unset, patch, file, schema, validate },
};
