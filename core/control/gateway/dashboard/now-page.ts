/**
 * The page Now: what waits for a person, what runs, where, what failed, and how safe this gateway is.
 *
 * Made whole on every request, with nothing a browser could run. It cannot change anything: whatever waits is answered by
 * the command that stands beside it. Sections keep their place and order whether they hold something or not.
 */
import type { FailedRun, NodeRow, NowFacts, RunningSession } from "./dashboard-facts.ts";
import { clip, html, shortenId, type Html, type Piece } from "./html.ts";
import { formatFrame } from "./page-frame.ts";
import { PAGE_LIMITS } from "./page-limits.ts";
import { formatAgo, formatCount, formatDuration, formatMoment } from "./quantities.ts";
import { formatShellWord } from "./shell-word.ts";
import { formatMark, formatState, type Meaning } from "./state-mark.ts";
import { formatWaiting } from "./waiting-section.ts";

export function formatNowPage(facts: NowFacts): string {
  const waiting = facts.waiting.length + facts.requests.length;
  return formatFrame({
    title: waiting === 0 ? "OpenClaw: now" : `(${waiting}) OpenClaw: now`,
    about: facts.version,
    aside: html`as of ${formatMoment(facts.nowMs).slice(11)}, every ${PAGE_LIMITS.refreshSeconds} s`,
    refreshSeconds: PAGE_LIMITS.refreshSeconds,
    body: [formatHeadline(facts, waiting), ...formatNotes(facts), formatWaiting(facts), formatRunning(facts), formatNodes(facts),
      formatFailed(facts), formatGateway(facts)],
  });
}

/** The page that is shown when a room does not answer: the gateway lives, and says what it does not know. */
export function formatNowUnknown(facts: Pick<NowFacts, "version" | "nowMs" | "uptimeMs">): string {
  return formatFrame({
    title: "OpenClaw: now", about: facts.version, refreshSeconds: PAGE_LIMITS.refreshSeconds,
    aside: html`as of ${formatMoment(facts.nowMs).slice(11)}, every ${PAGE_LIMITS.refreshSeconds} s`,
    body: html`<h1>What runs is not known</h1>
<p>The gateway has been up for ${formatDuration(facts.uptimeMs)}, but did not learn in time what its parts do.
The log says more: <code>openclaw logs</code></p>`,
  });
}

function formatHeadline(facts: NowFacts, waiting: number): Html {
  const online = facts.nodes.filter(({ state }) => state === "online").length;
  const parts = [
    formatTurns(facts.running),
    facts.nodes.length === 0 ? "no node is paired"
      : online === facts.nodes.length ? `${formatCount(online, "node")} online`
      : `${online} of ${formatCount(facts.nodes.length, "node")} online`,
    ...(facts.failed.length === 0 ? [] : [`${formatCount(facts.failed.length, "run")} failed in the last day`]),
  ];
  const one = facts.requests.length === 0 ? "approval" : facts.waiting.length === 0 ? "request" : "thing";
  const head = waiting === 0 ? "Nothing waits for you" : `${formatCount(waiting, one)} ${waiting === 1 ? "waits" : "wait"} for you`;
  return html`<h1>${head}</h1>
<p>${parts.join("; ")}.</p>
`;
}

function formatTurns(sessions: readonly RunningSession[]): string {
  const running = sessions.filter(({ state }) => state === "running").length;
  const asking = sessions.filter(({ state }) => state === "asking").length;
  const runs = `${formatCount(running, "turn")} ${running === 1 ? "runs" : "run"}`;
  const waits = `${formatCount(asking, "turn")} ${asking === 1 ? "waits" : "wait"} for an answer`;
  if (asking === 0) return running === 0 ? "No turn runs" : runs;
  return running === 0 ? waits : `${runs}, ${waits}`;
}

