/** Markdown as Telegram's HTML, in parts. Pure. */
export function renderMarkdown(markdown: string, textMax: number): readonly string[] {
  const parts: string[] = [];
  for (let at = 0; at < markdown.length; at += textMax) parts.push(escapeHtml(markdown.slice(at, at + textMax)));
  return parts;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
