/** What a browser sees that the gateway does not know: how to be let in, and why it is not. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { CopyButton } from "../kit/copy-button.tsx";
import type { Ended, Link } from "../link.ts";
import { tokenIn } from "../link/token-in.ts";
import { words } from "../words/en/shell.ts";

export function Unpaired({ link, ended }: { readonly link: Link; readonly ended: Ended }): VNode {
  const pasted = useSignal("");
  const token = tokenIn(pasted.value);
  return (
    <section class="page">
      <h1>{words.refused.title}</h1>
      <p>{words.refused.next}</p>
      <p class="command"><code>{words.refused.command}</code><CopyButton text={words.refused.command} what={words.refused.command} /></p>
      <form class="paste" onSubmit={(event) => {
        event.preventDefault();
        if (token !== undefined) link.pair(token);
      }}>
        <label>{words.refused.paste}
          <input type="text" autocomplete="off" spellcheck={false} value={pasted.value} onInput={(event) => {
            pasted.value = event.currentTarget.value;
          }} />
        </label>
        <button type="submit" class="primary" disabled={token === undefined}>{words.refused.pair}</button>
      </form>
      <p class="soft">{words.refused.why(ended.why)} <code>{ended.code}</code></p>
    </section>
  );
}
