const DOES: Readonly<Record<string, string>> = {
  "none": "it has no effect", "read": "it only reads, where reading is allowed", "read.command": "a command that is known only to read",
  "outside.read": "it reads from the world outside", "outside.write": "it changes something in the world outside",
  "outside.act": "it acts on the world outside", "outside.standing": "the owner lets this be done unasked",
    "memory.write": "it changes the agent's memory",
  "memory.act": "it acts on the agent's memory", "sub-agent": "it gives a sub-agent a task",
    "session": "it speaks to another session of the same agent",
  "other-agent": "it speaks to another agent", "schedule": "it sets or starts a job that goes on by itself",
  "local-node.write": "it changes files or jobs on this machine", "local-node.act": "it runs a program on this machine",
  "node.write": "it changes files or jobs on another node", "node.act": "it runs a program on another node",
  "workspace.write": "it writes in the workspace", "yes-local": "everything on this machine is allowed (--yes-local)",
    "approved": "a person allowed it",
};

export const words = {
  effects: { none: "no effect", read: "only reads", idempotent: "changes something; doing it twice is as doing it once", unsafe: "acts" } as
    Readonly<Record<string, string>>,
  rules: DOES, rule: (rule: string) => `rule ${rule}`,
  labels: {
    owner: "your own words", member: "the words of a person you let in", agent: "the agent's own words", outside: "text from outside",
  } as Readonly<Record<string, string>>,
  ask: {
    title: "May this be done?", titleOn: (node: string) => `May this be done on ${node}?`, command: "What is to be done",
      exact: "Exactly what, and why you are asked",
    arguments: "Arguments", folder: "In the folder", node: "On the node", rule: "Asked because", source: "Decided from",
    deny: "Deny", once: "Allow once", session: "Allow for this session", always: "Allow this exact one always",
    left: (left: string) => `Without an answer it is denied in ${left}.`, failed: "Your answer did not arrive.",
  },
} as const;
