/**
 * Every figure the bench can measure, beside the bar we hold ourselves to and what the well-known gateway takes.
 *
 * Bars are those of a quiet machine with two cores. `theirs` is version 2026.9.6 of that gateway on such a machine; it is
 * there to give the bar its meaning, not as a comparison: for one, both run interleaved in one harness (see target/).
 */
export interface FigureSpec {
  readonly what: string;
  readonly unit: "ms" | "MB" | "kB" | "/s" | "tokens" | "×" | "n";
  /** Good below, or above, this. Absent: printed for its own sake, such as the limit beneath a figure. */
  readonly below?: number;
  readonly above?: number;
  readonly theirs?: number;
}

export const FIGURES = {
  "start.hello": { what: "spawn → first hello-ok, fresh home", unit: "ms", below: 300, theirs: 13_800 },
  "start.accepted": { what: "spawn → /readyz 200 and a message accepted", unit: "ms", below: 300 },
  "start.cold": { what: "the same, compile cache cold", unit: "ms", below: 600 },
  "start.again": { what: "spawn → hello-ok, second start", unit: "ms", below: 300, theirs: 9_000 },
  "start.cpu": { what: "CPU of the tree until hello-ok", unit: "ms", theirs: 17_500 },

  "command.node": { what: "node -e 0, wall", unit: "ms" },
  "command.node.cpu": { what: "node -e 0, CPU", unit: "ms" },
  "command.version": { what: "openclaw --version, wall", unit: "ms", below: 150, theirs: 90 },
  "command.version.cpu": { what: "openclaw --version, CPU", unit: "ms", below: 80 },
  "command.help": { what: "openclaw --help, wall", unit: "ms", below: 150, theirs: 1_400 },
  "command.help.cpu": { what: "openclaw --help, CPU", unit: "ms", below: 80 },
  "command.status": { what: "openclaw status, wall", unit: "ms", below: 150, theirs: 11_000 },
  "command.status.cpu": { what: "openclaw status, CPU", unit: "ms", below: 200, theirs: 8_000 },
  "command.health": { what: "openclaw health, wall", unit: "ms", below: 150, theirs: 4_600 },
  "command.health.cpu": { what: "openclaw health, CPU", unit: "ms", theirs: 2_000 },
  "command.config": { what: "openclaw config get gateway.port, wall", unit: "ms", below: 150, theirs: 2_600 },
  "command.config.cpu": { what: "openclaw config get gateway.port, CPU", unit: "ms", theirs: 2_400 },

  "command.completion": { what: "openclaw completion bash, wall", unit: "ms", below: 150 },
  "command.completion.cpu": { what: "openclaw completion bash, CPU", unit: "ms", below: 50, theirs: 5_400 },
  "command.explain": { what: "openclaw explain CODE, wall", unit: "ms", below: 150 },
  "command.explain.cpu": { what: "openclaw explain CODE, CPU", unit: "ms", below: 80 },

  "first.answer": { what: "npm start in an empty home → first answer", unit: "ms", below: 10_000 },
  "first.node": { what: "the guide: pair and start a second node", unit: "ms" },
  "first.model": { what: "the guide: a model tried and added", unit: "ms" },
  "first.whole": { what: "every command of the guide", unit: "ms", below: 30_000 },

  "config.set.p50": { what: "config.set → durable and in force", unit: "ms", below: 25 },
  "config.set.p99": { what: "the same, p99", unit: "ms", below: 100 },
  "config.told.p50": { what: "config.set → config.changed at another client", unit: "ms", below: 25 },
  "config.edit.p50": { what: "file edited → config.changed at a client", unit: "ms", below: 200 },
  "config.edit.p99": { what: "the same, p99", unit: "ms", below: 400 },
  "config.large.edit.p50": { what: "file of a megabyte edited → config.changed at a client", unit: "ms", below: 5_000 },
  "config.large.health.p99": { what: "another client's health meanwhile, p99", unit: "ms", below: 50 },

  "memory.pss": { what: "PSS, idle, gateway and local node", unit: "MB", below: 120, theirs: 880 },
  "memory.rss": { what: "RSS of the same processes", unit: "MB", theirs: 985 },
  "memory.launcher": { what: "PSS with the launcher of npm start", unit: "MB" },
  "memory.processes": { what: "processes of the tree", unit: "n" },
  "memory.idle-cpu": { what: "CPU while idle, ms a second", unit: "ms", theirs: 9 },

  "connect.p50": { what: "connect → hello-ok, p50", unit: "ms", theirs: 4.3 },
  "connect.p99": { what: "connect → hello-ok, p99", unit: "ms", theirs: 11.5 },

  "call.echo.p50": { what: "bare ws echo, p50", unit: "ms" },
  "call.echo.rate32": { what: "bare ws echo, 32 callers", unit: "/s" },
  "call.health.p50": { what: "health, p50", unit: "ms", below: 0.2, theirs: 1.7 },
  "call.health.p99": { what: "health, p99", unit: "ms", theirs: 4.9 },
  "call.health.rate1": { what: "health, 1 caller", unit: "/s", theirs: 517 },
  "call.health.rate32": { what: "health, 32 callers", unit: "/s", above: 15_000, theirs: 1_097 },
  "call.health.cpu": { what: "health, gateway CPU a call", unit: "ms", theirs: 1.3 },

  "node.invoke.p50": { what: "node.invoke of an instant node, p50", unit: "ms", below: 0.5, theirs: 5.2 },
  "node.invoke.p99": { what: "node.invoke of an instant node, p99", unit: "ms", theirs: 18 },
  "node.invoke.rate32": { what: "node.invoke, 32 callers", unit: "/s", above: 5_000, theirs: 238 },
  "node.spawn.p50": { what: "bare spawn of true, p50", unit: "ms" },
  "node.spawn.p99": { what: "bare spawn of true, p99", unit: "ms" },
  "node.run.p50": { what: "system.run true through the gateway, p50", unit: "ms" },
  "node.run.p99": { what: "system.run true through the gateway, p99", unit: "ms" },

  "turn.own.p50": { what: "own time of a turn, p50", unit: "ms", below: 3, theirs: 304 },
  "turn.own.p99": { what: "own time of a turn, p99", unit: "ms", below: 10, theirs: 352 },
  "turn.cpu": { what: "CPU of the tree a turn", unit: "ms", theirs: 367 },
  "turn.acknowledged.p50": { what: "chat.send → acknowledged (durable), p50", unit: "ms", below: 2, theirs: 47 },
  "turn.first.p50": { what: "chat.send → first words, p50", unit: "ms", theirs: 274 },
  "turn.prompt": { what: "prompt for \"hi\", bytes / 4", unit: "tokens", below: 1_500, theirs: 15_000 },

  "exec.local.p50": { what: "model → exec → model, local node, p50", unit: "ms", below: 8, theirs: 43 },
  "exec.local.p99": { what: "model → exec → model, local node, p99", unit: "ms" },
  "exec.remote.p50": { what: "model → exec → model, paired node, p50", unit: "ms", below: 10, theirs: 95 },
  "exec.remote.p99": { what: "model → exec → model, paired node, p99", unit: "ms" },

  "rate.1": { what: "durable turns, 1 session", unit: "/s", theirs: 3.1 },
  "rate.16": { what: "durable turns, 16 sessions", unit: "/s", theirs: 2.7 },
  "rate.64": { what: "durable turns, 64 sessions", unit: "/s", above: 500, theirs: 3 },
  "rate.64.cpu": { what: "CPU of the tree a turn, 64 sessions", unit: "ms" },
  "rate.scripted": { what: "durable turns, 64 sessions, scripted model in process", unit: "/s", above: 1_000 },
  "rate.demo": { what: "durable turns, 64 sessions, the talkative demo model in process", unit: "/s" },

  "token.delivery.p50": { what: "token delivered after the model sent it, p50", unit: "ms", below: 1, theirs: 39 },
  "token.delivery.p99": { what: "token delivered after the model sent it, p99", unit: "ms", theirs: 75 },
  "token.cpu": { what: "CPU of the tree a token, 16 sessions", unit: "ms", below: 0.05, theirs: 4.4 },

  "replay.events": { what: "events of a recorded session, decided again", unit: "/s" },

  "recovery.hello": { what: "kill -9 in mid-turn → hello-ok", unit: "ms", below: 500, theirs: 17_000 },
  "recovery.turn": { what: "kill -9 in mid-turn → the turn goes on", unit: "ms", below: 500 },

  "fair.baseline.p99": { what: "another client's health, nothing else going on, p99", unit: "ms" },
  "fair.calls.p99": { what: "… while one sends 2,000 calls at once, p99", unit: "ms", below: 20, theirs: 2_300 },
  "fair.frames.p99": { what: "… while one sends 20 MB frames, p99", unit: "ms", below: 100, theirs: 300 },

  "wire.signed.p50": { what: "a device's connect with its signature, p50", unit: "ms" },
  "wire.signed.p99": { what: "… p99", unit: "ms" },
  "wire.tls.p50": { what: "connect → hello-ok over TLS, p50", unit: "ms" },
  "wire.tls.p99": { what: "… p99", unit: "ms" },
  "wire.fanout.p50": { what: "one event to 5,000 clients, until heard, p50", unit: "ms" },
  "wire.fanout.p99": { what: "… p99", unit: "ms", below: 100 },
  "wire.fanout.cpu": { what: "gateway CPU for each who hears it, µs", unit: "n" },
  "wire.fanout.health": { what: "another client's health while it is told, p99", unit: "ms", below: 20 },
  "wire.slow.memory": { what: "growth beside 200 clients that watch long answers and do not read", unit: "MB", below: 64 },
  "wire.slow.turn": { what: "… time of a turn that they watch, against none", unit: "×", below: 1.5 },

  "crowd.connection": { what: "memory of a connected client", unit: "kB", theirs: 26 },
  "crowd.listeners": { what: "turn time with idle clients, against none", unit: "×", below: 1.1, theirs: 4.4 },
  "crowd.active": { what: "turns active at once (5,000 asked for)", unit: "n", above: 4_999, theirs: 8 },
  "crowd.health.p99": { what: "health beside them, p99", unit: "ms", below: 50, theirs: 3_000 },
  "crowd.session": { what: "memory of an active session", unit: "kB", below: 50, theirs: 16_000 },

  "live.1.p50": { what: "own time of a turn, 1 live session, p50", unit: "ms" },
  "live.1.p99": { what: "… p99", unit: "ms" },
  "live.64.p50": { what: "… 64 live sessions, p50", unit: "ms" },
  "live.64.p99": { what: "… p99", unit: "ms" },
  "live.1000.p50": { what: "… 1,000 live sessions, p50", unit: "ms" },
  "live.1000.p99": { what: "… p99", unit: "ms" },
  "live.5000.p50": { what: "… 5,000 live sessions, p50", unit: "ms", below: 3 },
  "live.5000.p99": { what: "… p99", unit: "ms", below: 10 },
  "live.session": { what: "memory of a live session", unit: "kB", below: 50 },

  "history.fresh.own": { what: "own time of a turn in a new session beside them, p50", unit: "ms", below: 3 },
  ...historyFigures("1000", "1,000"),
  ...historyFigures("10000", "10,000"),
  ...historyFigures("100000", "100,000"),
  ...historyFigures("1000000", "1,000,000"),

  "dormant.memory": { what: "memory of a dormant session", unit: "kB", below: 0.1 },
  "dormant.disk": { what: "disk of a dormant session", unit: "kB" },
  "dormant.wake.p50": { what: "history of a dormant session, p50", unit: "ms" },
  "dormant.wake.p99": { what: "history of a dormant session, p99", unit: "ms", below: 20 },
  "dormant.turn.p50": { what: "own time of a turn in a dormant session, p50", unit: "ms" },
  "dormant.turn.p99": { what: "own time of a turn in a dormant session, p99", unit: "ms", below: 20 },
  "list.first": { what: "the first list of 50 after a start", unit: "ms" },
  "list.p50": { what: "the 50 newest of all sessions, p50", unit: "ms" },
  "list.p99": { what: "… p99", unit: "ms", below: 20 },
  "list.page.p50": { what: "50 sessions anywhere down the list, p50", unit: "ms" },
  "list.page.p99": { what: "… p99", unit: "ms", below: 20 },
  "list.narrowed.p99": { what: "the 50 newest of one agent, p99", unit: "ms", below: 20 },
  "list.search": { what: "all of them looked through for a word that is nowhere", unit: "ms" },
  "list.search.health": { what: "… another client's health meanwhile, p99", unit: "ms", below: 20 },
  "list.older.first": { what: "the first list where an older program left no order", unit: "ms" },
  "list.older.health": { what: "… another client's health meanwhile, p99", unit: "ms", below: 20 },
  "dormant.hello": { what: "kill -9 beside dormant sessions → hello-ok", unit: "ms", below: 500 },
  "dormant.ready": { what: "… → /readyz 200", unit: "ms" },

  "soak.slope": { what: "growth of memory in a thousand turns", unit: "kB" },
  "soak.loop": { what: "event-loop delay under full load, p99", unit: "ms", below: 20 },
  "soak.turns": { what: "durable turns", unit: "/s", above: 500 },
  "page.weight": { what: "first load of the page, compressed", unit: "kB", below: 60, theirs: 1_631 },
  "page.requests": { what: "… requests to a usable conversation", unit: "n", below: 9, theirs: 81 },
  "page.input": { what: "navigation → the box to type in is painted", unit: "ms", below: 300, theirs: 1_800 },
  "page.up": { what: "navigation → the conversation is there", unit: "ms" },
  "page.cold.first": { what: "model's first words → painted, first message of a new page", unit: "ms", below: 150, theirs: 8_000 },
  "page.first": { what: "model's first words → painted, p50", unit: "ms", below: 150 },
  "page.final": { what: "model's last words → the answer stands final, p50", unit: "ms", below: 30 },
  "page.load.longest": { what: "longest task while the conversation comes", unit: "ms", below: 50 },
  "page.paging.longest": { what: "longest task while ten pages of 10,000 messages are read upwards", unit: "ms", below: 50 },
  "page.paging.held": { what: "… messages on the page then", unit: "n", below: 400 },
  "page.away": { what: "gateway killed → the page says so, what is safe, what comes next", unit: "ms", below: 1_000 },
  "page.changes": { what: "changes of the page in a frame, 200 tokens/s, worst", unit: "n", below: 1.5 },
  "page.late": { what: "token on the screen after it was sent, p99", unit: "ms" },
  "page.longest": { what: "longest task beside 10,000 messages", unit: "ms", below: 50 },
  "page.tasks": { what: "tasks over 50 ms meanwhile", unit: "n", below: 1 },

  "actuators.turn": { what: "turn with one webhook intent, p50", unit: "ms" },
  "actuators.rate": { what: "intents carried out through a webhook", unit: "/s" },
  "actuators.told.rate": { what: "… with a listener that hears of each, against none", unit: "×" },
  "actuators.stalled.turn": { what: "… a turn beside a listener stalled for ever, against a healthy one", unit: "×", below: 1.2 },
  "actuators.stalled.rate": { what: "… intents beside it, against a healthy one", unit: "×", above: 0.8 },

  "soak.core": { what: "durable turns a second of CPU", unit: "/s" },
} as const satisfies Record<string, FigureSpec>;

