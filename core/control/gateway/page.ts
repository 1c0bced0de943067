/** The page at `/`: what runs here, and how to talk to it. Static, without scripts; it shows no secret and no session. */
export interface PageFacts {
  readonly version: string;
  readonly address: string;
  readonly state: "running" | "stopping";
  readonly uptimeMs: number;
}

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

export function formatPage(facts: PageFacts): string {
  const { version, address, state, uptimeMs } = facts;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OpenClaw gateway</title>
<style>
:root {
  color-scheme: light dark; --ink: #1c1917; --soft: #78716c; --line: #e7e5e4; --paper: #fafaf9; --card: #fff; --accent: #c2410c;
  --ok: #15803d;
}
@media (prefers-color-scheme: dark) { :root {
  --ink: #f5f5f4; --soft: #a8a29e; --line: #292524; --paper: #0c0a09; --card: #1c1917; --accent: #fb923c; --ok: #4ade80;
} }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem; }
body { background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { width: min(38rem, 100%); }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -0.02em; }
h1 span { color: var(--accent); }
.lead { margin: .25rem 0 1.75rem; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem 1.5rem; margin-bottom: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.5rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.dot { display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; background: var(--ok); margin-right: .5rem; }
.stopping .dot { background: var(--accent); }
h2 { margin: 0 0 .75rem; font-size: .85rem; font-weight: 600; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); }
pre { margin: 0 0 .5rem; padding: .75rem 1rem; border-radius: .5rem; overflow-x: auto; }
pre { background: var(--paper); border: 1px solid var(--line); font: 14px/1.5 ui-monospace, monospace; }
pre:last-child { margin-bottom: 0; }
</style>
</head>
<body>
<main>
<h1>Open<span>Claw</span></h1>
<p class="lead">A gateway runs here. It answers this machine only.</p>
<section>
<dl>
<dt>State</dt><dd class="${state}"><span class="dot"></span>${state}</dd>
<dt>Version</dt><dd>${escapeHtml(version)}</dd>
<dt>Address</dt><dd>${escapeHtml(address)}</dd>
<dt>Up for</dt><dd>${formatDuration(uptimeMs)}</dd>
</dl>
</section>
<section>
<h2>Talk to it</h2>
<pre>openclaw agent --message "hello"</pre>
<pre>openclaw status</pre>
</section>
</main>
</body>
</html>
`;
}

/** `3 d 4 h`, `12 min`, `40 s`. */
function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
