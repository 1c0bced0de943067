const DOES: Readonly<Record<string, string>> = {
  "none": "it has no effect", "read": "it only reads, where reading is allowed", "read.command": "a command that is known only to read",
  "outside.read": "it reads from the world outside", "outside.write": "it changes something in the world outside",
  "outside.act": "it acts on the world outside", "outside.standing": "the owner lets this be done unasked", "memory.write": "it changes the agent's memory",
  "memory.act": "it acts on the agent's memory", "sub-agent": "it gives a sub-agent a task", "session": "it speaks to another session of the same agent",
  "other-agent": "it speaks to another agent", "schedule": "it sets or starts a job that goes on by itself",
  "local-node.write": "it changes files or jobs on this machine", "local-node.act": "it runs a program on this machine",
  "node.write": "it changes files or jobs on another node", "node.act": "it runs a program on another node",
  "workspace.write": "it writes in the workspace", "yes-local": "everything on this machine is allowed (--yes-local)", "approved": "a person allowed it",
};

export const words = {
  title: "Chat",
  send: "Send", stop: "Stop", you: "You", loading: "Reading the conversation…", earlier: "Reading earlier messages…",
  later: "Reading on…", beginning: "This is where it begins.",
  sending: "Sending…", stored: "Stored; waits for its turn", kept: "Kept here; sent as soon as the gateway is back",
  refused: "Not accepted", retry: "Send again", discard: "Discard", takeBack: "Take back",
  failed: "This turn failed.", again: "Try again", failedNext: "What you said is kept. Try again, or choose another model in the session's settings.",
  thinking: "Thinking", thought: "What was thought", working: "Working", resumed: "Continued after a restart",
  waits: (attempt: number, most: number, why: string) => `The model did not answer (${why}). Trying again, ${attempt} of ${most}.`,
  toLatest: "To the latest", newer: (count: number) => `${count} new ${count === 1 ? "message" : "messages"}`,
  running: "running", asking: "waits for you", done: "done", failedCall: "failed", notKnown: "not known",
  on: (node: string) => `on ${node}`, exit: (code: number) => `exit ${code}`,
  output: (name: string) => `Output of ${name}`, command: "command", inspect: "Inspect this run",
  effects: { none: "no effect", read: "only reads", idempotent: "changes something; doing it twice is as doing it once", unsafe: "acts" } as
    Readonly<Record<string, string>>,
  rules: DOES, rule: (rule: string) => `rule ${rule}`,
  labels: {
    owner: "your own words", member: "the words of a person you let in", agent: "the agent's own words", outside: "text from outside",
  } as Readonly<Record<string, string>>,
  tokens: (count: number) => `${count.toLocaleString()} ${count === 1 ? "token" : "tokens"}`,
  edit: "Say it otherwise", editing: "This is a branch: what was said before is as it was.", regenerate: "Answer again, in a branch",
  copyWhat: { person: "what you said", agent: "the answer" }, branchFailed: "The branch could not be made.",
  ask: {
    title: "May this be done?", titleOn: (node: string) => `May this be done on ${node}?`, command: "What is to be done", exact: "Exactly what, and why you are asked",
    arguments: "Arguments", folder: "In the folder", node: "On the node", rule: "Asked because", source: "Decided from",
    deny: "Deny", once: "Allow once", session: "Allow for this session", always: "Allow this exact one always",
    left: (left: string) => `Without an answer it is denied in ${left}.`, failed: "Your answer did not arrive.",
  },
  queue: {
    title: "While it works, what you send", followup: "waits its turn", steer: "steers it", collect: "is gathered", interrupt: "stops it and goes first",
  },
  composer: {
    attach: "Attach files", drop: "Drop files here", remove: (name: string) => `Remove ${name}`, asFile: "Send the pasted text as a file?", yes: "As a file", no: "As text",
    tooLarge: (name: string, most: string) => `${name} is too large: a message takes ${most} of files.`, tooMany: (most: number) => `A message takes ${most} files.`,
    commands: "Commands",
  },
  empty: "Nothing has been said here yet.",
  emptyHint: "Try one of these. Reading asks nothing of you; whatever changes something asks first.",
  suggestions: ["How busy is this machine?", "Which disks are full?", "What can you do?"],
  sessions: { show: "Conversations", fresh: "New conversation", menu: "This conversation", main: "Main" },
} as const;
