export const words = {
  list: "Conversations", search: "Search names and words",
  inMessages: "In what was said", none: "No conversation fits.", noneYet: "Nothing else has been talked about yet.", more: "Show more",
  running: "running", unread: "unread", failed: "failed", pinned: "pinned", archived: "archived",
  filter: "Show", filters: { all: "All", running: "Running", unread: "Unread", archived: "Archived" }, agent: "Agent",
    everyAgent: "Every agent",
  incomplete: "Not all of it was searched.",
} as const;
