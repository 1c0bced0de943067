/** A script that a shell loads once and that then completes by itself: no program is started while somebody types. */
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandSpec } from "./command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export const completion: CommandSpec = {
  summary: "A script that completes commands and options in your shell",
  words: [{ name: "SHELL", required: true }],
  options: [{ name: "shell", value: "NAME", hidden: true, summary: "As the word" }],
  examples: [
    { line: "source <(openclaw completion bash)", about: "in ~/.bashrc" },
    { line: "openclaw completion zsh > ~/.zfunc/_openclaw", about: "in a folder of $fpath" },
    { line: "openclaw completion fish > ~/.config/fish/completions/openclaw.fish", about: "loaded by itself" },
  ],
  run: async (ctx) => {
    const said = ctx.given.need("SHELL");
    const shell = SHELLS.find((one) => one === said);
    if (shell === undefined) throw new UsageError(`There is no script for "${said}".`, `openclaw completion ${SHELLS.join("|")}`);
    const { readKeptScript } = await import("./completion/kept-script.ts");
    const script = await readKeptScript(shell, ctx.commands);
    ctx.terminal.answer({ shell, script }, () => ctx.terminal.put(script));
    return 0;
  },
};
