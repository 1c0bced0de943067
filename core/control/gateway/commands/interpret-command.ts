/**
 * A message that begins with a slash, where that is a command: carried out by the gateway, without a model.
 *
 * Only what the person wrote themselves is looked at, and only its first word. What is no command goes to the agent as it is. A
 * command changes a session in no other way than the method of the same meaning does.
 */
import { codeOf, OpenClawError } from "@openclaw/protocol";
import type { ListedModel } from "../../../cognition/models.ts";
import type { AgentSkills } from "../../../execution/skills.ts";
import type { Principal } from "../../../fabric/identity.ts";
import type { Agent } from "../../agents.ts";
import { checkSettings, type SessionRow, type Sessions } from "../../sessions.ts";
import { CHAT_COMMANDS, findCommand, type ChatCommand, type ChatCommandName } from "./command-table.ts";
import type { ConfigCommandDeps } from "./config-command.ts";
import { skillCommands } from "./list-commands.ts";

export interface CommandDeps {
  readonly sessions: Pick<
    Sessions, "describe" | "open" | "patch" | "reset" | "abort" | "context" | "keepCommand" | "commandKept"
  >;
  readonly models: () => Promise<readonly ListedModel[]>;
  readonly checkModel: (ref: string) => Promise<unknown>;
  readonly skillsOf: (agentId: string) => Promise<AgentSkills>;
  /** Names of the tools the agent has with a model. */
  readonly toolsOf: (agent: Agent, model: string) => Promise<readonly string[]>;
  readonly version: string;
  /** What model calls took: of a session, today, and in thirty days. */
  readonly costs: (key: string) => Promise<Readonly<Record<"session" | "today" | "month", string>>>;
  readonly config: ConfigCommandDeps;
}

export interface Said {
  readonly text: string;
  readonly key: string;
  readonly agent: Agent;
  readonly principal: Principal;
  readonly isAdmin: boolean;
}

export type Interpreted =
  /** The gateway answers. */
  | {
      readonly do: "reply"; readonly text: string;
      /** The command as it is kept, where that is not as it was said. */
      readonly kept?: string;
    }
  /** What ran was stopped. */
  | { readonly do: "stopped"; readonly runIds: readonly string[]; readonly text: string }
  /** This goes to the agent in its place. */
  | { readonly do: "send"; readonly text: string };

const COMMAND = /^\/([A-Za-z][\w-]{0,63})(?::|(?=\s|$))\s*([^]*)$/;

/** Undefined: it is no command. Throws nothing that the person could have caused. */
export async function interpretCommand(said: Said, deps: CommandDeps, signal: AbortSignal): Promise<Interpreted | undefined> {
  const [, word = "", rest = ""] = COMMAND.exec(said.text.trim()) ?? [];
  if (word === "") return undefined;
  const name = findCommand(word.toLowerCase());
  try {
    if (name !== undefined) return await obey(name, rest.trim(), said, deps, signal);
    const skill = skillCommands(await deps.skillsOf(said.agent.id)).find((each) => each.word === word.toLowerCase());
    return skill === undefined ? undefined : useSkill(skill.skill, rest.trim());
  } catch (error) {
    if (!(error instanceof OpenClawError) || codeOf(error) === "ENGINE_UNAVAILABLE") throw error;
    return reply(`${error.message} ${error.next}`.trim());
  }
}

