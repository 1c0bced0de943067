/** The configuration file as it is written, comments and all. Secrets stand there as marks, and stay what they are. */
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { diffLines } from "../../kit/diff.ts";
import { DiffView } from "../../kit/diff-view.tsx";
import { Icon } from "../../kit/icon.tsx";
import { words } from "../../words/en/settings.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { openFileDesk } from "./file-desk.ts";
import { SavedMark } from "./saved-mark.tsx";
import { Trouble } from "./trouble.tsx";
import type { Link } from "../../link.ts";

const say = words.file;

export function FileSection({ link, desk }: { readonly link: Link; readonly desk: ConfigDesk }): VNode | null {
  const file = openFileDesk(desk);
  useEffect(() => file.settle, []);
  const config = desk.config.value;
  const typed = file.typed.value;
  const state = file.state.value;
  if (config === undefined) return null;
  const meanwhile = typed !== undefined && state.kind !== "saving" && typed.base.hash !== config.hash;
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
      {state.kind === "refused" ? <Trouble ended={state.ended} /> : null}
      <label class="wide-label" for="config-file">{say.label}</label>
      <textarea id="config-file" class="mono file" rows={24} spellcheck={false} autocomplete="off" value={typed?.text ?? config.raw}
        onInput={(event) => file.type(event.currentTarget.value)} />
      {meanwhile ? (
        <div role="alert" class="stacked">
          <p class="bar attention"><Icon name="alert" /><span><strong>{words.save.conflict}</strong> {say.both}</span></p>
          <DiffView lines={diffLines(config.raw, typed.text)} />
        </div>
      ) : null}
      {state.kind === "saved" ? <SavedMark link={link} takes={state.takes} undo={file.undo} dismiss={file.settle} /> : (
        <div class="row">
          <button type="button" class="primary" onClick={() => void file.save()}
            disabled={typed === undefined || typed.text === config.raw || state.kind === "saving"}>
            {state.kind === "saving" ? words.save.saving : state.kind === "conflict" ? say.overwrite : say.save}
          </button>
          <button type="button" disabled={typed === undefined} onClick={file.discard}>{say.discard}</button>
        </div>
      )}
    </section>
  );
}
