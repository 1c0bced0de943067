/** What stands in a card that is open: what was changed, what was written, and why it was let through. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { diffLines, readUnified, type DiffLine } from "../../kit/diff.ts";
import { DiffView } from "../../kit/diff-view.tsx";
import { TerminalText } from "../../kit/terminal-text.ts";
import { Terminal } from "../../kit/terminal.tsx";
import { pathOf } from "../../shell/route.ts";
import { words as gate } from "../../words/en/chat-gate.ts";
import { words } from "../../words/en/chat.ts";
import { useWholeOutput } from "./kept-output.tsx";
import { commandOf, type ToolCardProps } from "./tool-call.ts";
import { text, type Fields } from "./transcript.ts";

export function ToolBody(props: ToolCardProps): VNode {
  const { sessionKey, runId, name, args, output, version = 0, result = "", details, kept, readOutput } = props;
  const read = useMemo(() => {
    const made = new TerminalText();
    made.append(result);
    return made;
  }, [result]);
  const label = words.output(name);
  const whole = useWholeOutput(kept, readOutput, label);
  const seen = output !== undefined && output.count > 0 ? output : read;
  const shown = whole.output ?? seen;
  const shownVersion = shown === whole.output ? whole.version : shown === read ? 0 : version;
  const diff = useMemo(() => diffOf(name, args, result), [name, args, result]);
  const why = whyOf(details);
  return (
    <div class="tool-body">
      {diff === undefined ? null : <DiffView lines={diff} />}
      {shown.count === 0 || (diff !== undefined && readUnified(result) !== undefined) ? null
        : <Terminal output={shown} version={shownVersion} label={label} />}
      {whole.row}
      <p class="tool-foot soft small">
        {why === "" ? null : <span>{why}</span>}
        <CopyButton text={commandOf(name, args)} what={words.command} />
        {runId === undefined ? null : <a href={pathOf("chat", sessionKey, "run", runId)}>{words.inspect}</a>}
      </p>
    </div>
  );
}

/** Effect and rule in words: why it was let through, or was not. */
function whyOf(details: Fields): string {
  const effect = text(details["effect"]);
  const rule = text(details["rule"]);
  return [
    effect === undefined ? [] : gate.effects[effect] ?? effect, rule === undefined ? [] : gate.rules[rule] ?? gate.rule(rule),
    text(details["code"]) ?? [],
  ].flat().join(" · ");
}

/** Lines that were changed, where the call or its output says so. */
function diffOf(name: string, args: Fields, result: string): readonly DiffLine[] | undefined {
  const before = args["oldText"] ?? args["old_string"];
  const after = args["newText"] ?? args["new_string"];
  if (typeof before === "string" && typeof after === "string") return diffLines(before, after);
  if (name === "write_file" && typeof args["content"] === "string") return diffLines("", args["content"]);
  return readUnified(result);
}
