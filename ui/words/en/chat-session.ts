export const words = {
  menu: "This conversation",
  name: "Name", model: "Model", thinkingLevel: "Thinking", queueMode: "Messages during a turn", verbose: "What is shown of tools",
    usual: "as the agent has it",
  pin: "Pin", unpin: "Unpin", archive: "Archive", unarchive: "Take out of the archive", exportLog: "Download the log (JSON Lines)",
  exportText: "Download as Markdown", remove: "Delete", removeSure: "Delete for good? Its key is destroyed: nobody can read it any more.",
  removeYes: "Delete for good", keep: "Keep it", tokenFlow: (input: number,
    output: number) => `${input.toLocaleString()} in, ${output.toLocaleString()} out`, tokens: "Tokens", key: "Key",
      failedChange: "That could not be changed.", exporting: (count: number) => `${count.toLocaleString()} entries read…`,
} as const;
