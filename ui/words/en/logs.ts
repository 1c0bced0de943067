export const words = {
  title: "Logs", list: "Log lines, the newest last", filters: "Filters", find: "Text in a line", level: "Level", module: "Module",
  levels: { debug: "All", info: "Info and above", warn: "Warnings and errors", error: "Errors" }, anyModule: "All modules",
  marks: { debug: "debug", info: "info", warn: "warning", error: "error" },
  pause: "Pause", go: "Go on", follow: "To the newest", copy: "Copy lines", copied: (count: number) => `${count} lines copied.`,
  download: "Download", shown: (shown: number, all: number) => (shown === all ? `${all} lines` : `${shown} of ${all} lines`),
  waiting: (count: number) => `Paused; ${count} new`, paused: "Paused",
  earlier: (file: string) => `There are earlier lines in ${file}.`,
  cut: "Lines are missing here: the log was cut, or went on faster than it was read.",
  dropped: (most: string) => `Only the newest ${most} lines are kept here; the file has the others.`,
  none: "The log is empty.", noneFits: "No line fits these filters.", clear: "Show all",
  line: "A log line", conversation: "Open the conversation", same: (name: string) => `Lines with this ${name}`, copyLine: "this line",
  when: "When", event: "Event", unreadable: "not a line of the log's own",
} as const;
