import { hash } from "node:crypto";
import { Html, html, type Piece } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** No script, no image, no request to anywhere; of styles only this one text. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'", `style-src 'sha256-${hash("sha256", PAGE_STYLE, "base64")}'`, "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

export interface PageParts {
  readonly title: string;
  /** Beside the name, at the top: version. */
  readonly about: string;
  /** At the top on the right. */
  readonly aside?: Piece;
  readonly body: Piece;
  /** The browser loads the page again after so many seconds. */
  readonly refreshSeconds?: number;
}

/** Put in as it is: the text is ours, and the policy names its hash. */
const STYLE = new Html(PAGE_STYLE);

/** A whole page, ready to send. */
export function formatFrame({ title, about, aside, body, refreshSeconds }: PageParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refreshSeconds === undefined ? undefined : html`<meta http-equiv="refresh" content="${refreshSeconds}">\n`}<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header><div><b>OpenClaw</b> ${about}</div><div>${aside}</div></header>
<main>
${body}
</main>
</body>
</html>
`.text;
}
