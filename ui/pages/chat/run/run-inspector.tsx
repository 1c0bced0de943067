/** What happened inside one turn: its steps, and of the chosen one what went in, what came out and why it was let through. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { formatClock, formatDuration } from "../../../kit/format.ts";
import { Icon } from "../../../kit/icon.tsx";
import { plainLine } from "../../../kit/plain-line.ts";
import { StateMark } from "../../../kit/state-mark.tsx";
import { TerminalText } from "../../../kit/terminal-text.ts";
import { Terminal } from "../../../kit/terminal.tsx";
import { describe, type Ended, type Link } from "../../../link/open-link.ts";
import { navigate, pathOf } from "../../../shell/route.ts";
import { words as gate } from "../../../words/en/chat-gate.ts";
import { words as said } from "../../../words/en/chat-run.ts";
import { words } from "../../../words/en/chat.ts";
import type { Conversation } from "../conversation.ts";
import { useNow } from "../elapsed.tsx";
import { nodeName } from "../node-names.ts";
import { fields, number, text } from "../transcript.ts";
import { parseRun, placeOf, type RecordedRun, type Step } from "./steps.ts";

export interface RunInspectorProps { readonly link: Link; readonly conversation: Conversation; readonly runId: string }

export function RunInspector({ link, conversation, runId }: RunInspectorProps): VNode {
  const run = useSignal<RecordedRun | "none" | Ended | undefined>(undefined);
  const chosen = useSignal<string | undefined>(undefined);
  const { key } = conversation;
  // The run goes on: each message it adds is a step more.
  const marks = conversation.entries.value.filter((entry) => entry.runId === runId).length;
  const isLive = conversation.liveId.value === runId;
  const entryId = conversation.entries.value.find((entry) => entry.runId === runId)?.id;
  useEffect(() => {
    void link.request("sessions.steps", { key, runId, ...(entryId === undefined ? {} : { entryId }) }).then((answer) => {
      run.value = parseRun(answer) ?? "none";
    }, (error: unknown) => {
      run.value = (error as { code?: string }).code === "NOT_FOUND" ? "none" : describe(error);
    });
  }, [key, runId, marks, isLive, conversation.state.value]);
  const found = run.value;
  const isRun = typeof found === "object" && "steps" in found;
  const step = isRun ? found.steps.find(({ id }) => id === chosen.value) : undefined;
  return (
    <section class="run" aria-labelledby="run-title">
      <p><a href={pathOf("chat", key)}>{said.back}</a></p>
      <h2 id="run-title">{said.title} <code class="soft">{plainLine(runId)}</code></h2>
      {found === undefined ? <p class="soft">{said.loading}</p> : found === "none" ? <p class="soft">{said.none}</p>
        : !isRun ? <p class="bar problem" role="alert">{found.why} <code>{found.code}</code></p>
          : <><Facts run={found} /><Waterfall run={found} chosen={chosen.value} onChoose={(id) => {
            chosen.value = id;
          }} />{step === undefined
            ? <p class="soft small">{said.chosen}</p> : <StepFacts key={step.id} step={step} link={link} sessionKey={key} />}
          <Replay link={link} sessionKey={key} /></>}
    </section>
  );
}

function Facts({ run }: { readonly run: RecordedRun }): VNode {
  const input = sum(run.steps.map(({ tokens }) => tokens?.input));
  const output = sum(run.steps.map(({ tokens }) => tokens?.output));
  const cost = sum(run.steps.map(({ costMicros }) => costMicros));
  const took = run.endedMs === undefined ? undefined : run.endedMs - run.startedMs;
  return (
    <dl class="run-facts">
      <dt>{said.state}</dt><dd>{run.status === undefined ? <StateMark state="live" word={said.open} />
        : <StateMark state={run.status === "ok" ? "good"
          : "problem"} word={said.status[run.status] ?? run.status} />} {run.why === undefined ? null
        : <span>{run.why} <code>{run.code}</code></span>}</dd>
      <dt>{said.started}</dt><dd><time dateTime={new Date(run.startedMs).toISOString()}>{formatClock(run.startedMs)}</time></dd>
      {took === undefined ? null : <><dt>{said.time}</dt><dd>{formatDuration(took)}</dd></>}
      <dt>{said.tokens}</dt><dd>{said.tokenFlow(input, output)}</dd>
      {cost === 0 ? null : <><dt>{said.cost}</dt><dd>{formatCost(cost)}</dd></>}
    </dl>
  );
}

interface WaterfallProps { readonly run: RecordedRun; readonly chosen: string | undefined; readonly onChoose: (id: string) => void }

function Waterfall({ run, chosen, onChoose }: WaterfallProps): VNode {
  const nowMs = useNow();
  return (
    <ol class="waterfall">
      {run.steps.map((step) => {
        const { from, width } = placeOf(step, run, nowMs);
        const about = [
          step.tokens === undefined ? [] : words.tokens(step.tokens.input + step.tokens.output),
          step.costMicros === undefined || step.costMicros === 0 ? [] : formatCost(step.costMicros),
          step.endedMs === undefined ? said.open : formatDuration(step.endedMs - step.startedMs),
        ].flat().join(" · ");
        return (
          <li key={step.id}>
            <button type="button" class={`step ${step.kind}${step.isFailed ? " failed" : ""}`} aria-pressed={step.id === chosen}
              onClick={() => onChoose(step.id)}>
              <span class="step-name"><Icon name={step.kind === "model" ? "chat" : step.kind === "tool" ? "tool" : "pause"} />
                <span class="soft">{said[step.kind]}</span> <code>{plainLine(step.name)}</code></span>
              <svg class="step-line" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
                <rect class="step-track" x="0" y="3" width="1000" height="2" />
                <rect class="step-span" x={from} y="0" width={width} height="8" />
              </svg>
              <span class="soft small step-about">{step.isFailed
                ? <StateMark state="problem" word={words.failedCall} /> : null}{about}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

function StepFacts({ step, link, sessionKey }: { readonly step: Step; readonly link: Link; readonly sessionKey: string }): VNode {
  const problem = useSignal<Ended | undefined>(undefined);
  const { decision, facts } = step;
  const branch = async (): Promise<void> => {
    try {
      const { key } = await link.call("sessions.fork", { key: sessionKey, at: step.id });
      navigate(pathOf("chat", key));
    } catch (error) {
      problem.value = describe(error);
    }
  };
  const row = (label: string, value: string | undefined): VNode | null => (value === undefined ? null
    : <><dt>{label}</dt><dd>{plainLine(value)}</dd></>);
  const attempts = Array.isArray(facts["attempts"]) ? facts["attempts"].map(fields) : [];
  return (
    <section class="step-facts" aria-label={`${said[step.kind]} ${plainLine(step.name)}`}>
      <dl class="run-facts">
        {step.tokens === undefined ? null : row(said.tokens, said.tokenFlow(step.tokens.input, step.tokens.output))}
        {row(said.node, text(facts["nodeId"]) === undefined ? undefined : nodeName(String(facts["nodeId"])))}
        {row(said.effect, gate.effects[text(facts["effect"]) ?? ""])}
        {row(said.exit, number(facts["exitCode"])?.toString())}
        {row(said.decision, text(facts["answered"]))}
        {row(said.promptHash, text(facts["prompt"]))}
        {decision === undefined ? null : (
          <><dt>{said.gate}</dt><dd>{said[decision.answer as "allow" | "ask" | "refuse"] ?? decision.answer}:
            {" "}{gate.rules[decision.rule] ?? plainLine(decision.rule)}.{" "}
            <span class="soft">{plainLine(decision.reason)}</span></dd>
          <dt>{said.labels}</dt><dd>{gate.labels[decision.label] ?? decision.label}</dd></>
        )}
        {attempts.length < 2 ? null : row(said.attempts,
          attempts.map((one) => `${String(one["model"])} ${text(one["code"]) ?? ""}`.trim()).join(", "))}
        {step.code === undefined ? null : <><dt>{words.failedCall}</dt><dd><code>{step.code}</code></dd></>}
      </dl>
      <Words title={said.input} text={step.input} />
      <Words title={said.output} text={step.output} />
      <p><button type="button" onClick={() => void branch()}><Icon name="branch" /><span>{said.branch}</span></button></p>
      {problem.value === undefined ? null : <p class="bar problem" role="alert">{problem.value.why} <code>{problem.value.code}</code></p>}
    </section>
  );
}

function Words({ title, text: shown }: { readonly title: string; readonly text: string }): VNode | null {
  if (shown === "") return null;
  const output = new TerminalText();
  output.append(shown);
  return <><h3 class="small soft">{title}</h3><Terminal output={output} version={0} label={title} /></>;
}

function Replay({ link, sessionKey }: { readonly link: Link; readonly sessionKey: string }): VNode {
  const result = useSignal<string | undefined>(undefined);
  const replay = async (): Promise<void> => {
    try {
      const { equal, steps, difference } = await link.call("sessions.replay", { key: sessionKey });
      result.value = equal ? said.equal(steps) : `${said.differs} ${JSON.stringify(difference)}`;
    } catch (error) {
      const { why, code } = describe(error);
      result.value = `${why} ${code}`;
    }
  };
  return (
    <p class="sheet-row"><button type="button" onClick={() => void replay()}><Icon name="play" /><span>{said.replay}</span></button>
      <span role="status">{result.value ?? ""}</span></p>
  );
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((all, value) => all + (value ?? 0), 0);
}

/** What is less than a hundredth is said as such. */
function formatCost(micros: number): string {
  return micros < 10_000 ? "< $0.01" : `$${(micros / 1_000_000).toFixed(2)}`;
}
