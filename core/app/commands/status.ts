import { grantsScope } from "@openclaw/protocol";
import { requestOptions, withGateway } from "../connect.ts";
import { addressOf, showAddress } from "../gateway-address.ts";
import type { CommandSpec } from "./command.ts";
import { findDegraded } from "./find-degraded.ts";
import { showStatus } from "./status-view.ts";

/** What runs, where, what waits for a person. */
export const status: CommandSpec = {
  summary: "What runs, where, and what waits for you",
  examples: [
    { line: "openclaw status", about: "at a glance" },
    { line: "openclaw status --json", about: "for a script" },
    { line: "openclaw --profile work status", about: "another gateway of yours" },
  ],
  run: (ctx) => withGateway(ctx, { scopes: ["operator.read", "operator.approvals"] }, async (gateway) => {
    const options = requestOptions(ctx);
    const may = grantsScope(gateway.hello.auth.scopes, "operator.approvals");
    const [status, nodes, agents, approvals] = await Promise.all([
      gateway.request("status", {}, options),
      gateway.request("node.list", {}, options),
      gateway.request("agents.list", {}, options),
      may ? gateway.request("exec.approval.list", {}, options) : [],
    ]);
    const url = showAddress((await addressOf(ctx)).url);
    const degraded = findDegraded({ hello: gateway.hello, status, nodes, nowMs: ctx.clock.now() });
    ctx.terminal.answer({
      gateway: {
        url, version: gateway.hello.server.version, uptimeMs: gateway.hello.snapshot.uptimeMs,
        stateDir: gateway.hello.snapshot.stateDir,
      },
      status, nodes, agents, approvals, degraded,
    }, () => {
      showStatus(ctx, url, { hello: gateway.hello, status, nodes, agents, approvals, degraded });
    });
    return 0;
  }),
};
