/** Slash commands that the gateway itself understands, as clients list them. */
import { QUEUE_MODES, THINKING_LEVELS, VERBOSE_LEVELS } from "@openclaw/protocol";

export interface ChatCommandArgument {
  readonly name: string;
  readonly description: string;
  readonly type: "string";
  readonly required?: true;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
}

export interface ChatCommand {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly description: string;
  readonly category: "session" | "options" | "status" | "tools";
  readonly args?: readonly ChatCommandArgument[];
}

const text = (name: string, description: string): ChatCommandArgument => ({ name, description, type: "string" });
const oneOf = (name: string, description: string, values: readonly string[]): ChatCommandArgument => ({
  ...text(name, description), choices: values.map((value) => ({ value, label: value })),
});

export const CHAT_COMMANDS = [
  { name: "help", description: "Show the commands people use most.", category: "status" },
  { name: "commands", description: "List all commands.", category: "status" },
  { name: "status", description: "Show what this session is and does.", category: "status" },
  { name: "whoami", aliases: ["id"], description: "Show as whom you speak.", category: "status" },
  { name: "tools", description: "List the tools the agent has here.", category: "status" },
  { name: "context", description: "Show what the model is shown here, and how full its window is.", category: "status" },
  { name: "usage", description: "Show what model calls took and cost.", category: "status", args: [oneOf("what", "What", ["cost"])] },
  {
    name: "config", description: "Show or change the configuration, for the owner.", category: "options",
    args: [oneOf("action", "What", ["show", "get", "set", "unset"]), text("path", "PATH, or PATH=VALUE")],
  },
  { name: "name", description: "Show this session's name, or give it one.", category: "session", args: [text("title", "Its name")] },
  { name: "new", description: "Begin anew, with a message if you give one.", category: "session", args: [text("message", "First message")] },
  { name: "reset", description: "Forget this conversation, and go on with a message if you give one.", category: "session", args: [text("message", "First message")] },
  { name: "stop", aliases: ["abort"], description: "Stop what runs in this session.", category: "session" },
  { name: "compact", description: "Condense the older part of the conversation now.", category: "session" },
  { name: "model", description: "Show the model, or choose one for this session.", category: "options", args: [text("model", "provider/model, or default")] },
  { name: "models", description: "List models.", category: "options", args: [text("provider", "Of this provider only")] },
  { name: "think", aliases: ["thinking", "t"], description: "How much the model thinks.", category: "options", args: [oneOf("level", "A level, or default", [...THINKING_LEVELS, "default"])] },
  { name: "verbose", aliases: ["v"], description: "What is shown of tools.", category: "options", args: [oneOf("level", "A level", VERBOSE_LEVELS)] },
  { name: "queue", description: "What becomes of messages that come during a turn.", category: "options", args: [oneOf("mode", "A mode, or default", [...QUEUE_MODES, "default"])] },
  { name: "activation", description: "Which messages of a group begin a turn.", category: "options", args: [oneOf("mode", "When", ["mention", "always"])] },
  { name: "send", description: "Whether replies go back to the channel.", category: "options", args: [oneOf("policy", "On or off", ["on", "off", "inherit"])] },
  { name: "skill", description: "Use a skill by its name.", category: "tools", args: [{ ...text("name", "Its name"), required: true }, text("input", "What for")] },
] as const satisfies readonly ChatCommand[];

export type ChatCommandName = (typeof CHAT_COMMANDS)[number]["name"];

/** A command by its name or another one it has. */
export function findCommand(word: string): ChatCommandName | undefined {
  return (CHAT_COMMANDS as readonly ChatCommand[]).find(({ name, aliases = [] }) => name === word || aliases.includes(word))?.name as
    ChatCommandName | undefined;
}
