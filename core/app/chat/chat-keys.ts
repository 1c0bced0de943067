/** What a key means in a conversation, by where the keys go just now. */
import type { Key } from "../terminal/keys.ts";
import type { ChatState } from "./chat-state.ts";

export interface ChatActions {
  readonly state: ChatState;
  readonly nowMs: number;
  send(text: string): void;
  stop(): void;
  answer(decision: "deny" | "allow-once" | "allow-always"): void;
  showSessions(): Promise<void>;
  switchTo(key: string): Promise<void>;
  /** A word in the last row, for a while. */
  say(text: string): void;
  /** Lines of the program's own, in the conversation. */
  note(text: string): void;
  leave(): void;
}

const ANSWERS = { d: "deny", a: "allow-once", s: "allow-always" } as const;

const HELP = `Enter sends, Alt-Enter begins a new line, up and down bring back what you said
Tab goes to what waits for an answer: d denies, a allows once, s for this session
Esc stops the turn, Ctrl-C clears the line or stops, twice leaves; Ctrl-D leaves; leaving ends no turn
/sessions shows the others (Ctrl-O), /session KEY opens one, /stop, /quit
Anything else that begins with a slash is the gateway's: /new, /model, /compact, /status, /commands
`;

const LEAVE_AGAIN = "Ctrl-C again leaves; the gateway goes on";

export function pressInChat(key: Key, chat: ChatActions): void {
  const { state } = chat;
  if (state.focus === "approval" && pressInApproval(key, chat)) return;
  if (state.focus === "sessions") return pressInSessions(key, chat);
  switch (key.name) {
    case "enter": return enter(chat);
    case "tab":
      if (state.approvals.length > 0) state.focus = state.focus === "approval" ? "editor" : "approval";
      return;
    case "escape": return chat.stop();
    case "ctrl-o": return void failing(chat, chat.showSessions());
    case "ctrl-c": return interrupt(chat);
    case "ctrl-l": return;
    case "ctrl-d":
      if (state.editor.text === "") return chat.leave();
  }
  state.editor.press(key);
}

/** Only these; anything else goes where it would have gone. */
function pressInApproval({ name, text }: Key, chat: ChatActions): boolean {
  if (name === "escape") {
    chat.state.focus = "editor";
    return true;
  }
  const decision = name === "text" ? ANSWERS[text as keyof typeof ANSWERS] : undefined;
  if (decision !== undefined) chat.answer(decision);
  return decision !== undefined || name === "text" || name === "paste";
}

function pressInSessions({ name }: Key, chat: ChatActions): void {
  const { sessions } = chat.state;
  const last = sessions.rows.length - 1;
  if (name === "up" || name === "ctrl-p") sessions.at = Math.max(0, sessions.at - 1);
  if (name === "down" || name === "ctrl-n") sessions.at = Math.min(last, sessions.at + 1);
  if (name === "escape" || name === "ctrl-c" || name === "ctrl-o") chat.state.focus = "editor";
  const chosen = sessions.rows[sessions.at];
  if (name === "enter" && chosen !== undefined) {
    chat.state.focus = "editor";
    void failing(chat, chat.switchTo(chosen.key));
  }
}

function enter(chat: ChatActions): void {
  const text = chat.state.editor.text.trim();
  if (text === "") return;
  chat.state.editor.take();
  const [, command = "", rest = ""] = /^\/(\w+)(?:\s+(\S+))?\s*$/.exec(text) ?? [];
  if (command === "quit" || command === "exit") return chat.leave();
  if (command === "help" || text === "/") return chat.note(HELP);
  if (command === "stop") return chat.stop();
  if (command === "sessions" || (command === "session" && rest === "")) return void failing(chat, chat.showSessions());
  if (command === "session") return void failing(chat, chat.switchTo(rest));
  chat.send(text);
}

function interrupt(chat: ChatActions): void {
  const { state } = chat;
  if (state.editor.text !== "") return state.editor.set("");
  if (state.said?.text === LEAVE_AGAIN && state.said.untilMs > chat.nowMs) return chat.leave();
  chat.stop();
  chat.say(LEAVE_AGAIN);
}

function failing(chat: ChatActions, promise: Promise<void>): Promise<void> {
  return promise.catch((error: unknown) => chat.say(error instanceof Error ? error.message : String(error)));
}