async function obey(name: ChatCommandName, rest: string, said: Said, deps: CommandDeps, signal: AbortSignal): Promise<Interpreted> {
  const { sessions } = deps;
  const { key, agent, principal } = said;
  switch (name) {
    case "help": return reply(HELP);
    case "commands": return reply(allCommands(await deps.skillsOf(agent.id)));
    case "status": return reply(status(await sessions.describe(key), said, deps));
    case "whoami": return reply(`You are ${principal.id} (${principal.label}), speaking with ${agent.name} in ${key}.`);
    case "tools": return reply(`Tools: ${(await deps.toolsOf(agent, modelOf(await sessions.describe(key), agent))).join(", ") || "none"}.`);
    case "new": case "reset": {
      await sessions.abort(key, null, principal);
      if ((await sessions.describe(key)) !== null) await sessions.reset(key, name, principal);
      return rest === "" ? reply(name === "new" ? "✅ New session started." : "✅ Session reset.") : { do: "send", text: rest };
    }
    case "stop": {
      const { runIds } = await sessions.abort(key, null, principal);
      return { do: "stopped", runIds, text: runIds.length > 0 ? "Stopped." : "Nothing runs here." };
    }
    case "usage": return reply(await usage(rest, key, deps));
    case "context": return reply(await context(said, deps));
    case "config": {
      const { configCommand, withoutValue } = await import("./config-command.ts");
      return { ...reply(await configCommand(rest, said.isAdmin, deps.config)), kept: `/config ${withoutValue(rest)}` };
    }
    case "name": return reply(await rename(rest, said, deps));
    case "compact": return reply(await compact(key, sessions, signal));
    case "model": return reply(await chooseModel(rest, said, deps));
    case "models": return reply(await listModels(rest, deps));
    case "skill": {
      const [, skill = "", input = ""] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
      return skill === "" ? reply("Which one? /skill NAME, then what for. See /commands.") : await chosenSkill(skill, input, said, deps);
    }
    case "think": return reply(await settle("thinkingLevel", "Thinking level", rest, said, deps));
    case "verbose": return reply(await settle("verboseLevel", "Verbose level", rest, said, deps));
    case "queue": return reply(await settle("queueMode", "Queue mode", rest, said, deps));
    case "activation": return reply(await settle("groupActivation", "Activation", rest, said, deps));
    case "send": return reply(await settle("sendPolicy", "Sending", SEND[rest.toLowerCase()] ?? rest, said, deps));
  }
}

async function usage(wish: string, key: string, { costs }: CommandDeps): Promise<string> {
  if (!["", "cost", "off"].includes(wish.toLowerCase())) return "This gateway puts no footer under replies. See /usage cost and /context.";
  const { session, today, month } = await costs(key);
  return [`Session: ${session}`, `Today: ${today}`, `30 days: ${month}`].join("\n");
}

async function context({ key, agent }: Said, { sessions, models, toolsOf, skillsOf }: CommandDeps): Promise<string> {
  const row = await sessions.describe(key);
  const ref = modelOf(row, agent);
  const room = (await models()).find((model) => model.ref === ref)?.contextTokens;
  const pins = row === null ? [] : await sessions.context.pins(key);
  const tools = await toolsOf(agent, ref);
  const skills = (await skillsOf(agent.id)).all.filter(({ modelVisible }) => modelVisible);
  const used = row?.totalTokens ?? 0;
  const share = room === undefined || room === 0 ? "" : ` of ${room} (${Math.round((100 * used) / room)}%)`;
  return [
    "🧠 Context", `Model: ${ref}`, `Workspace: ${agent.workspace}`,
    `Window: ${used} tokens${share} at the last call${row?.totalTokensFresh === false ? ", before it was condensed" : ""}`,
    `Pinned facts: ${pins.length}`, `Skills: ${skills.length}`, `Tools: ${tools.join(", ") || "none"}`,
  ].join("\n");
}

async function rename(name: string, said: Said, { sessions }: CommandDeps): Promise<string> {
  const { key, agent, principal } = said;
  if (name === "") return `Name: ${(await sessions.describe(key))?.label ?? "none"}.`;
  await sessions.open(key, agent.id, principal);
  await sessions.patch(key, { label: name.slice(0, NAME_CHARS).toWellFormed() }, principal);
  return `⚙️ Name set to ${name.slice(0, NAME_CHARS).toWellFormed()}.`;
}

const NAME_CHARS = 256;

const SEND: Readonly<Record<string, string>> = { on: "allow", off: "deny", inherit: "default" };

type Setting = "thinkingLevel" | "verboseLevel" | "queueMode" | "groupActivation" | "sendPolicy";

/** Without a value it says what holds; `default` takes the session's own back. Throws PARAMS_INVALID. */
async function settle(setting: Setting, title: string, value: string, said: Said, { sessions }: CommandDeps): Promise<string> {
  const { key, agent, principal } = said;
  if (value === "") return `${title}: ${(await sessions.describe(key))?.[setting] ?? "default"}.`;
  const wanted = value.toLowerCase();
  const patch = checkSettings({ [setting]: wanted === "default" ? null : wanted });
  await sessions.open(key, agent.id, principal);
  await sessions.patch(key, patch, principal);
  return `⚙️ ${title} set to ${wanted}.`;
}

