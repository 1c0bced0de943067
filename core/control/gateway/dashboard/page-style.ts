/** The look of the gateway's pages. One text for all of them, so that one hash in the policy allows it and nothing else. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --raised: #ffffff; --ink: #1b1917; --soft: #57524d; --line: #e2ddd6;
  --accent: #b3341a; --good: #17663a; --attention: #855000; --problem: #a1123f; --unknown: #59626d;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Inter", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141311; --raised: #1c1a18; --ink: #f1eee9; --soft: #b8b1a8; --line: #36322d;
    --accent: #ff8163; --good: #63ca8d; --attention: #e7b251; --problem: #ff8ea8; --unknown: #a4adb8;
  }
}
* { box-sizing: border-box; margin: 0; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 var(--sans); font-variant-numeric: tabular-nums; }
header, main { max-width: 960px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; gap: 0 24px; justify-content: space-between; align-items: baseline; }
header { padding-top: 16px; padding-bottom: 16px; font-size: 13px; color: var(--soft); }
header b { font-size: 15px; font-weight: 600; color: var(--ink); margin-right: 8px; }
main { padding-top: 16px; padding-bottom: 48px; }
h1 { font-size: 24px; line-height: 1.3; font-weight: 600; letter-spacing: -0.01em; text-wrap: balance; }
h1 + p { color: var(--soft); margin-top: 4px; max-width: 68ch; }
section { margin-top: 32px; }
h2 { font-size: 13px; line-height: 1.5; font-weight: 600; color: var(--soft); padding-bottom: 8px; border-bottom: 1px solid var(--line); }
section > p { max-width: 68ch; margin-top: 12px; color: var(--soft); }
code, pre, .id { font: 13px/1.5 var(--mono); overflow-wrap: anywhere; }
code { display: inline-block; max-width: 100%; color: var(--ink); -webkit-user-select: all; user-select: all; }
pre { margin-top: 8px; padding: 8px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
pre { white-space: pre-wrap; }
.soft { color: var(--soft); }
.i { width: 16px; height: 16px; vertical-align: -3px; fill: none; stroke: currentColor; stroke-width: 1.5; }
.i { stroke-linecap: round; stroke-linejoin: round; }
.i .full { fill: currentColor; stroke: none; }
.state { white-space: nowrap; }
.state .i { margin-right: 8px; }
.good .i { color: var(--good); } .attention .i { color: var(--attention); } .problem .i { color: var(--problem); }
.unknown .i { color: var(--unknown); } .live .i { color: var(--accent); }
.note { display: flex; gap: 8px; margin-top: 16px; padding: 8px 12px; background: var(--raised); }
.note { border: 1px solid var(--line); border-radius: 6px; }
.note .i { flex: none; margin-top: 3px; }

table { width: 100%; table-layout: fixed; border-collapse: collapse; line-height: 1.3; }
th { font-size: 12px; font-weight: 400; color: var(--soft); text-align: left; padding: 8px 16px 0 0; white-space: nowrap; }
td { padding: 8px 16px 8px 0; vertical-align: baseline; overflow-wrap: anywhere; }
tr + tr td { border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
.state-column { width: 144px; } .session-column { width: 288px; } .name-column { width: 224px; } .model-column { width: 192px; }
.load-column { width: 184px; } .running-column { width: 72px; text-align: right; } .when-column { width: 128px; }
td small { display: block; font-size: 13px; color: var(--soft); margin-top: 4px; }
.tag { display: inline-block; margin-right: 12px; }
.load { white-space: nowrap; }
.load svg { width: 48px; height: 4px; margin-right: 8px; vertical-align: middle; }
.rail { fill: var(--line); } .level { fill: var(--soft); } .high { fill: var(--attention); }

.card { margin-top: 12px; padding: 12px 16px 12px; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
.card { border-left: 4px solid var(--attention); }
.card > div { display: flex; flex-wrap: wrap; gap: 0 24px; justify-content: space-between; font-size: 13px; color: var(--soft); }
.card .state { color: var(--ink); font-weight: 600; }
.card > p { margin-top: 8px; }
dl { display: grid; grid-template-columns: 128px minmax(0, 1fr); gap: 0 16px; align-items: baseline; padding-top: 8px; }
dt { font-size: 13px; line-height: 24px; color: var(--soft); white-space: nowrap; }
dd { line-height: 24px; overflow-wrap: anywhere; }
dd code, dd .id { line-height: inherit; }
.card dl { grid-template-columns: 108px minmax(0, 1fr); }
.card .answers { margin-top: 8px; border-top: 1px solid var(--line); }

@media (max-width: 679px) {
  header, main { padding-left: 16px; padding-right: 16px; }
  main { padding-top: 8px; }
  dl, .card dl { grid-template-columns: 88px minmax(0, 1fr); gap: 0 12px; }
  .answers, .card .answers { display: block; }
  .answers dd { line-height: 20px; margin-bottom: 8px; }
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: 12px 0; }
  tr + tr { border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 88px minmax(0, 1fr); gap: 0 12px; padding: 0; line-height: 24px; }
  td { align-items: baseline; }
  td[class] { width: auto; }
  tr + tr td { border-top: 0; }
  td::before { content: attr(data-label); font-size: 13px; color: var(--soft); }
  td:first-child { display: block; padding-bottom: 4px; }
  td:first-child::before { content: none; }
  td.running-column { text-align: left; }
  td.void { display: none; }
  td small { margin-top: 0; line-height: 20px; }
}
`;
