/** All commands by name. A command's module is loaded when it is meant, so that no command pays for another. */
import type { CommandEntry } from "./command.ts";

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "agent", section: "Talk", summary: "Send a message; watch the answer and the tools as they run",
    load: async () => (await import("./agent.ts")).agent,
  },
  {
    name: "chat", aliases: ["tui"], section: "Talk", summary: "The same as a conversation: tools, approvals, history, other sessions",
    load: async () => (await import("./chat.ts")).chat,
  },
  {
    name: "sessions", aliases: ["session"], section: "Talk", summary: "List conversations, read one, reset or delete it",
    load: async () => (await import("./sessions.ts")).sessions,
  },
  {
    name: "approvals", section: "Talk", summary: "What waits for you: list, allow, deny",
    load: async () => (await import("./approvals.ts")).approvals,
  },
  {
    name: "cron", section: "Talk", summary: "Jobs by the clock: add, list, run, expected against happened",
    load: async () => (await import("./cron.ts")).cron,
  },
  {
    name: "gateway", section: "Gateway", summary: "Run the gateway; ask it anything with gateway call",
    load: async () => (await import("./gateway.ts")).gateway,
  },
  {
    name: "config", section: "Gateway", summary: "Read and change settings; config get gatewayToken",
    load: async () => (await import("./config.ts")).config,
  },
  {
    name: "model", aliases: ["models"], section: "Gateway", summary: "Connect a model, test it, take it away",
    load: async () => (await import("./model.ts")).model,
  },
  {
    name: "channels", aliases: ["channel"], section: "Gateway", summary: "Messengers: connect one, let people write, see how each stands",
    load: async () => (await import("./channels.ts")).channels,
  },
  {
    name: "message", section: "Also", summary: "Send a message through a messenger",
    load: async () => (await import("./message.ts")).message,
  },
  {
    name: "onboard", section: "Also", summary: "From nothing to a first real answer, step by step or by flags",
    load: async () => (await import("./onboard.ts")).onboard,
  },
  {
    name: "explain", section: "Also", summary: "What an error code means, and what to do",
    load: async () => (await import("./explain.ts")).explain,
  },
  {
    name: "completion", section: "Also", summary: "Completion for bash, zsh and fish",
    load: async () => (await import("./completion.ts")).completion,
  },
  {
    name: "secrets", section: "Also", summary: "Secrets in the configuration: move them into the vault, fetch them by a program",
    load: async () => (await import("./secrets.ts")).secrets,
  },
  {
    name: "skills", section: "Also", summary: "What agents can read up: list, info, check",
    load: async () => (await import("./skills.ts")).skills,
  },
  {
    name: "migrate", section: "Also", summary: "Move in from the well-known program, or out again; --dry-run first",
    load: async () => (await import("./migrate.ts")).migrate,
  },
  {
    name: "devices", section: "Also", summary: "Who may connect: list, approve, reject, remove",
    load: async () => (await import("./devices.ts")).devices,
  },
  {
    name: "qr", section: "Also", summary: "Pair a phone: a code for its camera",
    load: async () => (await import("./qr.ts")).qr,
  },
  {
    name: "remote", section: "Also", summary: "Reach a gateway on another machine over SSH: open the tunnel and keep it",
    load: async () => (await import("./remote.ts")).remote,
  },
  {
    name: "tailscale", section: "Also", summary: "Serve the gateway in your tailnet",
    load: async () => (await import("./tailscale.ts")).tailscale,
  },
  {
    name: "nodes", section: "Nodes", summary: "The machines that do the work, seen from the gateway",
    load: async () => (await import("./nodes.ts")).nodes,
  },
  {
    name: "node", section: "Nodes", summary: "Make this machine a node: pair it, start it",
    load: async () => (await import("./node.ts")).node,
  },
  {
    name: "connect", section: "Also", summary: "Join a gateway with a setup code",
    load: async () => (await import("./connect.ts")).connect,
  },
  {
    name: "status", section: "Look", summary: "What runs, where, and what waits for you",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "deadletters", section: "Also", summary: "Work that was given up: list, show, retry, discard",
    load: async () => (await import("./deadletters.ts")).deadletters,
  },
  {
    name: "usage", section: "Also", summary: "What model calls took and cost; what is left of the budgets",
    load: async () => (await import("./usage.ts")).usage,
  },
  {
    name: "update", aliases: ["upgrade"], section: "Also", summary: "A new version from a file; taken back if it does not work",
    load: async () => (await import("./update.ts")).update,
  },
  {
    name: "alerts", aliases: ["alert"], section: "Also", summary: "What the gateway tells you of: list, ack, mute",
    load: async () => (await import("./alerts.ts")).alerts,
  },
  {
    name: "dashboard", section: "Look", summary: "The same in a browser: a link that opens once",
    load: async () => (await import("./dashboard.ts")).dashboard,
  },
  {
    name: "doctor", section: "Look", summary: "Examine configuration, database and log; --mend what can be mended",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "service", section: "Also", summary: "Run the gateway as a service of systemd: install, status, logs",
    load: async () => (await import("./as-service.ts")).service,
  },
  {
    name: "backup", section: "Also", summary: "Everything a gateway keeps, in one file: create, list, verify, restore",
    load: async () => (await import("./backup.ts")).backup,
  },
  {
    name: "uninstall", section: "Also", summary: "Remove what it keeps on this machine; --dry-run shows the list",
    load: async () => (await import("./uninstall.ts")).uninstall,
  },
  {
    name: "runtime", section: "Also", summary: "The Node an installed program runs on: fetch a private one, remove it",
    load: async () => (await import("./runtime.ts")).runtime,
  },
  { name: "health", section: "Also", summary: "One line: is the gateway well", load: async () => (await import("./health.ts")).health },
  { name: "logs", section: "Also", summary: "The gateway's log, and --follow", load: async () => (await import("./logs.ts")).logs },
];
