/**
 * The recipe: what an owner of the well-known clients would do, one step after another. A step fails by throwing; what it
 * throws is what the table says.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Said, Running, Stage } from "./stage.ts";
import { BROWSING } from "./browser-steps.ts";
import { MOVING } from "./moving-steps.ts";
import { REACHING } from "./reach-steps.ts";
import { Skipped } from "./skipped.ts";
import type { Terminal } from "./terminal.ts";

export interface Step {
  /** Steps of one group share a recording of frames. */
  readonly group: Group;
  readonly tried: string;
  /** What is said here is expected to change: it is left out of the recording. */
  readonly unrecorded?: true;
  /** What was seen, in a few words. Throws when it did not work; `Skipped` where this machine cannot try it. */
  run(stage: Stage, kept: Kept): Promise<string>;
}

export const GROUPS = ["call", "agent", "terminal", "node", "devices", "lists", "browser", "reach", "their-gateway", "moving"] as const;
export type Group = (typeof GROUPS)[number];

/** What later steps need of earlier ones. */
export interface Kept {
  terminal?: Terminal;
  node?: Running;
  jobId?: string;
  deviceId?: string;
}

const call = (method: string, params: object = {}): readonly string[] => [
  "gateway", "call", method, "--params", JSON.stringify(params), "--json",
];

const which = (node: string): readonly string[] => [
  "nodes", "invoke", "--node", node, "--command", "system.which", "--params", '{"bins":["sh"]}',
];

interface Device { readonly deviceId: string; readonly clientId: string }
interface Outcome { readonly status?: string; readonly result?: { readonly payloads?: readonly { readonly text: string }[] } }

/** One run of the command line, and what it has to say. */
function says(
  group: Group, tried: string, args: readonly string[], pattern: RegExp,
  { seen = "", ...more }: { readonly seen?: string; readonly unrecorded?: true } = {},
): Step {
  return { group, tried, ...more, run: async ({ theirs }) => expects(await theirs(args), pattern, seen) };
}

