import { withGateway, requestOptions } from "../connect.ts";
import { formatDuration } from "../terminal/quantities.ts";
import type { CommandSpec } from "./command.ts";
import { at, numberAt } from "./payload.ts";

/** Exit 0 means: the gateway answered and calls itself well. */
export const health: CommandSpec = {
  summary: "One line: is the gateway well",
  examples: [
    { line: "openclaw health", about: "exit code 0 when it is" },
    { line: "openclaw health --json", about: "everything it reports" },
    { line: "openclaw health --port 3000", about: "a gateway on another port" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: [] }, async (gateway) => {
    const startedAt = ctx.clock.monotonic();
    const payload = await gateway.request("health", {}, requestOptions(ctx));
    const answeredMs = ctx.clock.monotonic() - startedAt;
    const well = at(payload, "ok") !== false;
    const { style } = ctx.terminal;
    ctx.terminal.answer(payload, () => {
      const uptimeMs = gateway.hello.snapshot.uptimeMs;
      const sessions = numberAt(payload, "sessions", "count");
      ctx.terminal.line([
        well ? `${style.good(style.mark.good)} The gateway is well` : `${style.problem(style.mark.problem)} The gateway is not well`,
        `up ${formatDuration(uptimeMs)}`,
        `answered in ${answeredMs.toFixed(1)} ms`,
        ...(sessions === undefined ? [] : [`${sessions} ${sessions === 1 ? "session" : "sessions"}`]),
      ].join(`  ${style.dim(style.mark.quiet)} `));
    });
    return well ? 0 : 1;
  }),
};
