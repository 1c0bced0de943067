/** What stands in the HTML itself, before any script: the build writes it there. */
export const words = {
  product: "OpenClaw",
  form: "Message",
  draft: "Your message",
  placeholder: "Ask, or say what to do",
  noScript: "This page needs JavaScript. In a terminal: openclaw chat",
} as const;
