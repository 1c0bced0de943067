import { UsageError } from "../terminal/usage-error.ts";
import { cleanLine } from "../terminal/text.ts";
import type { CommandContext } from "./command.ts";

/** Asks before something is lost. Returns only when the person agreed; `--yes` agrees beforehand. */
export async function agreed(ctx: CommandContext, question: string): Promise<void> {
  if (ctx.given.flag("yes")) return;
  if (!ctx.terminal.interactive) throw new UsageError(
    "This cannot be undone, and nobody is here to ask.",
    "Add --yes to say that it is meant.",
  );
  if (!(await ctx.terminal.confirm(cleanLine(question), ctx.signal))) throw new UsageError(
    "Nothing was changed.",
    "Run it again and answer y, or add --yes.",
  );
}
