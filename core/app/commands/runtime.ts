/** The Node an installed program runs on. Fetching one is a person's command; nothing else fetches anything. */
import { OpenClawError } from "@openclaw/protocol";
import { installRuntime, removeRuntime, runtimeState } from "../private-node/fetch-node.mjs";
import type { CommandGroup, CommandSpec } from "./command.ts";

const status: CommandSpec = {
  summary: "Which Node this is, and whether there is a private one",
  examples: [{ line: "openclaw runtime status", about: "where it is, and which" }],
  run: async ({ terminal, environment }) => {
    const { dir, installed, offered } = runtimeState(environment);
    const own = installed !== undefined && process.execPath.startsWith(dir);
    terminal.answer({ node: process.version, executable: process.execPath, private: { dir, installed, offered } }, () => {
      terminal.line(`Running on Node ${process.versions.node}  ${process.execPath}${own ? "  private" : ""}`);
      if (installed !== undefined && !own) terminal.line(`Private    Node ${installed}  ${dir}`);
    });
    return 0;
  },
};

const install: CommandSpec = {
  summary: "Fetch a private Node 24 into your home, where the machine's own is older",
  examples: [{ line: "openclaw runtime install", about: "190 MB; openclaw runtime remove takes it away" }],
  notes: ["npm fetches it, and checks it by the digest that came with the program. Installing runs nothing."],
  run: async ({ terminal, environment, signal }) => {
    using progress = terminal.progress("Fetching Node");
    const { dir, installed } = await installRuntime(environment, signal).catch((error: unknown) => {
      throw new OpenClawError("RUNTIME_NOT_FETCHED", { why: error instanceof Error ? error.message : String(error), cause: error });
    });
    progress.update("Done");
    terminal.answer({ dir, installed }, () => terminal.done(`Node ${installed} is in ${dir}`));
    return 0;
  },
};

const remove: CommandSpec = {
  summary: "Remove the private Node",
  examples: [{ line: "openclaw runtime remove", about: "the program then runs on the machine's own, from 24 on" }],
  run: async ({ terminal, environment }) => {
    const removed = removeRuntime(environment);
    terminal.answer({ removed }, () => terminal.done(removed ? "The private Node is gone" : "There is no private Node"));
    return 0;
  },
};

export const runtime: CommandGroup = {
  summary: "The Node an installed program runs on",
  examples: [
    { line: "openclaw runtime status", about: "which it is" },
    { line: "openclaw runtime install", about: "a private one, where the machine's own is too old" },
  ],
  usual: "status",
  verbs: { status, install, remove },
};