/** What is not as it should be and is nobody's row: said above everything, and only then. */
function formatNotes({ stopping, confinement, nodes, commandLine }: NowFacts): Html[] {
  const notes: Html[] = [];
  if (stopping) notes.push(html`The gateway is stopping. What was accepted and is not finished goes on at its next start.`);
  if (confinement.sentence === undefined) notes.push(html`The local node does not run. Commands run on paired nodes only; it is started
again by itself. Why: <code>${commandLine} logs</code>`);
  else if (!confinement.confined) notes.push(
    html`The local node is not confined: ${clip(withoutVerdict(confinement.sentence), PAGE_LIMITS.textChars)}`,
  );
  if (nodes.length > 0 && !nodes.some(({ state }) => state === "online")) notes.push(
    html`No node is online: commands wait, or fail. Why: <code>${commandLine} logs</code>`,
  );
  return notes.map((note) => html`<div class="note attention" role="note">${formatMark("attention")}<div>${note}</div></div>\n`);
}

function formatRunning({ running, commandLine, nowMs }: NowFacts): Html {
  if (running.length === 0) return formatSection("Runs", html`<p>No turn runs. Ask for something:
<code>${commandLine} agent --message &quot;How busy is this machine?&quot;</code></p>`);
  return formatSection("Runs", formatTable(["State", "Session", "Agent", "Model", "Since"], running, (session) => [
    cell("State", formatState(...RUNNING_STATES[session.state])),
    cell("Session", [html`<span class="id">${clip(session.key, PAGE_LIMITS.lineChars)}</span>`, formatBehind(session)]),
    cell("Agent", clip(session.agentId, PAGE_LIMITS.lineChars)),
    cell("Model", clip(session.model, PAGE_LIMITS.lineChars)),
    cell("Since", session.sinceMs === undefined ? undefined : formatTime(session.sinceMs, formatDuration(nowMs - session.sinceMs))),
  ]));
}

const RUNNING_STATES: Readonly<Record<RunningSession["state"], readonly [Meaning, string]>> = {
  running: ["live", "running"], asking: ["attention", "waits for you"], queued: ["unknown", "in line"],
};

function formatBehind({ turnsWaiting }: RunningSession): Piece {
  return turnsWaiting === 0 ? undefined : html`<small>${formatCount(turnsWaiting, "message")} behind it</small>`;
}

function formatNodes({ nodes, commandLine, nowMs }: NowFacts): Html {
  const pair = html`<code>${commandLine} node pair --url URL --token TOKEN</code>`;
  if (nodes.length === 0) return formatSection("Nodes", html`<p>No node is paired, so no command can run. On the machine that is to do
the work: ${pair}</p>`);
  const table = formatTable(["State", "Name", "Tags", "Load", "Running", "Seen"], nodes, (node) => [
    cell("State", formatState(...NODE_STATES[node.state])),
    cell("Name", html`<span title="${node.nodeId}">${clip(node.name, PAGE_LIMITS.lineChars)}</span>
<small>${node.local ? "this machine" : clip(node.platform, 40)}, ${shortenId(node.nodeId)}</small>`),
    cell("Tags", formatTags(node)),
    cell("Load", node.load === undefined ? undefined : formatLoad(node.load)),
    cell("Running", node.state === "online" || node.running > 0 ? node.running : undefined),
    cell("Seen", formatSeen(node, nowMs)),
  ]);
  const alone = nodes.length === 1 && nodes[0]?.local === true;
  return formatSection("Nodes", [table, alone ? html`<p>To add another machine, say there: ${pair}</p>` : undefined]);
}

const NODE_STATES: Readonly<Record<NodeRow["state"], readonly [Meaning, string]>> = {
  online: ["good", "online"], offline: ["unknown", "offline"], unapproved: ["attention", "not approved"],
};

function formatTags({ tags }: NodeRow): Piece {
  if (tags.length > 0) return tags.slice(0, PAGE_LIMITS.tagsMax).map((tag) => html`<span class="tag">${clip(tag, 40)}</span> `);
  return undefined;
}

function formatLoad({ average, processors }: NonNullable<NodeRow["load"]>): Html {
  const share = Math.min(1, average / Math.max(1, processors));
  const level = share >= 1 ? "high" : "level";
  return html`<span class="load"><svg viewBox="0 0 48 4" aria-hidden="true"><rect class="rail" width="48" height="4" rx="2"/>
<rect class="${level}" width="${Math.max(share * 48, 2).toFixed(1)}" height="4" rx="2"/></svg>${
    average.toFixed(2)} of ${formatCount(processors, "core")}</span>`;
}

