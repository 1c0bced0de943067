/** docs/errors.md: every code, what it means, what to do, and the exit codes. */
import { ERRORS, EXIT, type ErrorSpec } from "../../protocol/errors.ts";
import { code, formatHead, formatTable } from "./markdown.ts";

const exitMeanings: Record<keyof typeof EXIT, string> = {
  ok: "It worked.",
  failed: "It was tried and failed.",
  usage: "The command line or the request is not well formed.",
  denied: "Refused, or waits for a person's approval.",
  notFound: "What was named does not exist.",
  conflict: "Something else holds it, or it has changed.",
  unavailable: "No gateway, no node, or no suitable Node.js.",
  temporary: "It may work a little later: retry.",
  auth: "Not signed in, or not allowed.",
  config: "The configuration or the state directory needs mending.",
  timeout: "No answer in time.",
  interrupted: "Ended with Ctrl-C.",
};

const retries: Record<ErrorSpec["retry"], string> = { later: "later", "after-fix": "after a fix", never: "no" };

export function formatErrorsPage(): string {
  const errors = Object.entries(ERRORS) as [string, ErrorSpec][];
  const about = `Whatever goes wrong has one code of this list, the same on the command line, on the wire and in the log. On the wire it
stands in \`error.details.code\`, under one of seven top-level codes that older clients know; \`error.details.next\` says what to do.`;
  const exits = Object.entries(EXIT).map(([name, exit]) => {
    const codes = errors.filter(([, spec]) => spec.exit === exit).length;
    return [code(String(exit)), exitMeanings[name as keyof typeof EXIT], codes === 0 ? "" : String(codes)];
  });
  const rows = errors.map(([name, spec]) => [
    code(name), spec.text, spec.next, retries[spec.retry], String(spec.exit), String(spec.http), code(spec.wire),
  ]);
  return [
    formatHead("Errors", "protocol/errors.ts", about),
    "## Exit codes\n",
    formatTable(["exit", "meaning", "codes"], exits),
    "With `--propagate`, a command that ran on a node passes on its own exit code.\n",
    "## Codes\n",
    "*Retry* says whether the same request may succeed: later, after somebody has changed something, or not at all.\n",
    formatTable(["code", "what happened", "what to do", "retry", "exit", "HTTP", "top-level code"], rows),
  ].join("\n");
}
