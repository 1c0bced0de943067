/** A SKILL.md: what it is called, what it is for, what it needs; and its instructions. */
import { parseYaml, YAML_LIMITS, YamlError, type YamlValue } from "./parse-yaml.ts";

export const SKILL_LIMITS = {
  /** Of one SKILL.md. */
  bytes: 262_144,
  /** Folders that are looked into at one place. */
  folders: 500,
  /** Of the text a model is shown of all skills together. */
  listChars: 6_000,
  descriptionChars: 1_024,
} as const;

export interface SkillNeeds {
  readonly bins: readonly string[];
  readonly anyBins: readonly string[];
  readonly env: readonly string[];
  readonly config: readonly string[];
  readonly os: readonly string[];
}

export interface SkillInstaller {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly bins: readonly string[];
}

export interface SkillText {
  readonly name: string;
  readonly description: string;
  /** What settings are kept under: the name, unless the skill says otherwise. */
  readonly skillKey: string;
  readonly homepage?: string;
  readonly emoji?: string;
  readonly always: boolean;
  readonly userInvocable: boolean;
  readonly modelInvocable: boolean;
  /** The environment variable that a configured key is for. */
  readonly primaryEnv?: string;
  readonly needs: SkillNeeds;
  readonly install: readonly SkillInstaller[];
  readonly body: string;
}

export type ReadSkill = { readonly ok: true; readonly skill: SkillText } | { readonly ok: false; readonly why: string };

/** Lowercase words with dashes: it becomes part of a command and of a prompt. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;
const HEAD = /^\uFEFF?---[ \t]*\r?\n/;

/** Never throws: what cannot be read says why. */
export function readSkill(text: string): ReadSkill {
  const head = HEAD.exec(text);
  if (head === null) return refused("it does not begin with ---");
  const end = text.slice(head[0].length - 1, head[0].length + YAML_LIMITS.chars).search(/\n---[ \t]*(?:\r?\n|$)/);
  if (end === -1) return refused(`its head does not end with --- within ${YAML_LIMITS.chars} characters`);
  const headEnd = head[0].length - 1 + end;
  let fields: YamlValue;
  try {
    fields = parseYaml(text.slice(head[0].length, Math.max(headEnd, head[0].length)));
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return refused(`its head: ${error.message}`);
  }
  if (!isMap(fields)) return refused("its head is no list of names and values");
  const name = textOf(fields["name"]);
  const description = textOf(fields["description"]);
  if (name === undefined || !NAME.test(name)) return refused("it has no name of letters, digits, dots and dashes");
  if (description === undefined) return refused("it has no description");
  const body = text.slice(headEnd + 1).replace(/^---[ \t]*(?:\r?\n|$)/, "").trim();
  return { ok: true, skill: { name, description: onOneLine(description), body, ...readMetadata(name, fields) } };
}

type YamlMap = { readonly [name: string]: YamlValue };

function readMetadata(name: string, fields: YamlMap): Omit<SkillText, "name" | "description" | "body"> {
  const metadata = mapOf(fields["metadata"]);
  const own = mapOf(metadata["openclaw"] ?? metadata["clawdbot"]);
  const requires = mapOf(own["requires"]);
  const homepage = textOf(own["homepage"] ?? fields["homepage"]);
  const emoji = textOf(own["emoji"]);
  const primaryEnv = textOf(own["primaryEnv"]);
  return {
    skillKey: textOf(own["skillKey"]) ?? name,
    ...(homepage === undefined || !/^https?:\/\//.test(homepage) ? {} : { homepage }),
    ...(emoji === undefined || emoji.length > 16 ? {} : { emoji }),
    ...(primaryEnv === undefined ? {} : { primaryEnv }),
    always: own["always"] === true,
    userInvocable: fields["user-invocable"] !== false,
    modelInvocable: fields["disable-model-invocation"] !== true,
    needs: {
      bins: wordsOf(requires["bins"]), anyBins: wordsOf(requires["anyBins"]), env: wordsOf(requires["env"]),
      config: wordsOf(requires["config"]), os: wordsOf(own["os"]),
    },
    install: listOf(own["install"]).flatMap((entry, index) => {
      const given = mapOf(entry);
      const kind = textOf(given["kind"]);
      if (kind === undefined) return [];
      return [{ id: textOf(given["id"]) ?? `${kind}-${index}`, kind, label: textOf(given["label"]) ?? kind, bins: wordsOf(given["bins"]) }];
    }),
  };
}

/** Nothing in it may look like more than one line of a list. */
function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim().slice(0, SKILL_LIMITS.descriptionChars);
}

const WORDS_MAX = 64;

function isMap(value: YamlValue | undefined): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapOf(value: YamlValue | undefined): YamlMap {
  return isMap(value) ? value : {};
}

function listOf(value: YamlValue | undefined): readonly YamlValue[] {
  return Array.isArray(value) ? (value as readonly YamlValue[]).slice(0, WORDS_MAX) : [];
}

function textOf(value: YamlValue | undefined): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" && value.length <= YAML_LIMITS.chars ? value.trim() : undefined;
}

function wordsOf(value: YamlValue | undefined): readonly string[] {
  const one = textOf(value);
  return one !== undefined ? [one] : listOf(value).flatMap((each) => textOf(each)?.slice(0, 256) ?? []);
}

function refused(why: string): ReadSkill {
  return { ok: false, why };
}
