/** What exactly is to be done, where and why a person is asked, answered where the conversation stands. Nothing is chosen beforehand. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { formatDuration } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { plainLine } from "../../kit/plain-line.ts";
import { describe, type Ended } from "../../link.ts";
import type { Approval, Verdict } from "../../stores/parse-approval.ts";
import { words } from "../../words/en/chat-gate.ts";
import type { Conversation } from "./conversation.ts";
import { useNow } from "./elapsed.tsx";

export interface ApprovalCardProps { readonly asked: Approval; readonly answer: Conversation["answer"] }

export function ApprovalCard({ asked, answer }: ApprovalCardProps): VNode {
  const isAnswering = useSignal(false);
  const problem = useSignal<Ended | undefined>(undefined);
  const leftMs = Math.max(0, asked.expiresAtMs - useNow());
  const left = leftMs < 60_000 ? formatDuration(Math.floor(leftMs / 1_000) * 1_000)
    : formatDuration(Math.floor(leftMs / 60_000) * 60_000).replace(/ 0 s$/, "");
  const node = plainLine(asked.nodeName ?? asked.nodeId ?? "");
  const id = `asked-${asked.id}`;
  const give = async (verdict: Verdict): Promise<void> => {
    isAnswering.value = true;
    problem.value = undefined;
    try {
      await answer(asked, verdict);
    } catch (error) {
      problem.value = describe(error);
    }
    isAnswering.value = false;
  };
  const button = (verdict: Verdict, label: string): VNode => (
    <button type="button" disabled={isAnswering.value || !asked.decisions.includes(verdict)}
      onClick={() => void give(verdict)}>{label}</button>
  );
  return (
    <section class="approval" aria-labelledby={id}>
      <h3 id={id}><Icon name="approvals" /><span>{node === "" ? words.ask.title : words.ask.titleOn(node)}</span></h3>
      <pre class="approval-command" tabIndex={0} role="region" aria-label={words.ask.command}><code>{asked.command}</code></pre>
      <p>{asked.reason}</p>
      <details class="approval-more">
        <summary>{words.ask.exact}</summary>
        <dl>
          {asked.argv.length === 0 ? null : (
            <><dt>{words.ask.arguments}</dt><dd><ol start={0}>{asked.argv.map((word, index) => (
              <li key={index}><code>{word}</code></li>
            ))}</ol></dd></>
          )}
          {asked.cwd === undefined ? null : <><dt>{words.ask.folder}</dt><dd><code>{asked.cwd}</code></dd></>}
          {node === "" ? null : <><dt>{words.ask.node}</dt><dd>{node}</dd></>}
          {asked.rule === undefined ? null
            : <><dt>{words.ask.rule}</dt><dd>{words.rules[asked.rule] ?? plainLine(asked.rule)}</dd></>}
          <dt>{words.ask.source}</dt><dd>{asked.labels.map((label) => words.labels[label] ?? plainLine(label)).join(", ")}</dd>
        </dl>
      </details>
      <div class="approval-acts">
        {button("deny", words.ask.deny)}
        {button("allow-once", words.ask.once)}
        {button("allow-always", asked.covers === "session" ? words.ask.session : words.ask.always)}
        <span class="soft small">{words.ask.left(left)}</span>
      </div>
      {problem.value === undefined ? null
        : <p class="bar problem" role="alert">{words.ask.failed} {problem.value.why} <code>{problem.value.code}</code></p>}
    </section>
  );
}
