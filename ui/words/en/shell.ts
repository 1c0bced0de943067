export const words = {
  product: "OpenClaw",
  places: {
    now: "Now", chat: "Chat", nodes: "Nodes", approvals: "Approvals", automations: "Automations", logs: "Logs", settings: "Settings",
  },
  rail: "Places",
  skip: "Skip to the content",
  lost: (since: string) => `The gateway has been away since ${since}.`,
  lostSafe: "What you sent is kept and goes on by itself; drafts stay here.",
  lostNext: "Trying again…",
  back: (away: string) => `Continued after ${away}.`,
  opening: "Connecting…",
  refused: {
    title: "This browser is not paired yet",
    why: (why: string) => `The gateway said: ${why}`,
    next: "On the gateway's machine, run this and open the link it prints:",
    command: "openclaw dashboard",
    paste: "Or paste the link here",
    pair: "Pair",
  },
  notFound: {
    title: "There is no such page",
    nearest: (title: string) => `The nearest is ${title}.`,
    go: (title: string) => `Go to ${title}`,
  },
  failed: { title: "This page could not be loaded", retry: "Load it again" },
} as const;
