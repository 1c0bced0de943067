/** What an error code means and what to do about it, from the catalogue that the program carries: no gateway, no network. */
import { ERRORS, OpenClawError, type ErrorCode, type ErrorSpec } from "@openclaw/protocol";
import type { CommandContext, CommandSpec } from "./command.ts";
import { nearest } from "./nearest.ts";

const RETRY: Readonly<Record<ErrorSpec["retry"], string>> = {
  never: "The same request fails again.", later: "The same request may succeed a little later.",
  "after-fix": "The same request fails until something is changed.",
};

export const explain: CommandSpec = {
  summary: "What an error code means, and what to do; works offline",
  words: [{ name: "CODE" }],
  examples: [
    { line: "openclaw explain NODE_OFFLINE", about: "what happened, why it may be, what to do" },
    { line: "openclaw explain", about: "every code there is" },
  ],
  run: async (ctx) => {
    const said = ctx.given.word("CODE");
    if (said === undefined) return listCodes(ctx);
    const code = said.toUpperCase().replaceAll("-", "_") as ErrorCode;
    if (!Object.hasOwn(ERRORS, code)) {
      const codes = Object.keys(ERRORS);
      const near = nearest(code, codes) ?? codes.find((one) => one.includes(code));
      throw new OpenClawError("NOT_FOUND", {
        why: `There is no code "${said.slice(0, 64)}".${near === undefined ? "" : ` Did you mean ${near}?`}`,
        next: near === undefined ? "openclaw explain" : `openclaw explain ${near}`,
      });
    }
    const spec: ErrorSpec = ERRORS[code];
    ctx.terminal.answer({ code, ...spec, docs: "docs/errors.md" }, () => {
      const { style } = ctx.terminal;
      ctx.terminal.line(`${style.strong(code)}  ${spec.text}`);
      ctx.terminal.line();
      ctx.terminal.facts([
        ["Next", spec.next], ["Again", RETRY[spec.retry]], ["Exit", `${spec.exit} of a command`], ["HTTP", String(spec.http)],
        ["Wire", spec.wire],
      ]);
    });
    return 0;
  },
};

function listCodes(ctx: CommandContext): number {
  const codes = Object.entries(ERRORS) as [ErrorCode, ErrorSpec][];
  ctx.terminal.answer({ codes: codes.map(([code, { text, next, retry, exit }]) => ({ code, text, next, retry, exit })) }, () => {
    ctx.terminal.table([{ title: "CODE" }, { title: "WHAT HAPPENED", shrinks: true }], codes.map(([code, { text }]) => [code, text]), "");
  });
  return 0;
}
