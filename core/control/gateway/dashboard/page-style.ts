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
h2 { font-size: 13px; line-height: 1.5; font-weight: 600; color: var(--soft); padding-bottom: 8px; }
h2 span { font-weight: 400; }
section > p, .empty { max-width: 68ch; color: var(--soft); }
section > p + p { margin-top: 4px; }
code, pre, .id { font: 13px/1.5 var(--mono); }
code, pre { overflow-wrap: anywhere; }
code { -webkit-user-select: all; user-select: all; color: var(--ink); }
.i { width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; }
.i { stroke-linejoin: round; }
.i .full { fill: currentColor; stroke: none; }
.state { display: inline-flex; gap: 8px; align-items: center; white-space: nowrap; }
.good .i { color: var(--good); } .attention .i { color: var(--attention); } .problem .i { color: var(--problem); }
.unknown .i { color: var(--unknown); } .live .i { color: var(--accent); }
.note { display: flex; gap: 8px; margin-top: 16px; padding: 8px 12px; background: var(--raised); }
.note { border: 1px solid var(--line); border-radius: 6px; }
.note .i { margin-top: 3px; }
.list { border-top: 1px solid var(--line); }

table { width: 100%; border-collapse: collapse; line-height: 1.3; }
th { font-size: 12px; font-weight: 400; color: var(--soft); text-align: left; padding: 0 24px 4px 0; white-space: nowrap; }
td { padding: 8px 24px 8px 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; }
.short { white-space: nowrap; }
.soft { color: var(--soft); }
td small { display: block; font-size: 13px; color: var(--soft); margin-top: 4px; }
.tag { display: inline-block; font-size: 13px; margin-right: 12px; }
.load { display: inline-flex; gap: 8px; align-items: center; white-space: nowrap; }
.load svg { width: 48px; height: 4px; flex: none; }
.load .rail { fill: var(--line); } .load .level { fill: var(--soft); } .load .high { fill: var(--attention); }

.card { background: var(--raised); border: 1px solid var(--line); border-left: 4px solid var(--attention); border-radius: 6px; }
.card { padding: 12px 16px 16px; }
.card + .card { margin-top: 12px; }
.card > div { display: flex; flex-wrap: wrap; gap: 0 24px; justify-content: space-between; }
.card > div { font-size: 13px; color: var(--soft); }
.card .state { color: var(--ink); font-weight: 600; }
pre { margin-top: 8px; padding: 8px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
pre { white-space: pre-wrap; }
.card .what { font-size: 15px; }
dl { display: grid; grid-template-columns: 112px minmax(0, 1fr); gap: 4px 16px; margin-top: 12px; }
dt { font-size: 13px; line-height: 22px; color: var(--soft); }
dd { overflow-wrap: anywhere; }
dl.answers { margin-top: 12px; padding-top: 12px; border-top: 1px solid var(--line); }
section > dl { margin-top: 0; padding-top: 12px; border-top: 1px solid var(--line); }

@media (max-width: 679px) {
  header, main { padding-left: 16px; padding-right: 16px; }
  main { padding-top: 8px; }
  dl { grid-template-columns: 88px minmax(0, 1fr); gap: 4px 12px; }
  dl.answers { display: block; }
  dl.answers dd { margin-bottom: 8px; }
  dl.answers dd:last-child { margin-bottom: 0; }
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: 12px 0; border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 88px minmax(0, 1fr); gap: 0 12px; padding: 2px 0; border-top: 0; text-align: left; }
  td::before { content: attr(data-label); font-size: 13px; color: var(--soft); }
  td > * { grid-column: 2; }
  td.number { text-align: left; }
  td.void { display: none; }
  .short { white-space: normal; }
}
`;
