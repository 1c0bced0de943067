/** The conversation from top to bottom: the person's words, the agent's, and between them what was done. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Icon } from "../../kit/icon.tsx";
import { lazy } from "../../kit/lazy.tsx";
import { Markdown } from "../../kit/markdown.tsx";
import { memo } from "../../kit/memo.ts";
import type { MediaAddress } from "../../kit/media.tsx";
import type { Approval } from "../../stores/parse-approval.ts";
import { words } from "../../words/en/chat.ts";
import type { Conversation, LiveCall, LiveRun, Waiting } from "./conversation.ts";
import { Elapsed } from "./elapsed.tsx";
import { ToolCard } from "./tool-card.tsx";
import type { Call, Entry } from "./transcript.ts";

const ApprovalCard = lazy(() => import("./approval-card.tsx").then((part) => part.ApprovalCard));
const MediaList = lazy(() => import("../../kit/media.tsx").then((part) => part.MediaList));

/** What a person can do with what was said. */
export interface SaidActs {
  /** Says it otherwise, in a branch. */
  edit(entry: Entry): void;
  regenerate(entry: Entry): void;
}

export interface TimelineProps {
  readonly conversation: Conversation;
  /** Those that are drawn, of those that are held. */
  readonly entries: readonly Entry[];
  readonly acts: SaidActs;
}