function formatSeen({ state, seenAtMs }: NodeRow, nowMs: number): Piece {
  if (state === "online") return "now";
  return seenAtMs === undefined ? undefined : formatTime(seenAtMs, formatAgo(seenAtMs, nowMs));
}

function formatFailed({ failed, commandLine, nowMs }: NowFacts): Html {
  if (failed.length === 0) return formatSection("Failed last", html`<p>No run has failed in the last day. All that happens:
<code>${commandLine} logs --follow</code></p>`);
  return formatSection("Failed last", formatTable(["State", "Session", "Why", "When"], failed, (run) => [
    cell("State", formatState("problem", run.status)),
    cell("Session", html`<span class="id">${clip(run.key, PAGE_LIMITS.lineChars)}</span>`),
    cell("Why", formatWhy(run, commandLine)),
    cell("When", formatTime(run.endedAtMs, formatAgo(run.endedAtMs, nowMs))),
  ], PAGE_LIMITS.failedMax));
}

function formatWhy({ why, code, key }: FailedRun, commandLine: string): Piece {
  if (why === undefined) {
    const word = formatShellWord(key);
    return word === undefined ? "not known" : html`<code>${commandLine} sessions history ${word}</code>`;
  }
  return [clip(why, PAGE_LIMITS.lineChars), code === undefined ? undefined : html`<small class="id">${code}</small>`];
}

function formatGateway(facts: NowFacts): Html {
  const { model, modelLabel, confinement, stateDir, address, uptimeMs, nowMs, version } = facts;
  return formatSection("This gateway", html`<dl>
<dt>Model</dt><dd>${clip(model, PAGE_LIMITS.lineChars)}${
  modelLabel === undefined ? undefined : html` <span class="soft">${clip(modelLabel, PAGE_LIMITS.lineChars)}</span>`}</dd>
<dt>Local node</dt><dd>${formatConfinement(confinement)}</dd>
<dt>Address</dt><dd>${address} <span class="soft">this machine only</span></dd>
<dt>Directory</dt><dd>${clip(stateDir, 1_000)}</dd>
<dt>Version</dt><dd>${version}</dd>
<dt>Up for</dt><dd>${formatTime(nowMs - uptimeMs, formatDuration(uptimeMs))}</dd>
</dl>`);
}

function formatConfinement({ confined, sentence }: NowFacts["confinement"]): Html {
  if (sentence === undefined) return formatState("unknown", "does not run");
  return html`${formatState(confined ? "good" : "attention", confined ? "confined" : "not confined:")}
<span class="soft">${clip(withoutVerdict(sentence), PAGE_LIMITS.textChars)}</span>`;
}

/** The verdict is said by the state beside it. */
function withoutVerdict(sentence: string): string {
  return sentence.replace(/^(?:not )?confined:? ?/, "");
}

function formatSection(title: string, body: Piece): Html {
  return html`<section><h2>${title}</h2>
${body}
</section>
`;
}

function formatTime(ms: number, words: string): Html {
  return html`<time datetime="${new Date(ms).toISOString()}" title="${formatMoment(ms)}">${words}</time>`;
}

/** `title` names the value where there is no room for a heading. */
function cell(title: string, value: Piece): Html {
  return html`<td data-label="${title}" class="${columnOf(title)}${value === undefined ? " void" : ""}"><span>${value}</span></td>`;
}

/** The style decides by it how wide a column is; columns of one kind stand below each other in all tables. */
function columnOf(title: string): string {
  return `${title === "Since" || title === "Seen" ? "when" : title.toLowerCase()}-column`;
}

function formatTable<Row>(
  titles: readonly string[], rows: readonly Row[], cellsOf: (row: Row) => readonly Html[], rowsMax: number = PAGE_LIMITS.rowsMax,
): Html {
  const beyond = rows.length - rowsMax;
  return html`<table>
<thead><tr>${titles.map((title) => html`<th scope="col" class="${columnOf(title)}">${title}</th>`)}</tr></thead>
<tbody>
${rows.slice(0, rowsMax).map((row) => html`<tr>${cellsOf(row)}</tr>\n`)}</tbody>
</table>${beyond > 0 ? html`\n<p>${beyond} more are not shown.</p>` : undefined}`;
}
