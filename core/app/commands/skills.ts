/** Skills: which an agent has, which could be used, and what the others lack. */
import { OpenClawError, type Scope } from "@openclaw/protocol";
import { askGateway } from "../connect.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import { asPayload, listAt, textAt, textsAt, type Payload } from "./payload.ts";

const READ: readonly Scope[] = ["operator.read"];
const AGENT: OptionSpec = { name: "agent", value: "ID", summary: "Of this agent; the first one unless given" };

async function status(ctx: CommandContext): Promise<{ readonly payload: Payload; readonly skills: readonly Payload[] }> {
  const agentId = ctx.given.text("agent");
  const payload = asPayload(await askGateway(ctx, READ, "skills.status", agentId === undefined ? {} : { agentId }));
  return { payload, skills: listAt(payload, "skills") };
}

const list: CommandSpec = {
  summary: "Skills an agent has",
  options: [AGENT, { name: "eligible", summary: "Only those that can be used" }],
  examples: [
    { line: "openclaw skills list", about: "all of them" },
    { line: "openclaw skills list --eligible", about: "what can be used now" },
  ],
  run: async (ctx) => {
    const { payload, skills } = await status(ctx);
    const shown = ctx.given.flag("eligible") ? skills.filter((skill) => stateOf(skill) === "ready") : skills;
    const { terminal } = ctx;
    terminal.answer({ ...payload, skills: shown }, () => terminal.table(
      [
        { title: "STATE", paint: (padded, cell) => (cell === "ready" ? terminal.style.good(padded) : terminal.style.dim(padded)) },
        { title: "NAME" }, { title: "FROM" }, { title: "WHAT FOR", shrinks: true },
      ],
      shown.map((skill) => [
        stateOf(skill), nameOf(skill), cleanLine(textAt(skill, "source")?.replace(/^openclaw-/, "") ?? ""),
        cleanLine(textAt(skill, "description") ?? ""),
      ]),
      "There are no skills. One is a folder with a SKILL.md, in the folder skills of the state directory.",
    ));
    return 0;
  },
};

const info: CommandSpec = {
  summary: "One skill: where it lies, what it needs",
  words: [{ name: "NAME", required: true }],
  options: [AGENT],
  examples: [{ line: "openclaw skills info weather", about: "everything about it" }],
  run: async (ctx) => {
    const { skills } = await status(ctx);
    const wanted = ctx.given.need("NAME").toLowerCase();
    const skill = skills.find((each) => nameOf(each).toLowerCase() === wanted || textAt(each, "skillKey")?.toLowerCase() === wanted);
    if (skill === undefined) {
      const names = skills.map(nameOf).join(", ") || "none";
      const why = `There is no skill "${cleanLine(wanted)}"; there is ${names}.`;
      throw new OpenClawError("NOT_FOUND", { why, next: "Run: openclaw skills list" });
    }
    ctx.terminal.answer(skill, () => {
      const lines = [
        `${nameOf(skill)}  ${stateOf(skill)}`, cleanText(textAt(skill, "description") ?? ""),
        `File     ${cleanLine(textAt(skill, "filePath") ?? "")}`,
        ...lacks(skill).map((what) => `Lacks    ${what}`),
        ...(skill["trusted"] === false ? ["Trust    outside text until you have read it and enabled it"] : []),
      ];
      for (const line of lines) ctx.terminal.line(line);
    });
    return 0;
  },
};

const check: CommandSpec = {
  summary: "What skills lack, and which cannot be read",
  options: [AGENT],
  examples: [{ line: "openclaw skills check", about: "only what stands in the way" }],
  run: async (ctx) => {
    const { payload, skills } = await status(ctx);
    const wanting = skills.filter((skill) => stateOf(skill) !== "ready");
    const broken = listAt(payload, "broken");
    const ready = skills.length - wanting.length;
    ctx.terminal.answer({ total: skills.length, ready, wanting, broken }, () => {
      ctx.terminal.line(`${ready} of ${skills.length} can be used.`);
      for (const skill of wanting) ctx.terminal.line(`${nameOf(skill)}: ${lacks(skill).join("; ") || stateOf(skill)}`);
      for (const each of broken) ctx.terminal.line(`${cleanLine(textAt(each, "filePath") ?? "")}: ${cleanLine(textAt(each, "why") ?? "")}`);
    });
    return 0;
  },
};

export const skills: CommandGroup = {
  summary: "What agents can read up",
  usual: "list",
  examples: [
    { line: "openclaw skills", about: "which there are" },
    { line: "openclaw skills info NAME", about: "one of them" },
    { line: "openclaw skills check", about: "what is missing" },
  ],
  verbs: { list, info, check },
  aliases: { ls: "list", show: "info" },
};

function nameOf(skill: Payload): string {
  return cleanLine(textAt(skill, "name") ?? "?");
}

function stateOf(skill: Payload): string {
  if (skill["disabled"] === true) return "off";
  if (skill["platformIncompatible"] === true) return "elsewhere";
  if (skill["blockedByAllowlist"] === true || skill["blockedByAgentFilter"] === true) return "not allowed";
  return skill["eligible"] === true ? "ready" : "lacks";
}

function lacks(skill: Payload): readonly string[] {
  const missing = (skill["missing"] ?? {}) as Payload;
  const of = (part: string, words: string): readonly string[] => {
    const names = textsAt(missing, part).map(cleanLine);
    return names.length === 0 ? [] : [`${words} ${names.join(", ")}`];
  };
  return [
    ...of("bins", "the program"), ...of("anyBins", "one of the programs"), ...of("env", "the variable"), ...of("config", "the setting"),
    ...of("os", "another system:"),
  ];
}
