/** Joining a gateway with a setup code: this machine becomes its node, or a person's device. */
import { cleanLine } from "../terminal/text.ts";
import type { CommandSpec } from "./command.ts";
import { nodeDirOf } from "./state-dir.ts";

export const connect: CommandSpec = {
  summary: "Join a gateway with a setup code",
  words: [{ name: "CODE", required: true }],
  options: [
    { name: "operator", summary: "To use the gateway from here; else this machine works for it, as a node" },
    { name: "name", value: "NAME", summary: "What this machine is called there" },
  ],
  examples: [
    { line: "openclaw connect oc-pair://…", about: "a node; the code: openclaw devices join-code --for node" },
    { line: "openclaw connect CODE --operator", about: "commands here reach it; join-code --for limited or full" },
    { line: "openclaw --profile desk connect CODE --operator", about: "beside a gateway of this machine's own" },
  ],
  notes: ["The code, made on the gateway's machine, pins its certificate. A node afterwards: openclaw node start"],
  run: async (ctx) => {
    if (ctx.given.flag("operator")) {
      const [{ joinAsOperator }, { parseSetupCode }] = await Promise.all([import("./connect-operator.ts"), import("../setup-code.ts")]);
      const joined = await joinAsOperator(ctx, parseSetupCode(ctx.given.need("CODE"), ctx.clock));
      ctx.terminal.answer({ ...joined }, () => {
        ctx.terminal.done(`Commands here now reach ${cleanLine(joined.url)}`);
        ctx.terminal.suggest("openclaw status");
      });
      return 0;
    }
    const nodeDir = nodeDirOf(ctx);
    const { pairWith, showPaired } = await import("./node.ts");
    const paired = await pairWith(ctx, nodeDir, ctx.given.need("CODE"));
    ctx.terminal.answer({ ...paired, nodeDir }, () => showPaired(ctx, paired, nodeDir));
    return 0;
  },
};
