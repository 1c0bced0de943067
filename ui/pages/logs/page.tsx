/** The gateway's log as it is written, filtered by level, module and words; a line opens to its fields and leads to its conversation. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Failure } from "../../kit/failure.tsx";
import { formatMoment } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { toast } from "../../kit/toasts.tsx";
import { navigate, pathOf, route } from "../../shell/route.ts";
import { textOf } from "../../stores/fields.ts";
import { words } from "../../words/en/logs.ts";
import type { PageProps } from "../page.ts";
import { LEVEL_MARKS, LineList } from "./line-list.tsx";
import { createFilter, formatValue, LEVELS, type Filter, type Line } from "./parse-lines.ts";
import { LINES_KEPT, openTail, type TailState } from "./tail.ts";

/** What is left of a line's fields when its time passes: names whose lines belong together. */
const TOGETHER = new Set(["runId", "sessionKey", "nodeId", "traceId", "jobId", "connId"]);

export function Page({ link }: PageProps): VNode {
  const [tail] = useState(() => openTail(link));
  useEffect(() => tail.close, [tail]);
  const frozen = useSignal<TailState | undefined>(undefined);
  const opened = useSignal<Line | undefined>(undefined);
  const filter = filterOf(route.value.query);
  const { level, module, text } = filter;
  const now = tail.state.value;
  const state = frozen.value ?? now;
  const all = state?.lines ?? [];
  const lines = useMemo(() => all.filter(createFilter(filter)), [all, level, module, text]);
  const modules = useMemo(() => [...new Set(all.map((line) => line.module))].filter((name) => name !== "").toSorted(), [all]);
  const waiting = frozen.value === undefined ? 0 : (now?.lines.at(-1)?.number ?? 0) - (frozen.value.lines.at(-1)?.number ?? 0);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(textOfLines(lines));
    toast({ text: words.copied(lines.length) });
  };
  return (
    <section class="page logs">
      <header class="page-head"><h1>{words.title}</h1></header>
      <div class="row" role="search" aria-label={words.filters}>
        <input
          type="search" class="log-find" placeholder={words.find} aria-label={words.find} value={text}
          onInput={({ currentTarget }) => show({ ...filter, text: currentTarget.value })}
        />
        <select aria-label={words.level} value={level} onChange={({ currentTarget }) =>
          show({ ...filter, level: levelOf(currentTarget.value) })}>
          {LEVELS.map((each) => <option key={each} value={each}>{words.levels[each]}</option>)}
        </select>
        <select aria-label={words.module} value={module} onChange={({ currentTarget }) => show({ ...filter, module: currentTarget.value })}>
          <option value="">{words.anyModule}</option>
          {(modules.includes(module) || module === "" ? modules
            : [...modules, module]).map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
        <button type="button" aria-pressed={frozen.value !== undefined} onClick={() => void (frozen.value = frozen.value === undefined
          ? now : undefined)}>
          <Icon name={frozen.value === undefined ? "pause" : "play"} />{frozen.value === undefined ? words.pause : words.go}
        </button>
        <button type="button" class="quiet" onClick={() => void copy()}><Icon name="copy" />{words.copy}</button>
        <button type="button" class="quiet" onClick={() => download(lines)}>{words.download}</button>
        <span class="soft small log-count" role="status">
          {words.shown(lines.length, all.length)}{frozen.value === undefined ? ""
            : `. ${waiting === 0 ? words.paused : words.waiting(waiting)}`}
        </span>
      </div>
      <Failure ended={tail.failed.value} />
      {state === undefined ? null : <Honest state={state} />}
      {state === undefined || lines.length > 0 ? null : (
        <p class="row">{all.length === 0 ? words.none : words.noneFits}
          {all.length === 0 ? null : <button type="button" onClick={() =>
            show({ level: "debug", module: "", text: "" })}>{words.clear}</button>}
        </p>
      )}
      <LineList lines={lines} onOpen={(line) => void (opened.value = line)} />
      {opened.value === undefined ? null : <Whole line={opened.value} onClose={() => void (opened.value = undefined)} />}
    </section>
  );
}

/** What is not shown here, and where it is. */
function Honest({ state: { hasEarlier, dropped, file } }: { readonly state: TailState }): VNode | null {
  if (dropped > 0) return <p class="soft small">{words.dropped(LINES_KEPT.toLocaleString())} <code>{file}</code></p>;
  return hasEarlier ? <p class="soft small">{words.earlier(file)}</p> : null;
}

function Whole({ line, onClose }: { readonly line: Line; readonly onClose: () => void }): VNode {
  const sessionKey = textOf(line.fields["sessionKey"]);
  return (
    <Dialog title={line.event === "" ? words.line : line.event} kind="sheet" onClose={onClose}>
      <dl class="work-facts">
        <div><dt>{words.level}</dt><dd><StateMark state={LEVEL_MARKS[line.level]} word={words.marks[line.level]} /></dd></div>
        <div><dt>{words.when}</dt><dd>{line.atMs === undefined ? words.unreadable
          : `${formatMoment(line.atMs)}, ${line.atMs % 1_000} ms`}</dd></div>
        {line.event === "" ? <div><dt>{words.line}</dt><dd><code>{line.raw}</code></dd></div> : null}
        {Object.entries(line.fields).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd>
            <code class="log-value">{formatValue(value)}</code>
            {TOGETHER.has(name) ? (
              <button type="button" class="quiet" onClick={() => {
                onClose();
                show({ level: "debug", module: "", text: formatValue(value) });
              }}>{words.same(name)}</button>
            ) : null}
          </dd></div>
        ))}
      </dl>
      <footer class="dialog-foot">
        {sessionKey === undefined ? null : <a class="log-open" href={pathOf("chat", sessionKey)} onClick={onClose}>{words.conversation}</a>}
        <CopyButton text={line.raw} what={words.copyLine} />
      </footer>
    </Dialog>
  );
}

const levelOf = (said: string | null): Filter["level"] => LEVELS.find((each) => each === said) ?? "debug";

function filterOf(query: URLSearchParams): Filter {
  return { level: levelOf(query.get("level")), module: query.get("module") ?? "", text: query.get("text") ?? "" };
}

/** In the address, so that it can be kept and sent on. */
function show({ level, module, text }: Filter): void {
  const query = new URLSearchParams({
    ...(level === "debug" ? {} : { level }), ...(module === "" ? {} : { module }), ...(text === "" ? {} : { text }),
  }).toString();
  navigate(`${pathOf("logs")}${query === "" ? "" : `?${query}`}`, { replace: true });
}

const textOfLines = (lines: readonly Line[]): string => lines.map(({ raw }) => raw).filter((raw) => raw !== "").join("\n");

function download(lines: readonly Line[]): void {
  const url = URL.createObjectURL(new Blob([`${textOfLines(lines)}\n`], { type: "application/jsonl" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = "openclaw-log.jsonl";
  anchor.click();
  URL.revokeObjectURL(url);
}
