export const words = {
  title: "Chat",
  send: "Send", stop: "Stop", you: "You", loading: "Reading the conversation…", earlier: "Show earlier messages",
  sending: "Sending…", stored: "Stored; waits for its turn", kept: "Kept here; sent as soon as the gateway is back",
  refused: "Not accepted", retry: "Send again", discard: "Discard", failed: "This turn failed",
  thinking: "Thinking", working: "Working", resumed: "Continued after a restart", toLatest: "To the latest",
  running: "running", done: "done", failedCall: "failed", on: (node: string) => `on ${node}`, exit: (code: number) => `exit ${code}`,
  output: (name: string) => `Output of ${name}`, took: (time: string) => `took ${time}`,
  pieces: (count: number) => `${count} ${count === 1 ? "token" : "tokens"} kept`,
  empty: "Nothing has been said here yet.",
  emptyHint: "Try one of these. Reading asks nothing of you; whatever changes something asks first.",
  suggestions: ["How busy is this machine?", "Which disks are full?", "What can you do?"],
} as const;
