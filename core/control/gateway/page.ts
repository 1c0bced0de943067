/** The pages that anybody on this machine may see: what runs here, and how to get further. No secret, no session, no script. */
import { html } from "./dashboard/html.ts";
import { formatFrame } from "./dashboard/page-frame.ts";
import { formatDuration } from "./dashboard/quantities.ts";
import { formatMark, formatState } from "./dashboard/state-mark.ts";

export interface SmallPageFacts {
  readonly version: string;
  readonly address: string;
  readonly state: "running" | "stopping";
  readonly uptimeMs: number;
  /** The browser asks once more after so many seconds. */
  readonly reloadSeconds?: number;
}

export function formatPage({ version, address, state, uptimeMs, reloadSeconds }: SmallPageFacts): string {
  return formatFrame({
    title: "OpenClaw gateway", about: version, ...(reloadSeconds === undefined ? {} : { refreshSeconds: reloadSeconds }),
    body: html`<h1>A gateway runs here</h1>
<p>It answers this machine only, and shows what it does to whoever has a link.</p>
<section><h2>Now</h2>
<dl>
<dt>State</dt><dd>${formatState(state === "running" ? "good" : "attention", state)}</dd>
<dt>Address</dt><dd>${address}</dd>
<dt>Up for</dt><dd>${formatDuration(uptimeMs)}</dd>
</dl>
</section>
<section><h2>In a terminal</h2>
<dl class="answers">
<dt>Get a link</dt><dd><code>openclaw dashboard</code></dd>
<dt>See it there</dt><dd><code>openclaw status</code></dd>
<dt>Ask it</dt><dd><code>openclaw agent --message &quot;How busy is this machine?&quot;</code></dd>
</dl>
</section>`,
  });
}

/** For a link that opens nothing: why, and the command that gives a new one. */
export function formatRefusalPage(version: string, why: string, command: string): string {
  return formatFrame({
    title: "OpenClaw: this link opens nothing", about: version,
    body: html`<h1>This link opens nothing</h1>
<div class="note attention">${formatMark("attention")}<div>${why} For a new one, in a terminal: <code>${command}</code></div></div>`,
  });
}
