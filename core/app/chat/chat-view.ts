/** A conversation as lines on the screen, each written once: messages, what streams, tool cards. */
import { createAgentView } from "../commands/agent-view.ts";
import { at, textAt, type Payload } from "../commands/payload.ts";
import { createSaidText } from "../commands/said-text.ts";
import { createMarkdown } from "../terminal/markdown.ts";
import type { Terminal } from "../terminal/open-terminal.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import type { ChatEntry } from "./chat-entry.ts";

const CALLS_KEPT = 500;

export interface ChatView {
  /** A message of the record. What of it stands here already is not written again. */
  entry(entry: ChatEntry): void;
  /** One `agent` event of this session. */
  event(payload: Payload): void;
  /** What the gateway has of the text that is being said. */
  textSoFar(text: string): void;
  /** The connection was lost: what comes next may begin again from the start. */
  lost(): void;
  /** A line of the program's own, apart from what was said. */
  note(text: string): void;
}

export interface ChatViewDeps {
  readonly terminal: Terminal;
  readonly write: (text: string) => void;
  /** What follows what was written and may still become something else. */
  readonly hold: (text: string) => void;
  readonly columns: () => number;
  readonly nameOf: (nodeId: string) => string | undefined;
}

export function createChatView({ terminal, write: writeOut, hold, columns, nameOf }: ChatViewDeps): ChatView {
  const { style } = terminal;
  const markdown = createMarkdown(style, columns);
  /** Whatever else is written stands behind all of the text. */
  const write = (text: string): void => {
    writeOut(markdown.end() + text);
    hold("");
  };
  const line = (text = ""): void => write(`${text}\n`);
  const view = createAgentView({
    ...terminal, json: false, quiet: false, line, put: write,
    stream: (text) => {
      const decided = markdown.push(text);
      hold(markdown.held);
      if (decided !== "") writeOut(decided);
    },
    note: (text) => line(style.dim(text)),
    get width() {
      return columns();
    },
  }, nameOf);
  /** What was said before the call that has just begun: its record may come later. */
  let before = "";
  const openCalls = new Set<string>();
  /** The record of a call may come after its end. */
  const endedCalls = new Set<string>();

  const said = createSaidText({
    show: (delta) => view.event({ stream: "assistant", data: { delta } }), withdraw: () => view.interrupted(),
  });
  const tool = (data: Payload): void => {
    const id = textAt(data, "toolCallId") ?? "";
    const phase = textAt(data, "phase");
    if (phase === "start") {
      if (openCalls.has(id) || endedCalls.has(id)) return;
      openCalls.add(id);
      before = said.shown;
      said.end();
    }
    if (phase === "result") {
      if (!openCalls.delete(id)) return; // shown as ended already
      endedCalls.add(id);
      for (const oldest of [...endedCalls].slice(0, Math.max(0, endedCalls.size - CALLS_KEPT))) endedCalls.delete(oldest);
    }
    view.event({ stream: "tool", data });
  };

  return {
    entry: ({ role, text, calls, callId, isError, details }) => {
      if (role === "person") {
        view.interrupted();
        for (const one of cleanText(text).split("\n")) line(`${style.dim(style.mark.bar)} ${style.strong(one)}`);
        line();
        return said.end();
      }
      if (role === "tool") {
        return tool({
          phase: "result", toolCallId: callId, isError, result: { content: [{ type: "text", text }], details },
        });
      }
      if (role === "note") return text === "" ? undefined : line(style.dim(cleanLine(text)));
      if (said.shown !== "" || !before.startsWith(text)) said.whole(text);
      before = "";
      for (const call of calls) tool({ phase: "start", toolCallId: call.id, name: call.name, args: call.args });
      if (calls.length === 0) {
        view.interrupted();
        said.end();
      }
    },
    event: (payload) => {
      const data = (at(payload, "data") ?? {}) as Payload;
      switch (textAt(payload, "stream")) {
        case "assistant": return said.piece(data);
        case "tool": return tool(data);
        default: return view.event(payload);
      }
    },
    textSoFar: said.soFar,
    lost: said.lost,
    note: (text) => {
      view.interrupted();
      line(text);
    },
  };
}
