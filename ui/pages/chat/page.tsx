/** The conversation that the address names, the list of the others beside it, and, below `/run/`, what happened inside a turn. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import { lazy } from "../../kit/lazy.tsx";
import type { Link } from "../../link.ts";
import { loadStyle } from "../../shell/load-style.ts";
import { navigate, pathOf, route } from "../../shell/route.ts";
import { words } from "../../words/en/chat.ts";
import type { PageProps } from "../page.ts";
import type { Conversation } from "./conversation.ts";
import { draft } from "./draft.ts";
import { watchNodeNames } from "./node-names.ts";
import { Scroller } from "./scroller.tsx";
import { agentOf, titleOf } from "./session-title.ts";
import { openSession } from "./sessions.ts";
import type { SaidActs } from "./timeline.tsx";
import { fields, text, type Entry } from "./transcript.ts";

const SessionList = lazy(() => import("./list/session-list.tsx").then((part) => part.SessionList));
const SessionSheet = lazy(() => import("./list/session-sheet.tsx").then((part) => part.SessionSheet));
const RunInspector = lazy(() =>
  Promise.all([import("./run/run-inspector.tsx"), loadStyle("run")]).then(([part]) => part.RunInspector));

export function Page({ link }: PageProps): VNode {
  const conversation = openSession(link).value;
  const [, view, runId] = route.value.rest;
  const isRun = view === "run" && runId !== undefined;
  const isListed = useListed();
  const isSheetOpen = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const acts = useMemo(() => actsOf(link, conversation, (why) => {
    problem.value = why;
  }), [conversation]);
  useEffect(() => {
    document.documentElement.dataset["view"] = isRun ? "run" : "conversation";
    document.documentElement.dataset["list"] = isListed ? "open" : "closed";
    return () => {
      delete document.documentElement.dataset["list"];
    };
  }, [isRun, isListed]);
  useReadMark(link, conversation);
  watchNodeNames(link);
  return (
    <section class="chat">
      <header class="page-head">
        <h1>{words.title}</h1>
        <p class="session-name" title={titleIn(conversation)}>{titleIn(conversation)}</p>
        <div class="page-acts">
          <button type="button" class="quiet" aria-expanded={isListed} onClick={() => toggleList(isListed)}>
            <Icon name="chat" /><span>{words.sessions.show}</span>
          </button>
          <button type="button" class="quiet" onClick={() => startFresh(agentOf(conversation.key))}>
            <Icon name="plus" /><span>{words.sessions.fresh}</span>
          </button>
          <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => {
            isSheetOpen.value = true;
          }}><Icon name="settings" /><span class="wide">{words.sessions.menu}</span></button>
        </div>
      </header>
      {problem.value === undefined ? null : <p class="bar problem chat-problem" role="alert">{words.branchFailed} {problem.value}</p>}
      <div class="chat-panes">
        {isListed ? <SessionList link={link} openKey={conversation.key} /> : null}
        {isRun ? <RunInspector link={link} conversation={conversation} runId={runId} />
          : <Scroller key={conversation.key} conversation={conversation} acts={acts} />}
      </div>
      {isSheetOpen.value ? <SessionSheet link={link} conversation={conversation} onClose={() => {
        isSheetOpen.value = false;
      }} /> : null}
    </section>
  );
}

/** As a person named it; else how it began, where its beginning is held; else what its key says. */
function titleIn({ key, row, entries }: Conversation): string {
  const first = entries.value[0];
  const began = first?.seq === 1 && first.role === "user" ? first.text.trim().split("\n", 1)[0]?.slice(0, BEGAN_CHARS) : undefined;
  const isMain = row.value["isMain"] === true || key.endsWith(":main");
  return titleOf({ key, name: text(row.value["displayName"]) ?? text(row.value["label"]) ?? (isMain ? "" : began ?? ""), isMain });
}

const BEGAN_CHARS = 120;

const WIDE = "(min-width: 1100px)";

/** On a wide window the list is there or not, as it was left; on a narrow one it is a view of its own. */
function useListed(): boolean {
  const isWide = useSignal(matchMedia(WIDE).matches);
  useEffect(() => {
    const media = matchMedia(WIDE);
    const onChange = (): void => {
      isWide.value = media.matches;
    };
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, []);
  return isWide.value ? kept.value : route.value.query.has("list");
}

const kept = draft.preference("list", true);

function toggleList(isOpen: boolean): void {
  if (matchMedia(WIDE).matches) kept.value = !isOpen;
  else if (isOpen) history.back();
  else navigate(`${location.pathname}?list`);
}

/** A new one goes on with the agent one speaks with. */
function startFresh(agentId: string): void {
  navigate(pathOf("chat", `agent:${agentId}:dashboard:${crypto.randomUUID()}`));
  document.getElementById("draft")?.focus();
}

/** A branch begins before what is to be said otherwise; the words stand in the box, or are sent again as they are. */
function actsOf(link: Link, conversation: Conversation, onProblem: (why: string | undefined) => void): SaidActs {
  const branch = async (entry: Entry, isSent: boolean): Promise<void> => {
    onProblem(undefined);
    try {
      const answer = fields(await link.call("sessions.fork", { key: conversation.key, entryId: entry.id }));
      const key = text(answer["key"]) ?? conversation.key;
      const said = text(answer["editorText"]) ?? entry.text;
      if (!isSent) draft.keep(key, said);
      navigate(pathOf("chat", key));
      if (isSent) openSession(link).peek().send(said);
      else document.getElementById("draft")?.focus();
    } catch (error) {
      onProblem((error as { why?: string; message: string }).why ?? (error as Error).message);
    }
  };
  return {
    edit: (entry) => void branch(entry, false),
    regenerate: (entry) => {
      const asked = conversation.entries.peek().findLast((one) => one.role === "user" && one.seq < entry.seq);
      if (asked !== undefined) void branch(asked, true);
    },
  };
}

/** What is looked at is read. */
function useReadMark(link: Link, conversation: Conversation): void {
  const isUnread = conversation.row.value["unread"] === true;
  useEffect(() => {
    if (!isUnread || document.visibilityState === "hidden") return;
    void link.call("sessions.patch", { key: conversation.key, unread: false }).catch(() => undefined);
  }, [isUnread, conversation]);
}
