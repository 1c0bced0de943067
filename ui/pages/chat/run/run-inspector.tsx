/** What happened inside one turn: its steps, and of the chosen one what went in, what came out and why it was let through. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { formatClock, formatDuration, shortenId } from "../../../kit/format.ts";
import { Icon } from "../../../kit/icon.tsx";
import { Id } from "../../../kit/id.tsx";
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
import { watchMoney, type FormatCost } from "../money.ts";
import { nodeName } from "../node-names.ts";
import { commandOf } from "../tool-call.ts";
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
  const formatCost = watchMoney(link).value;
  return (
    <section class="run" aria-labelledby="run-title">
      <p><a href={pathOf("chat", key)}>{said.back}</a></p>
      <h2><span id="run-title">{said.title}</span> <Id id={plainLine(runId)} charsMax={17} /></h2>
      {found === undefined ? <p class="soft">{said.loading}</p> : found === "none" ? <p class="soft">{said.none}</p>
        : !isRun ? <p class="bar problem" role="alert">{found.why} <code>{found.code}</code></p>
          : (
            <>
              <Facts run={found} formatCost={formatCost} />
              <Waterfall run={found} chosen={chosen.value} formatCost={formatCost} onChoose={(id) => {
                chosen.value = chosen.peek() === id ? undefined : id;
              }} facts={(step) => <StepFacts key={step.id} step={step} link={link} sessionKey={key} />} />
              {chosen.value === undefined ? <p class="soft small">{said.chosen}</p> : null}
              <Replay link={link} sessionKey={key} />
            </>
          )}
    </section>
  );
}

interface FactsProps { readonly run: RecordedRun; readonly formatCost: FormatCost }

function Facts({ run, formatCost }: FactsProps): VNode {
  const input = sum(run.steps.map(({ tokens }) => tokens?.input));
  const output = sum(run.steps.map(({ tokens }) => tokens?.output));
  const cost = sum(run.steps.map(({ costMicros }) => costMicros));
  const took = run.endedMs === undefined ? undefined : run.endedMs - run.startedMs;
  const fact = (label: string, value: ComponentChildren): VNode => <div><dt>{label}</dt><dd>{value}</dd></div>;
  return (
    <>
      <dl class="run-figures">
        {fact(said.state, run.status === undefined ? <StateMark state="live" word={said.open} />
          : <StateMark state={run.status === "ok" ? "good" : "problem"} word={said.status[run.status] ?? run.status} />)}
        {fact(said.started, <time dateTime={new Date(run.startedMs).toISOString()}>{formatClock(run.startedMs)}</time>)}
        {took === undefined ? null : fact(said.time, formatDuration(took))}
        {fact(said.tokens, said.tokenFlow(input, output))}
        {cost === 0 ? null : fact(said.cost, formatCost(cost))}
      </dl>
      {run.why === undefined ? null : <p class="run-why soft small">{plainLine(run.why)} <code>{run.code}</code></p>}
    </>
  );
}

interface WaterfallProps {
  readonly run: RecordedRun;
  readonly chosen: string | undefined;
  readonly formatCost: FormatCost;
  readonly onChoose: (id: string) => void;
  readonly facts: (step: Step) => VNode;
}

const ICONS = { model: "chat", tool: "tool", wait: "pause" } as const;

function Waterfall({ run, chosen, formatCost, onChoose, facts }: WaterfallProps): VNode {
  const nowMs = useNow();
  return (
    <ol class="waterfall">
      {run.steps.map((step) => {
        const { from, width } = placeOf(step, run, nowMs);
        const { tokens, costMicros = 0, endedMs, startedMs } = step;
        return (
          <li key={step.id}>
            <button type="button" class={`step ${step.kind}${step.isFailed ? " failed" : ""}`} aria-expanded={step.id === chosen}
              onClick={() => onChoose(step.id)}>
              <span class="step-name"><Icon name={ICONS[step.kind]} /><span class="soft">{said[step.kind]}</span>
                <code>{step.kind === "model" ? plainLine(step.name) : actOf(step)}</code></span>
              <svg class="step-line" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
                <rect class="step-track" x="0" y="3" width="1000" height="2" />
                <rect class="step-span" x={from} y="0" width={width} height="8" />
              </svg>
              <span class="soft small step-more">{tokens === undefined ? (step.isFailed
                ? <StateMark state="problem" word={words.failedCall} /> : null) : words.tokens(tokens.input + tokens.output)}</span>
              <span class="soft small step-more">{costMicros === 0 ? null : formatCost(costMicros)}</span>
              <span class="soft small step-took">{endedMs === undefined ? said.open : formatDuration(endedMs - startedMs)}</span>
            </button>
            {step.id === chosen ? facts(step) : null}
          </li>
        );
      })}
    </ol>
  );
}

/** What was to be done, as a person would type it, where its arguments are known. */
function actOf({ name, input }: Step): string {
  try {
    const args = fields(JSON.parse(input));
    const command = commandOf(name, args);
    return command.startsWith(name) ? command : `${plainLine(name)} ${command}`;
  } catch {
    return plainLine(name);
  }
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
        {text(facts["prompt"]) === undefined ? null : <><dt>{said.promptHash}</dt><dd><Id id={String(facts["prompt"])} charsMax={17} /></dd></>}
        {decision === undefined ? null : (
          <><dt>{said.gate}</dt><dd>{said[decision.answer as "allow" | "ask" | "refuse"] ?? decision.answer}:
            {" "}{gate.rules[decision.rule] ?? plainLine(decision.rule)}.{" "}
            <span class="soft">{shortenIds(plainLine(decision.reason))}</span></dd>
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

/** A device is known by the ends of its id; nobody reads all of it. */
function shortenIds(sentence: string): string {
  return sentence.replace(/\b[0-9a-f]{32,}\b/g, (id) => shortenId(id));
}
