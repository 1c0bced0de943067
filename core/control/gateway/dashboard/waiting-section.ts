/** The section of Now that asks for a person: what would happen, where, why, what otherwise, and the commands that answer. */
import type { NowFacts, PairingRequest, WaitingApproval } from "./dashboard-facts.ts";
import { clip, html, type Html, type Piece } from "./html.ts";
import { PAGE_LIMITS } from "./page-limits.ts";
import { formatAgo, formatDuration } from "./quantities.ts";
import { formatShellWord } from "./shell-word.ts";
import { formatState } from "./state-mark.ts";

const { rowsMax, lineChars, textChars, commandChars } = PAGE_LIMITS;

export function formatWaiting({ waiting, requests, commandLine, nowMs }: NowFacts): Html {
  const cards = [
    ...waiting.slice(0, rowsMax).map((approval) => formatApproval(approval, commandLine, nowMs)),
    ...requests.slice(0, rowsMax).map((request) => formatRequest(request, commandLine, nowMs)),
  ];
  const beyond = waiting.length + requests.length - cards.length;
  return html`<section><h2>Waits for you</h2>
${cards.length > 0 ? cards : html`<p>A command that would change something asks here first. The same in a terminal:
<code>${commandLine} approvals list</code></p>`}${
  beyond > 0 ? html`<p>${beyond} more are not shown. All of them: <code>${commandLine} approvals list</code></p>` : undefined}
</section>
`;
}

function formatApproval(approval: WaitingApproval, commandLine: string, nowMs: number): Html {
  const { id, command, nodeName, cwd, agentId, sessionKey, why, labels, createdAtMs, expiresAtMs, decisions } = approval;
  const leftMs = Math.max(0, expiresAtMs - nowMs);
  return html`<article class="card">
<div>${formatState("attention", "Approval")}<span>asked ${formatAgo(createdAtMs, nowMs)}</span></div>
<pre>${clip(command, commandChars)}</pre>
${command.length > commandChars ? html`<p>${formatState("attention", "cut")} ${command.length - commandChars + 1} more
characters. Read all of it before you answer: <code>${commandLine} approvals list</code></p>\n` : undefined}<dl>
${formatFact("Where", nodeName === undefined ? undefined : formatPlace(nodeName, cwd))}
${formatFact("For", [`agent ${clip(agentId, lineChars)}, session `, html`<span class="id">${clip(sessionKey, lineChars)}</span>`])}
${formatFact("Why you", why === "" ? undefined : clip(why, textChars))}
${formatFact("Words from", labels.length === 0 ? undefined : labels.map((label) => ORIGINS[label] ?? label).join(", "))}
${formatFact("Otherwise", `denied by itself in ${formatDuration(leftMs)}`)}
</dl>
<dl class="answers">
${ANSWERS.filter(({ decision }) => decisions.includes(decision)).map(({ words, line }) =>
    html`<dt>${words}</dt><dd><code>${commandLine} approvals ${line(formatShellWord(id) ?? "ID")}</code></dd>`)}
</dl>
</article>
`;
}

function formatPlace(nodeName: string, cwd: string | undefined): string {
  return cwd === undefined ? clip(nodeName, lineChars) : `${clip(nodeName, lineChars)} in ${clip(cwd, lineChars)}`;
}

/** Always in this order. */
const ANSWERS = [
  { decision: "deny", words: "Deny", line: (id: string) => `deny ${id}` },
  { decision: "allow-once", words: "Allow once", line: (id: string) => `allow ${id}` },
  { decision: "allow-always", words: "Allow for session", line: (id: string) => `allow ${id} --session` },
] as const;

const ORIGINS: Readonly<Record<string, string>> = {
  owner: "you", member: "another person you know", agent: "the agent", outside: "outside: a page, a file, a tool or a stranger",
};

function formatRequest({ kind, requestId, name, wants, sinceMs }: PairingRequest, commandLine: string, nowMs: number): Html {
  const noun = kind === "node" ? "nodes" : "devices";
  const word = formatShellWord(requestId) ?? "REQUEST";
  return html`<article class="card">
<div>${formatState("attention", kind === "node" ? "Node" : "Device")}<span>asked ${formatAgo(sinceMs, nowMs)}</span></div>
<p>${clip(name, lineChars)} ${kind === "node" ? "wants to offer commands" : "wants to connect"}</p>
<dl>
${formatFact(kind === "node" ? "Commands" : "As", wants.length === 0 ? undefined : clip(wants.join(", "), textChars))}
</dl>
<dl class="answers">
<dt>Reject</dt><dd><code>${commandLine} ${noun} reject ${word}</code></dd>
<dt>Approve</dt><dd><code>${commandLine} ${noun} approve ${word}</code></dd>
</dl>
</article>
`;
}

function formatFact(label: string, value: Piece): Html {
  return value === undefined ? html`` : html`<dt>${label}</dt><dd>${value}</dd>`;
}