export const STEPS: readonly Step[] = [
  ...MOVING, ...BROWSING, ...REACHING,
  ...["health", "status", "system-presence", "last-heartbeat", "agents.list", "config.get", "voicewake.get", "tasks.list"].map(
    (method): Step => ({
      group: "call", tried: `gateway call ${method}`,
      run: async ({ theirs }) => expects(await theirs(call(method)), /^(?!.*(unknown method|invalid))/s, "an answer"),
    }),
  ),
  {
    group: "call", tried: "gateway call nonsense",
    run: async ({ theirs }) => expects(await theirs(call("nonsense")), /unknown method: nonsense/, "refused in the documented words", 1),
  },
  says("call", "gateway status", ["gateway", "status"], /Connectivity probe: ok/),
  says("call", "gateway probe", ["gateway", "probe"], /Reachable: yes/),
  says("call", "health", ["health"], /Agents: main[^]*Session store/),
  {
    group: "call", tried: "status",
    run: async ({ theirs, gateway }) => {
      const { version } = (await (await fetch(`http://127.0.0.1:${gateway.port}/startupz`)).json()) as { readonly version: string };
      const said = expects(await theirs(["status", "--json"], 90_000), /"reachable": true/, "reachable");
      const text = (await theirs(["status", "--json"], 90_000)).text;
      if (!text.includes(`"runtimeVersion": "${version}"`)) throw new Error("reachable, but the gateway's own status was not taken");
      return said;
    },
  },

  says("agent", "agent -m", ["agent", "-m", "hello", "--agent", "main"], /echo: hello/),
  {
    group: "agent", tried: "agent -m --json",
    run: async ({ json }) => {
      const answer = (await json(["agent", "-m", "hello again", "--agent", "main", "--json"])) as Outcome;
      const isRight = answer.status === "ok" && answer.result?.payloads?.[0]?.text === "echo: hello again";
      if (!isRight) throw new Error(JSON.stringify(answer).slice(0, 300));
      return "both answers on one id";
    },
  },

  {
    group: "terminal", tried: "tui: connects, shows the history",
    run: async (stage, kept) => {
      const url = `ws://127.0.0.1:${stage.proxy.port}`;
      const opened = await stage.terminal(["tui", "--url", url, "--token", stage.gateway.token]);
      if (opened === undefined) throw new Skipped("tmux is not installed");
      kept.terminal = opened;
      await opened.shows(/session agent:main:main[^]*connected/, 60_000);
      return "history and state shown";
    },
  },
  {
    group: "terminal", tried: "tui: a message and its reply",
    run: async (_stage, kept) => {
      await terminal(kept).say("hi from the terminal [[tokens 5 40]]");
      await terminal(kept).shows(/word0 word1 word2 word3 word4/);
      return "the streamed reply is shown";
    },
  },
  {
    group: "terminal", tried: "tui: /verbose on, a tool's card",
    run: async (_stage, kept) => {
      await terminal(kept).say("/verbose on");
      await terminal(kept).shows(/verbose on/);
      await terminal(kept).say('look [[call exec {"command":"uptime","node":"local"}]]');
      await terminal(kept).shows(/Exec[^]*done: .*load average/);
      return "card and reply shown";
    },
  },
  {
    group: "terminal", tried: "tui: Esc stops a reply",
    run: async (_stage, kept) => {
      await terminal(kept).say("long [[tokens 400 100]]");
      await terminal(kept).shows(/long[^]*word0 word1 word2 word3/);
      await terminal(kept).press("Escape");
      await terminal(kept).shows(/run aborted/);
      return "stopped";
    },
  },
  {
    group: "terminal", tried: "tui: /think, /model",
    run: async (_stage, kept) => {
      await terminal(kept).say("/think low");
      await terminal(kept).shows(/thinking set to low/);
      await terminal(kept).say("/model scripted/test");
      await terminal(kept).shows(/model set to scripted\/test/);
      return "both set";
    },
  },
  {
    group: "terminal", tried: "tui: /sessions",
    run: async (_stage, kept) => {
      await terminal(kept).say("/sessions");
      await terminal(kept).shows(/Filter:/);
      await terminal(kept).press("Escape");
      await terminal(kept).hides(/Filter:/);
      return "the list opens";
    },
  },
  {
    group: "terminal", tried: "tui: /new",
    run: async (_stage, kept) => {
      await terminal(kept).say("/new");
      const screen = await terminal(kept).shows(/session agent:main:tui-[0-9a-f-]+|new session failed/);
      if (screen.includes("new session failed")) throw new Error(/new session failed[^\n]*/.exec(screen)?.[0] ?? "failed");
      return "a session of its own";
    },
  },
  {
    group: "terminal", tried: "tui: /reset",
    run: async (_stage, kept) => {
      await terminal(kept).say("/reset");
      await terminal(kept).shows(/reset/);
      return "reset";
    },
  },
  {
    group: "terminal", tried: "tui: /status", unrecorded: true,
    run: async (_stage, kept) => {
      await terminal(kept).say("/status");
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      const screen = await terminal(kept).shows(/idle/);
      if (screen.includes("echo: /status")) throw new Error("went to the model as text");
      return "answered by the gateway";
    },
  },

  {
    group: "node", tried: "node run: joins and waits for approval",
    run: async (stage, kept) => {
      const at = ["--host", "127.0.0.1", "--port", String(stage.proxy.port)];
      kept.node = await stage.start("node", ["node", "run", ...at, "--display-name", "theirs"]);
      await until(async () => pendingNode(await stage.json(["nodes", "pending", "--json"])) !== undefined, "no request of the node came");
      return "nodes pending shows it";
    },
  },
  {
    group: "node", tried: "nodes invoke before approval",
    run: async ({ theirs }) => expects(
      await theirs(which("theirs")),
      /not allowed|PAIRING_CHANGED|pairing changed/, "refused", 1,
    ),
  },
  {
    group: "node", tried: "nodes approve",
    run: async ({ theirs, json }) => {
      const requestId = pendingNode(await json(["nodes", "pending", "--json"]));
      if (requestId === undefined) throw new Error("nothing to approve");
      return expects(await theirs(["nodes", "approve", requestId]), /"nodeId"|approved/i, "usable without a new connection");
    },
  },
  {
    group: "node", tried: "nodes invoke system.which",
    run: async ({ theirs }) => expects(
      await theirs(which("theirs")), /bin\/sh/, "the path came back",
    ),
  },
  { group: "node", tried: "nodes list, status, describe", run: listNodes },
  {
    group: "node", tried: "nodes rename",
    run: async ({ theirs }) => expects(await theirs(["nodes", "rename", "--node", "theirs", "--name", "renamed"]), /rename ok/i),
  },
  {
    group: "node", tried: "agent runs a command on their node, with approval",
    run: async (stage) => {
      const mark = join(stage.scratch, "touched");
      rmSync(mark, { force: true });
      const asked = stage.theirs([
        "agent", "--agent", "main", "-m", `do [[call exec ${JSON.stringify({ command: `touch ${mark}`, node: "renamed" })}]]`,
      ], 90_000);
      let approvalId = "";
      await until(async () => {
        const [first] = (await stage.json(call("exec.approval.list"))) as readonly { readonly id: string }[];
        approvalId = first?.id ?? "";
        return approvalId !== "";
      }, "nobody was asked");
      expects(await stage.theirs(["approvals", "resolve", approvalId, "allow-once"]), /resolved/i);
      const { text } = await asked;
      if (!existsSync(mark)) throw new Error(`the command left nothing behind: ${text.slice(0, 200)}`);
      return "asked, allowed, run there";
    },
  },

  {
    group: "devices", tried: "devices list",
    run: async ({ json }, kept) => {
      await kept.terminal?.[Symbol.asyncDispose](); // it would come again each time its token is taken away
      const { paired } = (await json(["devices", "list", "--json"])) as { readonly paired: readonly Device[] };
      const found = paired.find(({ clientId }) => clientId === "openclaw-tui") ?? paired.at(-1);
      if (found === undefined) throw new Error("no device");
      kept.deviceId = found.deviceId;
      return `${paired.length} devices`;
    },
  },
  {
    group: "devices", tried: "devices rename",
    run: async ({ theirs }, kept) => expects(await theirs(["devices", "rename", "--device", device(kept), "--name", "mine"]), /Renamed/),
  },
  {
    group: "devices", tried: "devices rotate",
    run: async ({ theirs }, kept) => {
      const said = await theirs(["devices", "rotate", "--device", device(kept), "--role", "operator", "--json"]);
      return expects(said, /withheld-cross-device/, "token kept from others");
    },
  },
  {
    group: "devices", tried: "devices revoke",
    run: async ({ theirs }, kept) => {
      return expects(await theirs(["devices", "revoke", "--device", device(kept), "--role", "operator"]), /revokedAtMs/);
    },
  },
  {
    group: "devices", tried: "devices remove",
    run: async ({ theirs }, kept) => {
      return expects(await theirs(["devices", "remove", device(kept)]), /Removed/);
    },
  },

  says("lists", "logs", ["logs", "--limit", "500"], /gateway\.started/),
  says("lists", "sessions list --json", ["sessions", "list", "--json"], /"count"/, { seen: "reads its own files" }),
  {
    group: "lists", tried: "cron add",
    run: async ({ json }, kept) => {
      const job = (await json([
        "cron", "add", "--name", "tried", "--every", "1h", "--message", "hello from the clock", "--session", "isolated", "--json",
      ])) as { readonly id?: string };
      if (job.id === undefined) throw new Error(JSON.stringify(job).slice(0, 200));
      kept.jobId = job.id;
      return "added";
    },
  },
  says("lists", "cron list", ["cron", "list"], /tried/),
  {
    group: "lists", tried: "cron run",
    run: async ({ theirs }, kept) => expects(await theirs(["cron", "run", job(kept)]), /"enqueued": true/),
  },
  {
    group: "lists", tried: "cron runs, show, rm",
    run: async (stage, kept) => {
      const runs = async (): Promise<string> => (await stage.theirs(["cron", "runs", "--id", job(kept)])).text;
      await until(async () => (await runs()).includes("echo: hello from the clock"), "it did not run");
      expects(await stage.theirs(["cron", "show", job(kept)]), /name: tried/);
      return expects(await stage.theirs(["cron", "rm", job(kept)]), /"removed": true/);
    },
  },
  says("lists", "approvals get", ["approvals", "get", "--gateway"], /^(?!.*unknown method)/s, { unrecorded: true }),
  says("lists", "approvals pending", ["approvals", "pending"], /No pending/),
  says("lists", "channels status", ["channels", "status"], /Gateway reachable/),
  says("lists", "skills list", ["skills", "list"], /skills/i, { unrecorded: true }),
  says("lists", "models list", ["models", "list"], /scripted|test/, { unrecorded: true }),
  says("lists", "system presence", ["system", "presence"], /"mode": "gateway"/),

  {
    group: "their-gateway", tried: "our node joins their gateway",
    run: async (stage) => {
      const other = await stage.theirGateway();
      const at = ["--url", `http://127.0.0.1:${other.port}`, "--token", other.token];
      const host = await other.ours("our-node", ["node", "run", ...at, "--name", "ours"]);
      await host.wrote(/Online/);
      return "paired and online";
    },
  },
  {
    group: "their-gateway", tried: "their nodes invoke, on our node",
    run: async (stage) => {
      const other = await stage.theirGateway();
      return expects(
        await other.theirs(which("ours")), /bin\/sh/, "system.which",
      );
    },
  },
  {
    group: "their-gateway", tried: "their agent runs a command on our node",
    run: async (stage) => {
      const other = await stage.theirGateway();
      const wish = JSON.stringify({ command: "uptime", host: "node", node: "ours" });
      const said = await other.theirs(["agent", "--agent", "main", "-m", `do [[call exec ${wish}]]`], 120_000);
      return expects(said, /\d\d:\d\d:\d\d +up/, "prepared and run");
    },
  },
];

