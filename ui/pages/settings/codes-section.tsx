/** Every error code, explained without asking anybody: the table is part of the protocol, and so of this page. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { route } from "../../shell/route.ts";
import { words } from "../../words/en/settings.ts";
import { CATALOGUE } from "./all-codes.ts";

const say = words.codes;

export function CodesSection(): VNode {
  const sought = route.value.query.get("code") ?? "";
  const query = useSignal(sought);
  useEffect(() => {
    query.value = sought;
  }, [sought]);
  const parts = query.value.toLowerCase().split(/\s+/).filter((part) => part !== "");
  const found = Object.entries(CATALOGUE).filter(([code, { text, next }]) => {
    const all = `${code} ${text} ${next}`.toLowerCase();
    return parts.every((part) => all.includes(part));
  });
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{say.help}</p>
      <label class="wide-label">{say.search}
        <input type="search" value={query.value} autocomplete="off" spellcheck={false} onInput={(event) => {
          query.value = event.currentTarget.value;
        }} />
      </label>
      <p class="small soft" role="status">{say.count(found.length)}</p>
      <dl class="codes">{found.map(([code, { text, next, retry, exit }]) => (
        <div key={code}>
          <dt><code>{code}</code></dt>
          <dd>{text} {next}<br /><span class="small soft">{say.retry[retry]} · {say.exit(exit)}</span></dd>
        </div>
      ))}</dl>
    </section>
  );
}
