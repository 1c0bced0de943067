/** One of the files an agent reads itself from, as a person edits it: what is typed stays, also while they look at something else. */
import { signal, useSignal, type Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { diffLines } from "../../kit/diff.ts";
import { DiffView } from "../../kit/diff-view.tsx";
import { formatBytes } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import { isStale, parseFile, type AgentFile } from "./facts.ts";
import { fieldsOf } from "./schema-fields.ts";
import { Trouble } from "./trouble.tsx";

const say = words.agents;

/** SHA-256 of no bytes: a file that is not there counts as empty. */
const HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** What is typed and not saved, by agent and file, and the hash of what it was typed over. */
interface Typed { readonly text: string; readonly hash: string }
const drafts = new Map<string, Signal<Typed | undefined>>();

function draftOf(key: string): Signal<Typed | undefined> {
  const draft = drafts.get(key) ?? signal<Typed | undefined>(undefined);
  drafts.set(key, draft);
  return draft;
}

const hashOf = (file: AgentFile | undefined): string => file?.hash ?? HASH_OF_NOTHING;

interface AgentFileProps { readonly link: Link; readonly agentId: string; readonly file: AgentFile; readonly onSaved: () => void }

export function AgentFileEditor({ link, agentId, file, onSaved }: AgentFileProps): VNode {
  const read = useSignal<AgentFile | undefined>(undefined);
  const typed = draftOf(`${agentId} ${file.name}`);
  const trouble = useSignal<Ended | undefined>(undefined);
  const clashes = useSignal(false);
  const saved = useSignal(false);
  const [openAtFirst] = useState(typed.peek() !== undefined);
  const params = { agentId, name: file.name };
  const load = async (): Promise<void> => {
    try {
      read.value = parseFile(fieldsOf(await link.request("agents.files.get", params))["file"]);
    } catch (error) {
      trouble.value = describe(error);
    }
  };
  const save = async (): Promise<void> => {
    const wanted = typed.peek();
    if (wanted === undefined) return;
    try {
      const answer = await link.request("agents.files.set", {
        ...params, content: wanted.text, expectedHash: wanted.hash,
      });
      const written = { ...parseFile(fieldsOf(answer)["file"]), content: wanted.text };
      read.value = written;
      const later = typed.peek();
      const isMore = later !== undefined && later.text !== wanted.text;
      typed.value = isMore ? { text: later.text, hash: hashOf(written) } : undefined;
      saved.value = !isMore;
      trouble.value = undefined;
      clashes.value = false;
      onSaved();
    } catch (error) {
      if (!isStale(error)) return void (trouble.value = describe(error));
      // What was typed stays; what stands there now is shown, and the next press writes over that.
      await load();
      trouble.value = undefined;
      clashes.value = true;
      typed.value = { text: typed.peek()?.text ?? wanted.text, hash: hashOf(read.peek()) };
    }
  };
  const now = read.value;
  const text = typed.value?.text ?? now?.content;
  return (
    <details class="file-box" open={openAtFirst} onToggle={(event) => {
      if (event.currentTarget.open && read.peek() === undefined) void load();
    }}>
      <summary>
        <Icon name="chevron" /><code>{file.name}</code>
        <span class="soft small">{file.missing ? say.missing : formatBytes(file.bytes)}</span>
      </summary>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {now === undefined || text === undefined ? null : (
        <>
          <textarea class="mono" aria-label={say.content(file.name)} rows={14} spellcheck={false} value={text} onInput={(event) => {
            typed.value = { text: event.currentTarget.value, hash: typed.peek()?.hash ?? hashOf(now) };
            saved.value = false;
          }} />
          {clashes.value ? (
            <div role="alert" class="stacked">
              <p class="bar attention"><Icon name="alert" /><span><strong>{words.save.conflict}</strong> {words.file.both}</span></p>
              <DiffView lines={diffLines(now.content, text)} />
            </div>
          ) : null}
          <div class="row">
            <button type="button" disabled={text === now.content} onClick={() => void save()}>
              {clashes.value ? words.file.overwrite : say.save}
            </button>
            {typed.value === undefined ? null : (
              <button type="button" class="quiet" onClick={() => {
                typed.value = undefined;
                clashes.value = false;
                trouble.value = undefined;
              }}>{words.file.discard}</button>
            )}
            <span role="status" class="small soft">{saved.value ? say.saved : ""}</span>
          </div>
        </>
      )}
    </details>
  );
}
