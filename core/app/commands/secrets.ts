/** Secrets that the configuration holds or names. What runs a program here is the person's own command, never the gateway. */
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
    const [{ configPathOf }, { moveSecrets }] = await Promise.all([import("./config-file.ts"), import("../move-secrets.ts")]);
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

export const secrets: CommandGroup = {
  summary: "Secrets the configuration holds or names",
  examples: [{ line: "openclaw secrets move", about: "out of the file, into the vault" }],
  usual: "move",
  verbs: { move },
};
