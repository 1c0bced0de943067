/** The gateway as a process, and anything it can be asked. Only `run` and `start` load the gateway itself. */
import type { Scope } from "@openclaw/protocol";
import { OpenClawError } from "@openclaw/protocol";
import { addressOf, configMentions, parsePort, showAddress } from "../gateway-address.ts";
import type { RunGatewayOptions } from "../run-gateway-options.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import { profileOf, stateDirOf } from "./state-dir.ts";

const RUN_OPTIONS: readonly OptionSpec[] = [
  { name: "yes-local", summary: "Commands on this machine's own node run unasked" },
  { name: "verbose", short: "v", summary: "Log to the terminal as well" },
  { name: "bind", value: "MODE", summary: "loopback, lan, tailnet, custom or auto (gateway.bind)" },
  { name: "tailscale", value: "MODE", summary: "off, serve or funnel (gateway.tailscale.mode)" },
];

const BIND_MODES = ["loopback", "lan", "tailnet", "custom", "auto"] as const;

const run: CommandSpec = {
  summary: "Run the gateway in this terminal",
  options: RUN_OPTIONS,
  examples: [
    { line: "openclaw gateway run", about: "on port 18789, state in ~/.openclaw" },
    { line: "openclaw gateway run --port 3000", about: "on another port" },
    { line: "openclaw --profile work gateway run --port 3001", about: "a second one beside it" },
  ],
  notes: ["Ctrl-C drains and stops it. What was accepted and is not finished goes on at the next start."],
  run: runHere,
};

const start: CommandSpec = {
  ...run,
  summary: "Start the installed service; without one, run here",
  examples: [{ line: "openclaw gateway start", about: "runs in this terminal while no service is installed" }],
  run: (ctx) => {
    ctx.terminal.note("No service is installed, so the gateway runs in this terminal.");
    return runHere(ctx);
  },
};

async function runHere(ctx: CommandContext): Promise<number> {
  const options = await readRunOptions(ctx);
  const isServed = ctx.given.flag("tailscale") || await configMentions(ctx, /tailscale/);
  await using _serving = isServed ? await (await import("./serve-while-running.ts")).serveWhileRunning(ctx, options.port) : undefined;
  const { runGateway } = await import("../run-gateway.ts");
  return await runGateway(options);
}

async function readRunOptions(ctx: CommandContext): Promise<RunGatewayOptions> {
  const { Secret } = await import("../../base/secret.ts");
  const profile = profileOf(ctx);
  const said = ctx.given.text("port");
  const fromEnvironment = ctx.environment["OPENCLAW_GATEWAY_PORT"] ?? "";
  const port = said !== undefined ? parsePort(said, "--port")
    : fromEnvironment !== "" ? parsePort(fromEnvironment, "OPENCLAW_GATEWAY_PORT")
    : undefined;
  const token = ctx.given.text("token") ?? ctx.environment["OPENCLAW_GATEWAY_TOKEN"] ?? "";
  const bind = bindOf(ctx);
  return {
    stateDir: stateDirOf(ctx),
    ...(profile === undefined ? {} : { profile }),
    ...(port === undefined ? {} : { port }),
    ...(token === "" ? {} : { token: new Secret(token) }),
    ...(bind === undefined ? {} : { bind }),
    yesLocal: ctx.given.flag("yes-local"),
    json: ctx.terminal.json,
    verbose: ctx.given.flag("verbose"),
    terminal: ctx.terminal,
    signal: ctx.signal,
  };
}

function bindOf(ctx: CommandContext): RunGatewayOptions["bind"] {
  const said = ctx.given.text("bind");
  if (said === "127.0.0.1" || said === "localhost") return "loopback";
  const mode = BIND_MODES.find((one) => one === said);
  if (said !== undefined && mode === undefined) throw new OpenClawError("BIND_REFUSED", {
    why: `--bind says "${said}".`, next: `Say one of ${BIND_MODES.join(", ")}; an address goes into gateway.customBindHost.`,
  });
  return mode;
}

const status: CommandSpec = {
  summary: "Does it run, where, since when",
  examples: [{ line: "openclaw gateway status", about: "exit code 69 when it does not" }],
  run: async (ctx) => await (await import("../connect.ts")).withGateway(ctx, { scopes: [] }, async ({ hello }) => {
    const url = showAddress((await addressOf(ctx)).url);
    ctx.terminal.answer({
      running: true, url, version: hello.server.version, uptimeMs: hello.snapshot.uptimeMs, stateDir: hello.snapshot.stateDir,
    }, () => {
      ctx.terminal.done(`The gateway runs at ${url}`);
      ctx.terminal.facts([
        ["  Version", cleanLine(hello.server.version)],
        ["  Up", formatDuration(hello.snapshot.uptimeMs)],
        ["  State", hello.snapshot.stateDir === undefined ? undefined : cleanLine(hello.snapshot.stateDir)],
      ]);
    });
    return 0;
  }),
};

