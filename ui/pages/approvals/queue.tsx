/**
 * The queue: one approval is open, the others are a line each.
 *
 * An answer goes only to what was open for a moment: whoever presses twice, or presses just as another takes its place, answers nothing
 * that they have not seen.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { StateMark } from "../../kit/state-mark.tsx";
import { toast } from "../../kit/toasts.tsx";
import type { Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { navigate, pathOf, route } from "../../shell/route.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import type { Approvals } from "../../stores/approvals.ts";
import type { Approval, Verdict } from "../../stores/parse-approval.ts";
import { words } from "../../words/en/approvals.ts";
import { ApprovalCard, placeOf } from "./approval-card.tsx";
import { Left } from "./left.tsx";
import { PastCard } from "./past-card.tsx";

/** How long it has to be open before it can be answered. */
const ARMED_MS = 400;

interface QueueProps { readonly link: Link; readonly approvals: Approvals; readonly wanted: string | undefined }

export function Queue({ link, approvals, wanted }: QueueProps): VNode {
  const waiting = approvals.waiting.value;
  const current = waiting.find(({ id }) => id === wanted) ?? (wanted === undefined ? waiting[0] : undefined);
  const armedFor = useSignal("");
  const isOpen = useSignal(false);
  const failure = useSignal("");
  const stage = useRef<HTMLDivElement>(null);
  /** What stands on the page: a key acts on this, also one that comes before the shortcuts of a new card are in place. */
  const shown = useRef(current);
  shown.current = current;
  useEffect(() => {
    failure.value = "";
    isOpen.value = false;
    armedFor.value = "";
    const id = current?.id ?? "";
    const timer = setTimeout(() => {
      armedFor.value = id;
    }, ARMED_MS);
    return () => clearTimeout(timer);
  }, [current?.id]);

  const answer = async (approval: Approval | undefined, verdict: Verdict): Promise<void> => {
    if (approval === undefined || armedFor.peek() !== approval.id || !approval.decisions.includes(verdict)) return;
    armedFor.value = "";
    const asked = route.peek();
    const next = neighbour(approvals.waiting.peek(), approval.id, 1) ?? neighbour(approvals.waiting.peek(), approval.id, -1);
    try {
      await approvals.answer(approval, verdict);
      toast({ text: `${verdict === "deny" ? words.denied : words.allowed}: ${approval.command}` });
      // Whoever went elsewhere meanwhile stays there.
      if (route.peek() !== asked) return;
      go(next, true);
      // Whoever pressed the button of a card that is gone stands at the next one, on none of its buttons.
      requestAnimationFrame(() => stage.current?.querySelector<HTMLElement>("article")?.focus());
    } catch (error) {
      const ended = describe(error);
      armedFor.value = approval.id;
      if (/ALREADY_RESOLVED|NOT_FOUND/.test(ended.code)) toast({ text: words.elsewhere, state: "problem" });
      else failure.value = words.failed(`${ended.why} (${ended.code})`);
    }
  };
  const move = (by: 1 | -1): void => {
    const now = approvals.waiting.peek();
    const next = shown.current === undefined ? now[0] : neighbour(now, shown.current.id, by);
    if (next !== undefined) go(next, false);
  };
  useShortcuts(words.shortcuts, [
    { keys: "d", title: words.deny, run: () => void answer(shown.current, "deny") },
    { keys: "a", title: words.once, run: () => void answer(shown.current, "allow-once") },
    { keys: "j", title: words.next, run: () => move(1) }, { keys: "k", title: words.previous, run: () => move(-1) },
    { keys: "o", title: words.open, run: () => {
      isOpen.value = !isOpen.peek();
    } },
  ]);

  if (wanted !== undefined && current === undefined) return <PastCard link={link} approvals={approvals} id={wanted} />;
  if (current === undefined) {
    return approvals.isLoaded.value ? <div class="empty"><p>{words.none}</p><p class="soft">{words.noneHint}</p></div> : <div />;
  }
  return (
    <div class="queue">
      <div ref={stage}>
        <ApprovalCard
          key={current.id} link={link} approval={current} isArmed={armedFor.value === current.id} isOpen={isOpen} failure={failure.value}
          onAnswer={(verdict) => void answer(current, verdict)}
        />
        <p class="soft small keys">{words.keys}</p>
      </div>
      {waiting.length < 2 ? null : (
        <ol class="queue-list" aria-label={words.queue}>{waiting.map((one) => (
          <li key={one.id}>
            <a href={pathOf("approvals", one.id)} {...(one.id === current.id ? { "aria-current": "true" as const } : {})}>
              <StateMark state="attention" word={placeOf(one)} />
              <code>{one.command}</code>
              <span class="soft small"><Left untilMs={one.expiresAtMs} /></span>
            </a>
          </li>
        ))}</ol>
      )}
    </div>
  );
}

function neighbour(all: readonly Approval[], id: string, by: 1 | -1): Approval | undefined {
  return all[all.findIndex((one) => one.id === id) + by];
}

function go(to: Approval | undefined, replace: boolean): void {
  navigate(to === undefined ? pathOf("approvals") : pathOf("approvals", to.id), { replace });
}
