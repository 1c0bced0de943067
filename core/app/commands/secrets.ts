/** Secrets that the configuration holds or names. What runs a program here is the person's own command, never the gateway. */
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { systemIds } from "../../base/ids.ts";
import { refuseForeignState } from "../../fabric/engine.ts";
import { cleanText } from "../terminal/text.ts";
import type { CommandGroup, CommandSpec } from "./command.ts";
import { stateDirOf } from "./state-dir.ts";

const move: CommandSpec = {
  summary: "Move secrets that stand in the configuration into the vault's store",
  examples: [{ line: "openclaw secrets move", about: "the file then says where each one is" }],
  notes: ["A running gateway takes the change at once. What an included file holds stays there."],
  run: async (ctx) => {
    const [{ configPathOf }, { moveSecrets }] = await Promise.all([import("./config-file.ts"), import("../secrets.ts")]);
    const path = configPathOf(ctx);
    if (dirname(path) === stateDirOf(ctx)) await refuseForeignState(dirname(path));
    const { moved, left } = await moveSecrets({
      path, credentialsDir: join(stateDirOf(ctx), "credentials"), environment: ctx.environment, ids: systemIds,
    });
    ctx.terminal.answer({ moved, left }, () => {
      for (const key of moved) ctx.terminal.done(`${cleanText(key)} is in the vault's store`);
      for (const key of left) {
        ctx.terminal.line(`${cleanText(key)} stands in a file that is included; name a variable in its place: \${NAME}`);
      }
      if (moved.length + left.length === 0) ctx.terminal.done("No secret stands in the configuration");
    });
    return left.length === 0 ? 0 : 1;
  },
};

const fetch: CommandSpec = {
  summary: "Ask the programs of secrets.providers for what the configuration refers to",
  examples: [{ line: "openclaw secrets fetch", about: "for every reference of source exec; again after a secret was changed" }],
  notes: ["The programs are run by this command, without a shell. The gateway runs none: it uses what was fetched last."],
  run: async (ctx) => {
    const [{ configPathOf }, { fetchSecrets }] = await Promise.all([import("./config-file.ts"), import("../secrets.ts")]);
    const path = configPathOf(ctx);
    if (dirname(path) === stateDirOf(ctx)) await refuseForeignState(dirname(path));
    const { fetched } = await fetchSecrets({
      path, credentialsDir: join(stateDirOf(ctx), "credentials"), environment: ctx.environment, home: homedir(), ids: systemIds,
    }, ctx.signal);
    ctx.terminal.answer({ fetched }, () => {
      for (const { provider, id } of fetched) ctx.terminal.done(`${cleanText(id)} of ${cleanText(provider)} is in the vault's store`);
      if (fetched.length === 0) ctx.terminal.done("The configuration refers to no program's secret");
    });
    return 0;
  },
};

export const secrets: CommandGroup = {
  summary: "Secrets the configuration holds or names",
  examples: [
    { line: "openclaw secrets move", about: "out of the file, into the vault" },
    { line: "openclaw secrets fetch", about: "from the programs that the configuration names" },
  ],
  usual: "move",
  verbs: { move, fetch },
};
