/** A conversation as lines on the screen, each written once: messages, what streams, tool cards. */
import { createAgentView } from "../commands/agent-view.ts";
import { at, textAt, type Payload } from "../commands/payload.ts";
import type { Terminal } from "../terminal/open-terminal.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import type { ChatEntry } from "./chat-entry.ts";

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
  readonly columns: () => number;
  readonly nameOf: (nodeId: string) => string | undefined;
}

export function createChatView({ terminal, write, columns, nameOf }: ChatViewDeps): ChatView {
  const { style } = terminal;
  const line = (text = ""): void => write(`${text}\n`);
  const view = createAgentView({
    ...terminal, json: false, quiet: false, line, put: write, stream: (text) => write(cleanText(text)),
    note: (text) => line(style.dim(text)),
    get width() {
      return columns();
    },
  }, nameOf);
  /** Of the text being said: what stands on the screen, and what has come since it was begun, perhaps for the second time. */
  let shown = "";
  let come = "";
  let item: string | undefined;
  /** The next item takes over what stands here, whatever it is called. */
  let resumes = false;
  /** What was said before the call that has just begun: its record may come later. */
  let before = "";
  const openCalls = new Set<string>();

  const say = (delta: string): void => view.event({ stream: "assistant", data: { delta } });
  const advance = (): void => {
    if (shown.startsWith(come)) return;
    if (!come.startsWith(shown)) {
      view.interrupted();
      shown = "";
    }
    say(come.slice(shown.length));
    shown = come;
    resumes = false;
  };
  const begin = (id: string | undefined): void => {
    if (item !== undefined && id !== undefined && id !== item && !resumes) shown = "";
    if (id !== item && !resumes) come = "";
    item = id ?? item;
  };
  const endItem = (): void => {
    shown = "";
    come = "";
    item = undefined;
    resumes = false;
  };
  const tool = (data: Payload): void => {
    const id = textAt(data, "toolCallId") ?? "";
    const phase = textAt(data, "phase");
    if (phase === "start") {
      if (openCalls.has(id)) return;
      openCalls.add(id);
      before = shown;
      endItem();
    }
    if (phase === "result" && !openCalls.delete(id)) return; // shown as ended already
    view.event({ stream: "tool", data });
  };

  return {
    entry: ({ role, text, calls, callId, isError, details }) => {
      if (role === "person") {
        view.interrupted();
        for (const one of cleanText(text).split("\n")) line(`${style.dim(style.mark.bar)} ${style.strong(one)}`);
        line();
        return endItem();
      }
      if (role === "tool") {
        return tool({
          phase: "result", toolCallId: callId, isError, result: { content: [{ type: "text", text }], details },
        });
      }
      if (role === "note") return text === "" ? undefined : line(style.dim(cleanLine(text)));
      if (shown !== "" || !before.startsWith(text)) {
        come = text;
        advance();
      }
      before = "";
      for (const call of calls) tool({ phase: "start", toolCallId: call.id, name: call.name, args: call.args });
      if (calls.length === 0) {
        view.interrupted();
        endItem();
      }
    },
    event: (payload) => {
      const data = (at(payload, "data") ?? {}) as Payload;
      switch (textAt(payload, "stream")) {
        case "assistant": {
          const delta = typeof data["delta"] === "string" ? data["delta"] : undefined;
          begin(textAt(data, "itemId"));
          come = delta === undefined ? textAt(data, "text") ?? come : come + delta;
          return advance();
        }
        case "tool": return tool(data);
        default: return view.event(payload);
      }
    },
    textSoFar: (text) => {
      come = text;
      item = undefined;
      resumes = true;
      advance();
      resumes = true;
    },
    lost: () => {
      come = "";
      item = undefined;
      resumes = true;
    },
    note: (text) => {
      view.interrupted();
      line(text);
    },
  };
}
