/** What would change, before it does; what came of it; and both sides where somebody else wrote meanwhile. */
import type { VNode } from "preact";
import { Icon } from "../../kit/icon.tsx";
import type { Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import { words } from "../../words/en/settings.ts";
import { differences, showValue } from "./changes.ts";
import { bothSides, type ConfigDesk } from "./config-desk.ts";
import type { ConfigState } from "./facts.ts";
import { SavedMark } from "./saved-mark.tsx";
import { pathOfConfig } from "./sections.ts";
import { Trouble } from "./trouble.tsx";

export function SaveBar({ link, desk }: { readonly link: Link; readonly desk: ConfigDesk }): VNode | null {
  const state = desk.state.value;
  const draft = desk.draft.value;
  const kept = desk.kept.value;
  if (draft.size === 0 && state.kind !== "saved" && kept === undefined) return null;
  return (
    <aside class="save-bar" aria-label={words.save.title}>
      {state.kind === "saved" && draft.size === 0 ? (
        <SavedMark link={link} takes={state.takes} undo={state.back === undefined ? undefined : desk.undo} dismiss={desk.settle} />
      ) : draft.size === 0 && kept !== undefined ? (
        <p class="row" role="status">
          <span>{words.save.kept(0, kept.left)}</span><button type="button" onClick={desk.discard}>{words.save.dismiss}</button>
        </p>
      ) : (
        <>
          {kept === undefined ? null : <p class="bar attention" role="status">{words.save.kept(kept.changes, kept.left)}</p>}
          {state.kind === "refused" ? <Trouble ended={state.ended} /> : null}
          {state.kind === "conflict" ? <Conflict desk={desk} from={state.from} /> : <Changes desk={desk} />}
          <div class="row">
            <button type="button" class="primary" disabled={state.kind === "saving"} onClick={() => void desk.save()}>
              {state.kind === "saving" ? words.save.saving : state.kind === "conflict" ? words.save.mineOnTop : words.save.save(draft.size)}
            </button>
            <button type="button" onClick={desk.discard}>{state.kind === "conflict" ? words.save.theirs : words.save.discard}</button>
          </div>
        </>
      )}
    </aside>
  );
}

function Changes({ desk }: { readonly desk: ConfigDesk }): VNode {
  const changes = differences(desk.draft.value, desk.config.value?.set);
  return (
    <table class="sides two">
      <caption>{words.save.would(changes.length)}</caption>
      <thead>
        <tr><th scope="col">{words.save.key}</th><th scope="col">{words.save.is}</th><th scope="col">{words.save.will}</th></tr>
      </thead>
      <tbody>{changes.map(({ key, was, now }) => (
        <tr key={key}>
          <th scope="row"><a href={placeOf(key)}><code>{key}</code></a></th><td><Value value={was} /></td><td><Value value={now} /></td>
        </tr>
      ))}</tbody>
    </table>
  );
}

/** Where its field is. */
function placeOf(key: string): string {
  return `${pathOf("settings", ...pathOfConfig(key.split(/[.[]/, 1)[0] ?? ""))}?key=${encodeURIComponent(key)}`;
}

function Conflict({ desk, from }: { readonly desk: ConfigDesk; readonly from: ConfigState }): VNode {
  const { clashes, others } = bothSides(desk, from);
  return (
    <div role="alert">
      <p class="bar attention">
        <Icon name="alert" /><span><strong>{words.save.conflict}</strong> {words.save.conflictWhy(clashes.length)}</span>
      </p>
      {others.length === 0 ? null : <p class="small soft">{words.save.others} <code>{others.join(", ")}</code></p>}
      {clashes.length === 0 ? null : (
        <table class="sides three">
          <caption>{words.save.both(clashes.length)}</caption>
          <thead><tr>
            <th scope="col">{words.save.key}</th><th scope="col">{words.save.was}</th><th scope="col">{words.save.theyWrote}</th>
            <th scope="col">{words.save.youWant}</th>
          </tr></thead>
          <tbody>{clashes.map(({ key, was, theirs, now }) => (
            <tr key={key}>
              <th scope="row"><code>{key}</code></th>
              <td><Value value={was} /></td><td><Value value={theirs} /></td><td><Value value={now} /></td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </div>
  );
}

function Value({ value }: { readonly value: unknown }): VNode {
  return value === undefined ? <span class="soft">{words.save.notSet}</span> : <code>{showValue(value)}</code>;
}
