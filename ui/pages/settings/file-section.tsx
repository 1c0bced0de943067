/** The configuration file as it is written, comments and all. Secrets stand there as marks, and stay what they are. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "../../kit/icon.tsx";
import { describe, type Ended } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { isStale, type ConfigState } from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.file;

export function FileSection({ desk }: { readonly desk: ConfigDesk }): VNode | null {
  const typed = useSignal<{ readonly text: string; readonly base: ConfigState } | undefined>(undefined);
  const trouble = useSignal<Ended | undefined>(undefined);
  const stale = useSignal(false);
  const saved = useSignal<string | undefined>(undefined);
  const config = desk.config.value;
  if (config === undefined) return null;
  const changed = typed.value !== undefined && typed.value.text !== config.raw;
  const write = async (text: string, base: ConfigState): Promise<void> => {
    try {
      await desk.writeFile(text, base);
      saved.value = base.raw;
      typed.value = undefined;
      trouble.value = undefined;
      stale.value = false;
    } catch (error) {
      stale.value = isStale(error);
      trouble.value = describe(error);
    }
  };
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{say.help} <code>{config.path}</code></p>
      {config.valid ? null : (
        <div class="bar problem"><Icon name="alert" /><div>
          <p>{say.broken}</p>
          <ul>{config.issues.map(({ path, message, line }) => <li key={`${line} ${path}`}>{say.issue(line, path, message)}</li>)}</ul>
        </div></div>
      )}
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      <label class="wide-label" for="config-file">{say.label}</label>
      <textarea id="config-file" class="mono file" rows={24} spellcheck={false} autocomplete="off" value={typed.value?.text ?? config.raw}
        onInput={(event) => {
          typed.value = { text: event.currentTarget.value, base: typed.peek()?.base ?? config };
          saved.value = undefined;
        }} />
      <div class="row">
        <button type="button" class="primary" disabled={!changed} onClick={() => {
          const now = typed.peek();
          if (now !== undefined) void write(now.text, stale.peek() ? config : now.base);
        }}>{stale.value ? say.overwrite : say.save}</button>
        <button type="button" disabled={typed.value === undefined} onClick={() => {
          typed.value = undefined;
          trouble.value = undefined;
          stale.value = false;
        }}>{say.discard}</button>
        {saved.value === undefined ? null : (
          <button type="button" onClick={() => void write(saved.peek() ?? "", config)}>{say.undo}</button>
        )}
      </div>
      <p role="status" class="small soft">{saved.value === undefined ? "" : say.saved}</p>
      {stale.value && typed.value !== undefined ? (
        <details open><summary>{say.theirs}</summary><pre class="terminal">{config.raw}</pre></details>
      ) : null}
    </section>
  );
}
