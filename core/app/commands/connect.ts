/** Joining a gateway with a setup code: this machine becomes its node. */
import type { CommandSpec } from "./command.ts";
import { nodeDirOf } from "./state-dir.ts";

export const connect: CommandSpec = {
  summary: "Join a gateway with a setup code",
  words: [{ name: "CODE", required: true }],
  options: [{ name: "name", value: "NAME", summary: "What this machine is called there" }],
  examples: [{ line: "openclaw connect oc-pair://…", about: "the code: openclaw devices join-code, on the gateway's machine" }],
  notes: ["The code names the gateway and pins its certificate. Afterwards: openclaw node start"],
  run: async (ctx) => {
    const nodeDir = nodeDirOf(ctx);
    const { pairWith, showPaired } = await import("./node.ts");
    const paired = await pairWith(ctx, nodeDir, ctx.given.need("CODE"));
    ctx.terminal.answer({ ok: true, ...paired, nodeDir }, () => showPaired(ctx, paired, nodeDir));
    return 0;
  },
};