const call: CommandSpec = {
  summary: "Ask it anything: one method, one answer",
  words: [{ name: "METHOD", required: true }],
  options: [
    { name: "params", value: "JSON", kind: "json", summary: "Parameters of the method ({})" },
    { name: "scope", value: "SCOPE", many: true, summary: "Ask with these scopes instead of the method's least" },
    { name: "expect-final", summary: "Of a method that answers twice, wait for the second" },
  ],
  examples: [
    { line: "openclaw gateway call health", about: "no parameters" },
    { line: "openclaw gateway call chat.history --params '{\"sessionKey\":\"main\"}'", about: "with parameters" },
    { line: "openclaw gateway call agent.wait --params '{\"runId\":\"…\"}' --timeout 60000", about: "wait longer" },
  ],
  notes: ["The answer is JSON with and without --json. Methods: docs/protocol.md."],
  run: async (ctx) => {
    const method = ctx.given.need("METHOD");
    const { openGateway, requestOptions } = await import("../connect.ts");
    const gateway = await openGateway(ctx, { scopes: await scopesFor(ctx, method) });
    try {
      let accepted: unknown;
      const expectFinal = ctx.given.flag("expect-final");
      const payload = await gateway.request(method, ctx.given.json("params") ?? {}, {
        ...requestOptions(ctx),
        ...(expectFinal ? { onAccepted: (first: unknown) => { accepted = first; } } : {}),
      });
      const document = payload ?? accepted ?? null;
      ctx.terminal.value(document, () => ctx.terminal.line(cleanText(JSON.stringify(document, null, 2))));
      return 0;
    } finally {
      gateway.close();
    }
  },
};

/** The least scope of the method. Throws METHOD_UNKNOWN, with the nearest name, for one that is not in the table. */
async function scopesFor(ctx: CommandContext, method: string): Promise<readonly Scope[]> {
  const said = ctx.given.list("scope");
  if (said.length > 0) return said as Scope[];
  const { METHODS, methodSpec } = await import("@openclaw/protocol/methods");
  const spec = methodSpec(method);
  if (spec === undefined) {
    const { nearest } = await import("./nearest.ts");
    const near = nearest(method, Object.keys(METHODS));
    throw new OpenClawError(
      "METHOD_UNKNOWN",
      near === undefined ? { why: `"${method}" is none.` } : { why: `Did you mean "${near}"?`, next: `openclaw gateway call ${near}` },
    );
  }
  return [...(spec.scope === undefined ? [] : [spec.scope]), ...(SCOPES_BESIDE[method] ?? [])];
}

/** Methods that need more than their least scope for what people call them for. */
const SCOPES_BESIDE: Readonly<Record<string, readonly Scope[]>> = {
  "node.pair.approve": ["operator.write", "operator.admin"],
  "device.pair.approve": ["operator.admin"],
  "device.pair.list": ["operator.admin"],
  "sessions.patch": ["operator.admin"],
  "sessions.delete": ["operator.admin"],
};

const tls: CommandSpec = {
  summary: "The certificate: its words, to compare; --rotate for another",
  options: [{ name: "rotate", summary: "Make another; whoever pinned this one has to pair or compare again" }],
  examples: [
    { line: "openclaw gateway tls", about: "five words, the same on the machine that connects" },
    { line: "openclaw gateway tls --rotate", about: "then restart the gateway" },
  ],
  notes: ["The gateway speaks TLS when it listens beyond this machine, or with gateway.tls.enabled."],
  run: async (ctx) => await (await import("./gateway-reach.ts")).showCertificate(ctx),
};

const discover: CommandSpec = {
  summary: "Gateways that advertise themselves on this network",
  options: [{ name: "wait", value: "MS", kind: "integer", min: 100, summary: "How long to listen (2000)" }],
  examples: [
    { line: "openclaw gateway discover", about: "two seconds" }, { line: "openclaw gateway discover --json", about: "for a script" },
  ],
  notes: ["What is heard is anybody's word: an address to try. The certificate's words say whether it is yours."],
  run: async (ctx) => await (await import("./gateway-reach.ts")).discoverGateways(ctx),
};

const advertise: CommandSpec = {
  summary: "Say on this network that the gateway is here, until Ctrl-C",
  options: [{ name: "name", value: "NAME", summary: "What people see (this machine's name)" }],
  examples: [{ line: "openclaw gateway advertise", about: "multicast DNS, _openclaw-gw._tcp" }],
  notes: ["discovery.mdns.mode: minimal, full or off. OPENCLAW_DISABLE_BONJOUR=1 forbids it, OPENCLAW_MDNS_HOSTNAME names the host."],
  run: async (ctx) => await (await import("./gateway-reach.ts")).advertiseGatewayHere(ctx),
};

export const gateway: CommandGroup = {
  summary: "Run the gateway, and ask it anything",
  usual: "run",
  examples: [
    { line: "openclaw gateway run", about: "run it here" },
    { line: "openclaw gateway status", about: "does it run" },
    { line: "openclaw gateway call health", about: "ask it anything" },
  ],
  verbs: { run, start, status, call, tls, discover, advertise },
};