type HistoryPart = "wake" | "own" | "memory" | "disk" | "snapshot" | "list";

/** The same of every length: that its cost does not grow is the figure. */
function historyFigures<Events extends string>(events: Events, shown: string): Record<`history.${Events}.${HistoryPart}`, FigureSpec> {
  const parts: Record<HistoryPart, FigureSpec> = {
    wake: { what: `history of a sleeping session of ${shown} events, p50`, unit: "ms", below: 20 },
    own: { what: "… own time of a turn in it, p50", unit: "ms", below: 3 },
    memory: { what: "… memory it takes when it was woken", unit: "kB" },
    disk: { what: "… disk of an event", unit: "kB" },
    snapshot: { what: "… its snapshot", unit: "kB" },
    list: { what: "… the record of its segments", unit: "kB" },
  };
  const named = Object.entries(parts).map(([part, spec]) => [`history.${events}.${part}`, spec]);
  return Object.fromEntries(named) as Record<`history.${Events}.${HistoryPart}`, FigureSpec>;
}

export type FigureId = keyof typeof FIGURES;

/** Undefined where there is no bar. */
export function holds(id: FigureId, value: number): boolean | undefined {
  const { below, above } = FIGURES[id] as FigureSpec;
  if (below !== undefined) return value < below;
  return above === undefined ? undefined : value > above;
}
