export const words = {
  copy: "Copy", copied: "Copied", copyWhat: (what: string) => `Copy ${what}`,
  task: (done: boolean) => (done ? "done" : "open"), table: "Table",
  close: "Close", cancel: "Cancel", undo: "Undo", dismiss: "Dismiss", notices: "Notices",
  copyId: "Copy the id",
  sparkline: (title: string, last: string, most: string) => `${title}: now ${last}, at most ${most}`,
  next: "The next", before: "The one before",
  noFigures: (title: string) => `${title}: no figures yet`,
} as const;