export function Timeline({ conversation, entries, acts }: TimelineProps): VNode {
  const waiting = conversation.waiting.value;
  const asked = conversation.asked.value;
  const all = conversation.entries.value;
  const results = useMemo(() => (
    new Map(all.flatMap((entry) => (entry.callId === undefined ? [] : [[entry.callId, entry] as const])))
  ), [all]);
  const known = useMemo(() => new Set(all.flatMap(({ calls }) => calls.map(({ id }) => id))), [all]);
  const latest = all.at(-1);
  const state = conversation.state.value;
  if (typeof state === "object") return <p class="bar problem" role="alert">{state.why} <code>{state.code}</code></p>;
  const runId = conversation.liveId.value;
  const isEmpty = state === "ready" && all.length === 0 && waiting.length === 0 && runId === undefined;
  const keys = new Set(waiting.map(({ key }) => key));
  const queued = conversation.queued.value.filter((one) => !keys.has(one.runId) && one.runId !== runId);
  return (
    <div class="timeline">
      {state === "loading" && all.length === 0 ? <p class="soft">{words.loading}</p> : null}
      {conversation.hasEarlier.value ? <p class="soft small earlier">{words.earlier}</p> : null}
      {isEmpty ? <Beginning conversation={conversation} /> : null}
      {entries.map((entry) => (entry.role === "tool" ? null : (
        <EntryBlock key={entry.id} entry={entry} results={results} conversation={conversation} asked={asked} acts={acts}
          isLatest={entry === latest} />
      )))}
      {conversation.hasLater.value ? <p class="soft small later">{words.later}</p> : null}
      <LiveBlock conversation={conversation} known={known} />
      {asked.filter(({ callId }) => callId === undefined || !known.has(callId)).map((one) => (
        <ApprovalCard key={one.id} asked={one} answer={conversation.answer} />
      ))}
      <FailureBlock conversation={conversation} />
      {queued.map((one) => <WaitingBlock key={one.runId} message={{ key: one.runId, text: one.text,
        state: "stored" }} conversation={conversation} />)}
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

interface EntryProps {
  readonly entry: Entry;
  readonly results: ReadonlyMap<string, Entry>;
  readonly conversation: Conversation;
  readonly asked: readonly Approval[];
  readonly acts: SaidActs;
  readonly isLatest: boolean;
}

const EntryBlock = memo(({ entry, results, conversation, asked, acts, isLatest }: EntryProps): VNode => {
  const thought = conversation.thoughts.get(entry.id);
  return (
    <div class={isLatest ? "entry latest" : "entry"} data-entry={entry.id}>
      {thought === undefined ? null : <Thought text={thought} />}
      <Said entry={entry} acts={acts} address={conversation.fileAddress} />
      {entry.calls.map((call) => (
        <RecordedCall key={call.id} call={call} entry={entry} result={results.get(call.id)} conversation={conversation}
          asked={asked.find(({ callId }) => callId === call.id)} />
      ))}
    </div>
  );
});

interface RecordedCallProps {
  readonly call: Call;
  readonly entry: Entry;
  readonly result: Entry | undefined;
  readonly conversation: Conversation;
  readonly asked: Approval | undefined;
}

const RecordedCall = memo(({ call, entry, result, conversation, asked }: RecordedCallProps): VNode => {
  const isLive = conversation.liveId.value === entry.runId;
  const seen = (isLive && result === undefined ? conversation.live.value?.calls.find(({ id }) => id === call.id) : undefined)
    ?? conversation.calls.get(call.id);
  const state = result !== undefined ? (result.isError === true ? "failed" : "done")
    : asked !== undefined ? "asking" : seen !== undefined && seen.state !== "running" ? seen.state : isLive ? "running" : "unknown";
  const isWhole = result === undefined || (seen?.behind === false && seen.state !== "running");
  const card = (
    <ToolCard
      sessionKey={conversation.key} runId={entry.runId} name={call.name} args={call.args} output={isWhole ? seen?.output : undefined}
      version={seen?.version ?? 0}
      result={result?.text} kept={isWhole && seen?.isCut === false ? undefined : result?.kept} readOutput={conversation.outputPage}
      state={state} nodeId={result?.nodeId ?? seen?.nodeId} details={{ ...result?.details, ...seen?.details }}
      startedMs={seen?.startedMs ?? entry.atMs} endedMs={result?.atMs}
    >{asked === undefined ? null : <ApprovalCard asked={asked} answer={conversation.answer} />}</ToolCard>
  );
  // What it brought to look at stands open, whatever becomes of the card.
  return result?.files === undefined ? card : <>{card}<MediaList parts={result.files} address={conversation.fileAddress} /></>;
});

/** Drawn again only when the entry is another: what stands does not cost while text streams below it. */
interface SaidProps { readonly entry: Entry; readonly acts: SaidActs; readonly address: MediaAddress }

const Said = memo(({ entry, acts, address }: SaidProps): VNode | null => {
  const files = entry.files ?? [];
  if (entry.text === "" && files.length === 0) return null;
  if (entry.role === "user") {
    return (
      <article class="said person">
        {entry.text === "" ? null : <p class="plain" dir="auto">{entry.text}</p>}
        {files.length === 0 ? null : <MediaList parts={files} address={address} />}
        {entry.text === "" ? null : (
          <p class="said-acts">
            <CopyButton text={entry.text} what={words.copyWhat.person} />
            <button type="button" class="quiet" onClick={() => acts.edit(entry)}><Icon name="edit" /><span>{words.edit}</span></button>
          </p>
        )}
      </article>
    );
  }
  return (
    <article class={`said ${entry.role}`}>
      <Markdown text={entry.text} />
      {files.length === 0 ? null : <MediaList parts={files} address={address} />}
      {entry.role === "assistant" && entry.calls.length === 0 ? (
        <p class="said-acts">
          <CopyButton text={entry.text} what={words.copyWhat.agent} />
          <button type="button" class="quiet" onClick={() =>
            acts.regenerate(entry)}><Icon name="branch" /><span>{words.regenerate}</span></button>
        </p>
      ) : null}
    </article>
  );
});

function Thought({ text }: { readonly text: string }): VNode {
  return <details class="thought"><summary class="soft small">{words.thought}</summary><p class="plain soft small">{text}</p></details>;
}

/** The only part that is drawn again while text comes. */
function LiveBlock({ conversation, known }: { readonly conversation: Conversation; readonly known: ReadonlySet<string> }): VNode | null {
  const run = conversation.live.value;
  if (run === undefined) return null;
  const isAsking = conversation.asked.value.some(({ runId }) => runId === run.runId);
  return (
    <div class="live" aria-busy="true">
      {run.resumed ? <p class="soft small resumed"><Icon name="check" /><span>{words.resumed}</span></p> : null}
      {run.thought === "" ? null : <Thought text={run.thought} />}
      {run.text === "" ? null : <article class="said assistant"><Markdown text={run.text} live /></article>}
      {run.calls.filter(({ id }) => !known.has(id)).map((call) => <LiveCallCard key={call.id} call={call} run={run} sessionKey={conversation.key} />)}
      {isAsking ? null : (
        <p class="soft small working">
          <span class="pulse" aria-hidden="true" />
          <span>{conversation.isAway.value ? words.halted : wordOf(run)}</span> <Elapsed sinceMs={run.startedMs} />
        </p>
      )}
    </div>
  );
}

function wordOf({ retry, thinking }: LiveRun): string {
  if (retry !== undefined) return words.waits(retry.attempt, retry.most, retry.reason);
  return thinking ? words.thinking : words.working;
}

function LiveCallCard({ call, run, sessionKey }: { readonly call: LiveCall; readonly run: LiveRun; readonly sessionKey: string }): VNode {
  const { name, args, output, version, details, startedMs, state, nodeId } = call;
  return <ToolCard {...{ sessionKey, name, args, output, version, details, startedMs, state, nodeId }} runId={run.runId} />;
}

function FailureBlock({ conversation }: { readonly conversation: Conversation }): VNode | null {
  const failure = conversation.failure.value;
  if (failure === undefined || conversation.liveId.value !== undefined || conversation.hasLater.value) return null;
  const entries = conversation.entries.value;
  const said = entries.findLast((entry) => entry.role === "user" && entry.runId === failure.runId);
  // Where the conversation itself says why, it is not said twice.
  const isSaid = entries.at(-1)?.runId === failure.runId && entries.at(-1)?.text.includes(failure.why) === true;
  return (
    <div class="bar problem failure" role="alert">
      <Icon name="alert" />
      <div>
        <p><strong>{words.failed}</strong> {isSaid ? null : failure.why} <code>{failure.code}</code></p>
        <p class="soft small">{failure.next ?? words.failedNext}</p>
        {said === undefined ? null : (
          <button type="button" onClick={() => conversation.send(said.text)}><Icon name="retry" /><span>{words.again}</span></button>
        )}
      </div>
    </div>
  );
}

function WaitingBlock({ message, conversation }: { readonly message: Waiting; readonly conversation: Conversation }): VNode {
  const sending = conversation.isAway.value ? words.kept : words.sending;
  const said = message.state === "sending" ? sending : message.state === "stored" ? words.stored : words.refused;
  const files = message.attachments ?? [];
  return (
    <article class="said person waiting">
      <p class="plain" dir="auto">{message.text}</p>
      {files.length === 0 ? null : <p class="soft small">{files.map(({ fileName }) => fileName).join(", ")}</p>}
      <p class="soft small" role="status">
        {said}{message.ended === undefined ? null : <>: {message.ended.why} <code>{message.ended.code}</code></>}
        {message.state === "refused" ? (
          <>
            {" "}<button type="button" class="quiet" onClick={() => conversation.retry(message.key)}>{words.retry}</button>
            <button type="button" class="quiet" onClick={() => conversation.withdraw(message.key)}>{words.discard}</button>
          </>
        ) : message.state === "stored" && conversation.liveId.value !== undefined && conversation.liveId.value !== message.key ? (
          <button type="button" class="quiet" onClick={() => conversation.withdraw(message.key)}>{words.takeBack}</button>
        ) : null}
      </p>
    </article>
  );
}
