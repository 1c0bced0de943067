export const words = {
  title: "Run", back: "Back to the conversation", loading: "Reading the run…", none: "Nothing is recorded of this run.",
  model: "Model", tool: "Tool", wait: "Waited for a person", step: "Step", started: "Began", time: "Time", tokens: "Tokens", cost: "Cost",
  state: "State", tokenFlow: (input: number, output: number) => `${input.toLocaleString()} in, ${output.toLocaleString()} out`,
  input: "Input", output: "Output", gate: "The gate's decision", labels: "Least trusted words in it", promptHash: "Prompt (SHA-256)",
  allow: "allowed", ask: "asked a person", refuse: "refused", by: (who: string) => `answered by ${who}`, decision: "Answer",
  branch: "Branch after this step", replay: "Replay the session", equal: (steps: number) => `Decided the same again: ${steps} steps.`,
  differs: "Decided otherwise:", status: { ok: "done", error: "failed", aborted: "stopped",
    halted: "halted" } as Readonly<Record<string, string>>,
  open: "running", chosen: "Choose a step to see what went in and out.", attempts: "Attempts", effect: "Effect", node: "Node", exit: "Exit",
} as const;
