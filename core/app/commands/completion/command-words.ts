/** The command table as a shell needs it: words, what they are about, and the options behind them. */
import { GLOBAL_OPTIONS, isGroup, type CommandEntry, type CommandSpec, type OptionSpec } from "../command.ts";

export interface Word {
  readonly word: string;
  readonly about: string;
}

export interface OptionWord extends Word {
  /** It takes a value. */
  readonly value: boolean;
}

export interface CommandWords {
  /** `openclaw`, `openclaw nodes`, `openclaw nodes list`. */
  readonly path: readonly string[];
  readonly words: readonly Word[];
  readonly options: readonly OptionWord[];
}

/** Loads every command. The first is the program itself. */
export async function readCommandWords(commands: readonly CommandEntry[]): Promise<readonly CommandWords[]> {
  const modules = await Promise.all(commands.map(async (entry) => ({ entry, module: await entry.load() })));
  const all: CommandWords[] = [{
    path: [], options: optionsOf([]),
    words: modules.map(({ entry }) => ({ word: entry.name, about: entry.summary })).sort((a, b) => (a.word < b.word ? -1 : 1)),
  }];
  for (const { entry, module } of modules) {
    if (!isGroup(module)) {
      all.push({ path: [entry.name], words: [], options: optionsOf(ownOf(module)) });
      continue;
    }
    const verbs = Object.entries(module.verbs).filter(([, verb]) => verb.hidden !== true);
    const usual = module.usual === undefined ? undefined : module.verbs[module.usual];
    all.push({
      path: [entry.name], words: verbs.map(([word, { summary }]) => ({ word, about: summary })),
      options: optionsOf(usual === undefined ? [] : ownOf(usual)),
    });
    for (const [verb, spec] of verbs) all.push({ path: [entry.name, verb], words: [], options: optionsOf(ownOf(spec)) });
  }
  return all;
}

const ownOf = (spec: CommandSpec): readonly OptionSpec[] => spec.options ?? [];

function optionsOf(own: readonly OptionSpec[]): readonly OptionWord[] {
  const known = new Map([...GLOBAL_OPTIONS, ...own].filter(({ hidden }) => hidden !== true).map((option) => [option.name, option]));
  return [...known.values()].map(({ name, summary, value }) => ({ word: `--${name}`, about: summary, value: value !== undefined }));
}
