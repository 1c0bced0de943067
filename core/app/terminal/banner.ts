/** What a person sees when the gateway is up: what it is, where it is, how safe it is, and one thing to try. */
import type { Style } from "./style.ts";
import { widthOf } from "./text.ts";

export interface BannerFacts {
  readonly version: string;
  readonly stateDir: string;
  readonly profile?: string;
  /** `http://127.0.0.1:18789`. */
  readonly url: string;
  /** The page with its one-time token; absent when there is no page. */
  readonly dashboardUrl?: string;
  /** Absent: no local node runs. */
  readonly node?: {
    readonly name: string;
    readonly confined: boolean;
    /** `bubblewrap`, `namespaces`, `user nobody`; or, when not confined, why not. */
    readonly how: string;
  };
  /** `demo/demo`, with what it is: `offline, rule-based, free`. */
  readonly model?: { readonly name: string; readonly about?: string };
  /** What a person could say first. */
  readonly suggestion: string;
  readonly readyInMs?: number;
  /** Sentences that need attention: unsafe settings, commands that run unasked. */
  readonly warnings?: readonly string[];
}

export function formatBanner(facts: BannerFacts, style: Style): string[] {
  const ready = facts.readyInMs === undefined ? "" : `ready in ${(facts.readyInMs / 1_000).toFixed(2)} s`;
  const rows: [string, string][] = [
    ["Listening", `${facts.url}  ${style.dim("loopback only")}`],
    ["State", facts.profile === undefined ? facts.stateDir : `${facts.stateDir}  ${style.dim(`profile ${facts.profile}`)}`],
    ["Local node", describeNode(facts.node, style)],
  ];
  if (facts.model !== undefined) rows.push(["Model", `${facts.model.name}  ${style.dim(facts.model.about ?? "")}`.trimEnd()]);
  if (facts.dashboardUrl !== undefined) rows.push(["Dashboard", style.link(facts.dashboardUrl)]);
  const labelWidth = Math.max(...rows.map(([label]) => widthOf(label)));
  return [
    "",
    `  ${style.strong(`OpenClaw ${facts.version}`)}${ready === "" ? "" : `  ${style.dim(ready)}`}`,
    "",
    ...rows.map(([label, value]) => `  ${style.dim(label.padEnd(labelWidth))}  ${value}`),
    ...(facts.warnings ?? []).map((warning) => `  ${style.attention("!".padEnd(labelWidth))}  ${warning}`),
    "",
    `  ${style.accent(style.mark.live)} Try  ${style.strong(facts.suggestion)}`,
    `         ${style.dim("Ctrl-C stops the gateway; running turns go on at the next start.")}`,
    "",
  ];
}

function describeNode(node: BannerFacts["node"], style: Style): string {
  if (node === undefined) return `${style.mark.quiet} none; commands run only on paired nodes`;
  return node.confined
    ? `${style.good(style.mark.good)} ${node.name}  confined by ${node.how}`
    : `${style.attention("!")} ${node.name}  ${style.attention("not confined")}: ${node.how}`;
}
