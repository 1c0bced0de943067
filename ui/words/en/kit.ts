export const words = {
  copy: "Copy", copied: "Copied", copyWhat: (what: string) => `Copy ${what}`,
  task: (done: boolean) => (done ? "done" : "open"), table: "Table",
} as const;
