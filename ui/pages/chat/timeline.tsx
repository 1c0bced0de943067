/** The conversation from top to bottom: the person's words, the agent's, and between them what was done. */
import type { VNode } from "preact";
import { memo } from "preact/compat";
import { Icon } from "../../kit/icon.tsx";
import { Markdown } from "../../kit/markdown.tsx";
import { words } from "../../words/en/chat.ts";
import type { Conversation, LiveRun, Waiting } from "./conversation.ts";
import { ToolCard } from "./tool-card.tsx";
import type { Entry } from "./transcript.ts";

export function Timeline({ conversation }: { readonly conversation: Conversation }): VNode {
  const entries = conversation.entries.value;
  const live = conversation.live.value;
  const waiting = conversation.waiting.value;
  const results = new Map(entries.flatMap((entry) => (entry.callId === undefined ? [] : [[entry.callId, entry] as const])));
  const state = conversation.state.value;
  if (typeof state === "object") return <p class="bar problem" role="alert">{state.why} <code>{state.code}</code></p>;
  const isEmpty = state === "ready" && entries.length === 0 && waiting.length === 0 && live === undefined;
  return (
    <div class="timeline">
      {state === "loading" && entries.length === 0 ? <p class="soft">{words.loading}</p> : null}
      {conversation.hasEarlier.value ? (
        <button type="button" class="quiet earlier" onClick={() => void conversation.loadEarlier()}>{words.earlier}</button>
      ) : null}
      {isEmpty ? <Beginning conversation={conversation} /> : null}
      {entries.map((entry) => (entry.role === "tool" ? null : <EntryBlock key={entry.id} entry={entry} results={results} live={live} />))}
      {live === undefined ? null : <LiveBlock run={live} known={entries} />}
      {waiting.map((one) => <WaitingBlock key={one.key} message={one} conversation={conversation} />)}
    </div>
  );
}

function Beginning({ conversation }: { readonly conversation: Conversation }): VNode {
  return (
    <div class="beginning">
      <p>{words.empty}</p>
      <p class="soft">{words.emptyHint}</p>
      <ul>{words.suggestions.map((text) => (
        <li key={text}><button type="button" onClick={() => conversation.send(text)}>{text}</button></li>
      ))}</ul>
    </div>
  );
}

interface EntryProps { readonly entry: Entry; readonly results: ReadonlyMap<string, Entry>; readonly live: LiveRun | undefined }

function EntryBlock({ entry, results, live }: EntryProps): VNode {
  return (
    <>
      <Said entry={entry} />
      {entry.calls.map((call) => {
        const result = results.get(call.id);
        const running = live?.calls.find(({ id }) => id === call.id);
        return (
          <ToolCard
            key={call.id} name={call.name} args={call.args} output={result?.text ?? running?.output ?? ""}
            state={result === undefined ? (running?.done === true ? "done" : "running") : result.isError === true ? "failed" : "done"}
            nodeId={result?.nodeId} details={result?.details ?? running?.details ?? {}} startedMs={entry.atMs} endedMs={result?.atMs}
          />
        );
      })}
    </>
  );
}

/** Drawn again only when the entry is another: what stands does not cost while text streams below it. */
const Said = memo(({ entry }: { readonly entry: Entry }): VNode | null => {
  if (entry.text === "") return null;
  return entry.role === "user" ? <article class="said person"><p class="plain">{entry.text}</p></article>
    : <article class={`said ${entry.role}`}><Markdown text={entry.text} /></article>;
});

function LiveBlock({ run, known }: { readonly run: LiveRun; readonly known: readonly Entry[] }): VNode {
  const recorded = new Set(known.flatMap((entry) => entry.calls.map(({ id }) => id)));
  return (
    <div class="live" aria-busy="true">
      {run.resumed ? <p class="soft small">{words.resumed}</p> : null}
      {run.text === "" ? null : <article class="said assistant"><Markdown text={run.text} /></article>}
      {run.calls.filter(({ id }) => !recorded.has(id)).map((call) => (
        <ToolCard
          key={call.id} name={call.name} args={call.args} output={call.output} details={call.details} startedMs={call.startedMs}
          state={call.done ? (call.isError ? "failed" : "done") : "running"}
        />
      ))}
      {run.failed === undefined ? <p class="soft small working">{run.thinking ? words.thinking : words.working}</p>
        : <p class="bar problem"><Icon name="alert" /><span>{words.failed}: {run.failed.why} <code>{run.failed.code}</code></span></p>}
    </div>
  );
}

function WaitingBlock({ message, conversation }: { readonly message: Waiting; readonly conversation: Conversation }): VNode {
  const said = message.state === "sending" ? words.sending : message.state === "stored" ? words.stored : words.refused;
  return (
    <article class="said person waiting">
      <p class="plain">{message.text}</p>
      <p class="soft small" role="status">
        {said}{message.ended === undefined ? null : `: ${message.ended.why}`}
        {message.state === "refused" ? (
          <>
            {" "}<button type="button" class="quiet" onClick={() => conversation.retry(message.key)}>{words.retry}</button>
            <button type="button" class="quiet" onClick={() => conversation.discard(message.key)}>{words.discard}</button>
          </>
        ) : null}
      </p>
    </article>
  );
}
