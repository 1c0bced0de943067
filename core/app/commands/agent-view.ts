/**
 * A turn as it happens, for a terminal: the agent's text as text, each tool call as a card.
 *
 * A card is one line when it begins, the output indented behind a bar while it runs, and one line when it ends. What was
 * written is never written again: after a reconnection only what is new appears.
 */
import type { Terminal } from "../terminal/open-terminal.ts";
import { formatBytes, formatDuration } from "../terminal/quantities.ts";
import { cleanLine, cleanText, shortenId, shortenText } from "../terminal/text.ts";
import { listAt, numberAt, textAt, at, type Payload } from "./payload.ts";
import { describeCall, linesOfResult } from "./tool-card.ts";

const RESULT_LINES_MAX = 12;
const RESULT_WIDTH = 160;

interface OpenCall {
  readonly what: string;
  /** Byte offset up to which output was shown: what is sent again after a reconnection is skipped. */
  shownTo: number;
  anyOutput: boolean;
}

export interface AgentView {
  /** One `agent` event of the run. */
  event(payload: Payload): void;
  /** Something else is about to be written: ends an open line. What was streamed so far may be withdrawn. */
  interrupted(): void;
  /** The final text; written only where it does not stand there as the end of what was `said`. */
  finish(text: string, said: string): void;
}

/** `nameOf` gives what a node is called, where that is known by now. */
export function createAgentView(terminal: Terminal, nameOf: (nodeId: string) => string | undefined): AgentView {
  const { style } = terminal;
  const calls = new Map<string, OpenCall>();
  let streamed = "";
  let column: "start" | "text" | "output" = "start";
  /** Something was written that the next thing is set apart from by an empty line. */
  let apart = false;

  /** Ends a line that was left open, so that the next thing starts at the edge. */
  const toLineStart = (): void => {
    if (column !== "start") terminal.line();
    column = "start";
  };
  const setApart = (): void => {
    if (apart) terminal.line();
    apart = false;
  };
  const text = (delta: string): void => {
    const fresh = streamed === "" ? delta.replace(/^\n+/, "") : delta;
    if (fresh === "") return;
    if (column === "output") toLineStart();
    if (streamed === "") setApart();
    terminal.stream(fresh);
    streamed += fresh;
    column = fresh.endsWith("\n") ? "start" : "text";
  };
  const output = (chunk: string, isError: boolean): void => {
    if (column === "text") toLineStart();
    const bar = `  ${(isError ? style.attention : style.dim)(style.mark.bar)} `;
    for (const piece of cleanText(chunk).split(/(?<=\n)/)) {
      if (piece === "") continue;
      terminal.put((column === "start" ? bar : "") + piece);
      column = piece.endsWith("\n") ? "start" : "output";
    }
  };

  const tool = (data: Payload): void => {
    const id = textAt(data, "toolCallId") ?? "";
    const name = cleanLine(textAt(data, "name") ?? "tool");
    const phase = textAt(data, "phase");
    if (phase === "start") {
      const known = calls.get(id);
      if (known !== undefined) return; // a resumed call: its card is open already
      const what = describeCall(name, at(data, "args"), style.mark.ellipsis);
      calls.set(id, { what, shownTo: 0, anyOutput: false });
      toLineStart();
      if (apart || (streamed !== "" && !streamed.endsWith("\n\n"))) terminal.line();
      apart = false;
      streamed = "";
      terminal.line(`${style.accent(style.mark.live)} ${what}`);
    } else if (phase === "update") {
      const call = calls.get(id);
      const details = at(data, "partialResult", "details");
      for (const part of listAt(data, "partialResult", "content")) showOutput(
        call,
        textAt(part, "text") ?? "",
        numberAt(details, "offset"),
        textAt(details, "stream") === "stderr",
      );
    } else if (phase === "result") {
      endCall(id, name, data);
    }
  };
  const showOutput = (call: OpenCall | undefined, chunk: string, offset: number | undefined, isError: boolean): void => {
    if (call !== undefined) {
      const end = (offset ?? call.shownTo) + Buffer.byteLength(chunk);
      if (offset !== undefined && end <= call.shownTo) return;
      // After a restart the output begins again: what stands here already is not shown twice.
      const fresh = offset !== undefined && offset < call.shownTo ? Buffer.from(chunk).subarray(call.shownTo - offset).toString() : chunk;
      if (offset !== undefined && offset > call.shownTo) {
        if (column !== "start") toLineStart();
        terminal.line(`  ${style.dim(`${style.mark.quiet} ${formatBytes(offset - call.shownTo)} came while nobody was connected`)}`);
      }
      call.shownTo = Math.max(call.shownTo, end);
      call.anyOutput = true;
      return output(fresh, isError);
    }
    output(chunk, isError);
  };
  const endCall = (id: string, name: string, data: Payload): void => {
    const call = calls.get(id);
    calls.delete(id);
    const details = at(data, "result", "details");
    const isError = data["isError"] === true;
    const result = listAt(data, "result", "content").map((part) => textAt(part, "text") ?? "").join("\n").trimEnd();
    if (call?.anyOutput !== true && result !== "") {
      const width = terminal.width === 0 ? RESULT_WIDTH : Math.min(RESULT_WIDTH, terminal.width - 4);
      const lines = linesOfResult(result).map((line) => shortenText(line, width, style.mark.ellipsis));
      output(`${lines.slice(0, RESULT_LINES_MAX).join("\n")}\n`, isError);
      if (lines.length > RESULT_LINES_MAX) output(`${style.unicode ? "⋮" : ":"} ${lines.length - RESULT_LINES_MAX} more lines\n`, false);
    }
    toLineStart();
    const nodeId = textAt(details, "nodeId");
    const exitCode = numberAt(details, "exitCode");
    const durationMs = numberAt(details, "durationMs");
    const code = textAt(details, "code");
    terminal.line([
      `${isError ? style.problem(style.mark.problem) : style.good(style.mark.good)} ${call?.what.split("  ", 1)[0] ?? name}`,
      ...[
        nodeId === undefined ? undefined : cleanLine(nameOf(nodeId) ?? shortenId(nodeId, style.mark.ellipsis)),
        durationMs === undefined ? undefined : formatDuration(durationMs),
        exitCode === undefined ? undefined : `exit ${exitCode}`, code,
      ]
        .filter((part) => part !== undefined).map((part) => style.dim(part)),
    ].join("  "));
    apart = true;
  };

  return {
    event: (payload) => {
      const data = (at(payload, "data") ?? {}) as Payload;
      switch (textAt(payload, "stream")) {
        case "assistant": return text(typeof data["delta"] === "string" ? data["delta"] : "");
        case "tool": return tool(data);
        case "lifecycle":
          if (textAt(data, "phase") === "resumed") toLineStart();
          return;
        case "run_status": {
          const reason = textAt(data, "retry", "reason");
          if (reason === undefined) return;
          const wait = formatDuration(numberAt(data, "waitMs") ?? 0);
          terminal.note(`The model did not answer (${cleanLine(reason)}); trying again in ${wait}.`);
        }
      }
    },
    interrupted: () => {
      toLineStart();
      if (apart || streamed !== "") terminal.line();
      apart = false;
      streamed = "";
    },
    finish: (final, said) => {
      if (final !== "" && !said.trimEnd().endsWith(final.trim())) {
        toLineStart();
        apart ||= streamed !== "";
        streamed = "";
        text(final);
      }
      toLineStart();
    },
  };
}