function expects(said: Said, pattern: RegExp, seen = "", code = 0): string {
  if (!pattern.test(said.text) || said.code !== code) throw new Error(firstComplaint(said));
  return seen;
}

/** The line that says what went wrong. */
function firstComplaint({ code, text }: Said): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const told = lines.find((line) => /Reason:|unknown method|error|invalid|fail|not /i.test(line) && !/^"|^[{}]/.test(line));
  return `${told ?? lines.at(-1) ?? "it said nothing"} (exit ${code ?? "by signal"})`.slice(0, 240);
}

async function until(holds: () => Promise<boolean>, why: string, withinMs = 60_000): Promise<void> {
  for (const began = Date.now(); !(await holds().catch(() => false)); ) {
    if (Date.now() - began > withinMs) throw new Error(why);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function listNodes({ theirs }: Stage): Promise<string> {
  for (const args of [["nodes", "list"], ["nodes", "status", "--json"], ["nodes", "describe", "--node", "theirs", "--json"]]) {
    expects(await theirs(args), /theirs/);
  }
  return "all three show it";
}

function pendingNode(listed: unknown): string | undefined {
  const pending: unknown = Array.isArray(listed) ? listed : (listed as { readonly pending?: unknown }).pending;
  return (pending as readonly { readonly requestId: string }[])[0]?.requestId;
}

function terminal({ terminal: opened }: Kept): Terminal {
  if (opened === undefined) throw new Skipped("there is no terminal");
  return opened;
}

function device({ deviceId }: Kept): string {
  if (deviceId === undefined) throw new Skipped("there is no device");
  return deviceId;
}

function job({ jobId }: Kept): string {
  if (jobId === undefined) throw new Skipped("there is no job");
  return jobId;
}