async function chooseModel(wanted: string, said: Said, { sessions, models, checkModel }: CommandDeps): Promise<string> {
  const { key, agent, principal } = said;
  if (wanted === "" || wanted === "status") {
    const current = modelOf(await sessions.describe(key), agent);
    return `Current: ${current}\nChange: /model provider/model   Back: /model default   Browse: /models`;
  }
  let ref: string | null = null;
  if (wanted !== "default") {
    const known = (await models()).filter((model) => model.ref === wanted || model.id === wanted);
    ref = known.length === 1 ? (known[0]?.ref ?? wanted) : wanted;
    await checkModel(ref);
  }
  await sessions.open(key, agent.id, principal);
  await sessions.patch(key, { model: ref }, principal);
  return `⚙️ Model set to ${ref ?? `${agent.model} (default)`}.`;
}

const MODELS_SHOWN = 50;

async function listModels(provider: string, { models }: CommandDeps): Promise<string> {
  const refs = (await models()).filter((model) => provider === "" || model.provider === provider).map(({ ref }) => `- ${ref}`);
  if (refs.length === 0) return "No model of that provider is configured.";
  return [...refs.slice(0, MODELS_SHOWN), ...(refs.length > MODELS_SHOWN ? [`… and ${refs.length - MODELS_SHOWN} more`] : [])].join("\n");
}

async function compact(key: string, { context }: CommandDeps["sessions"], signal: AbortSignal): Promise<string> {
  const compacted = await context.compact(key, signal);
  return compacted ? "🧹 The older part of the conversation is condensed." : "There is nothing older than the last turn.";
}

async function chosenSkill(wanted: string, input: string, { agent }: Said, { skillsOf }: CommandDeps): Promise<Interpreted> {
  const names = skillCommands(await skillsOf(agent.id));
  const found = names.find(({ skill, word }) => skill.toLowerCase() === wanted.toLowerCase() || word === wanted.toLowerCase());
  if (found !== undefined) return useSkill(found.skill, input);
  const known = names.map(({ skill }) => skill).join(", ") || "none";
  return reply(`There is no skill ${JSON.stringify(wanted.slice(0, 64))}. Skills: ${known}.`);
}

function useSkill(name: string, input: string): Interpreted {
  return { do: "send", text: `Use the skill ${name}: read it with read_skill first.${input === "" ? "" : `\n\n${input}`}` };
}

const HELP = [
  "Help", "", "Session", "  /new  |  /reset  |  /compact  |  /stop", "",
  "Options", "  /think LEVEL  |  /model PROVIDER/MODEL  |  /verbose on|off|full  |  /queue MODE", "",
  "Status", "  /status  |  /whoami  |  /tools  |  /context  |  /usage", "", "Skills", "  /skill NAME [input]", "", "More: /commands",
].join("\n");

function allCommands(skills: AgentSkills): string {
  const native = (CHAT_COMMANDS as readonly ChatCommand[]).map(({ name, description }) => `/${name} — ${description}`);
  return [...native, ...skillCommands(skills).map(({ word, description }) => `/${word} — ${description}`)].join("\n");
}

function status(row: SessionRow | null, { key, agent }: Said, { version }: CommandDeps): string {
  const modes = [`think ${row?.thinkingLevel ?? agent.thinking ?? "default"}`, `verbose ${row?.verboseLevel ?? "off"}`];
  return [
    `OpenClaw ${version}`,
    `Agent: ${agent.name} (${agent.id})`,
    `Model: ${modelOf(row, agent)}`,
    `Tokens: ${row?.inputTokens ?? 0} in / ${row?.outputTokens ?? 0} out`,
    `Session: ${key}${row === null ? " (new)" : row.hasActiveRun ? ` (${row.activeRunIds.length} at work)` : ""}`,
    `Modes: ${modes.join(" · ")}`,
    `Queue: ${row?.queueMode ?? agent.queueMode ?? "default"}`,
  ].join("\n");
}

function modelOf(row: SessionRow | null, agent: Agent): string {
  return row?.model === undefined ? agent.model : `${row.modelProvider ?? ""}/${row.model}`;
}

function reply(text: string): Extract<Interpreted, { do: "reply" }> {
  return { do: "reply", text };
}
