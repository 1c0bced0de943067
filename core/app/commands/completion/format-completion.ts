/** The words as a script of each shell. Pure, so that the same table always gives the same script. */
import type { CommandWords, OptionWord, Word } from "./command-words.ts";

export type Shell = "bash" | "zsh" | "fish";

export function formatCompletion(shell: Shell, all: readonly CommandWords[]): string {
  return { bash, zsh, fish }[shell](all);
}

/** Options that take a value, everywhere: the word behind one is neither a command nor an option. */
function valued(all: readonly CommandWords[]): readonly string[] {
  return [...new Set(all.flatMap(({ options }) => options.filter(({ value }) => value).map(({ word }) => word)))].sort();
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const keyOf = (path: readonly string[]): string => path.join(" ");
const wordsOf = (options: readonly Word[]): string => options.map(({ word }) => word).join(" ");

function bash(all: readonly CommandWords[]): string {
  return `# bash completion for openclaw; load it with: source <(openclaw completion bash)
_openclaw() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" word skip="" words="" options="" i
  local valued=${quoted(` ${valued(all).join(" ")} `)}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      --*) [[ $valued == *" $word "* ]] && skip=1 ;;
      -*|=) ;;
      *) case "$path" in
           *" "*) ;;
           *) path="\${path:+$path }$word" ;;
         esac ;;
    esac
  done
  if [[ -n $skip ]]; then COMPREPLY=( $(compgen -f -- "$cur") ); return; fi
  case "$path" in
${all.map(({ path, words, options }) =>
    `    ${quoted(keyOf(path))}) words=${quoted(wordsOf(words))}; options=${quoted(wordsOf(options))} ;;`).join("\n")}
    *" "*) case "\${path%% *}" in
${all.filter(({ path, words }) => path.length === 1 && words.length === 0).map(({ path, options }) =>
    `      ${quoted(keyOf(path))}) options=${quoted(wordsOf(options))} ;;`).join("\n")}
    esac ;;
  esac
  if [[ $cur == -* ]]; then COMPREPLY=( $(compgen -W "$options" -- "$cur") )
  else COMPREPLY=( $(compgen -W "$words" -- "$cur") ); fi
  [[ \${#COMPREPLY[@]} -eq 0 && $cur != -* ]] && COMPREPLY=( $(compgen -f -- "$cur") )
}
complete -F _openclaw openclaw
`;
}

/** In a list of zsh, a colon parts the word from what it is about. */
const described = ({ word, about }: { readonly word: string; readonly about: string }): string =>
  quoted(`${word.replaceAll(":", "\\:")}:${about}`);

function zsh(all: readonly CommandWords[]): string {
  return `#compdef openclaw
# zsh completion for openclaw; put it as _openclaw into a folder of $fpath
_openclaw() {
  local -a words_ options_
  local path_="" word_ skip_="" valued_=${quoted(` ${valued(all).join(" ")} `)}
  integer i
  for (( i = 2; i < CURRENT; i++ )); do
    word_="\${words[i]}"
    if [[ -n $skip_ ]]; then skip_=""; continue; fi
    case "$word_" in
      --*) [[ $valued_ == *" $word_ "* ]] && skip_=1 ;;
      -*) ;;
      *) [[ $path_ == *" "* ]] || path_="\${path_:+$path_ }$word_" ;;
    esac
  done
  if [[ -n $skip_ ]]; then _files; return; fi
  case "$path_" in
${all.map(({ path, words, options }) => `    ${quoted(keyOf(path))})
      words_=(${words.map(described).join(" ")})
      options_=(${options.map(described).join(" ")}) ;;`).join("\n")}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe -o option options_
  elif (( \${#words_} )); then _describe command words_
  else _files; fi
}
if [[ \${funcstack[1]} == _openclaw ]]; then _openclaw "$@"; else compdef _openclaw openclaw; fi
`;
}

const fishQuoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fish(all: readonly CommandWords[]): string {
  const lines = ["# fish completion for openclaw", "complete -c openclaw -f"];
  const seen = new Set<string>();
  const option = (condition: string | undefined, { word, about, value }: OptionWord): void => {
    const where = condition === undefined ? "" : ` -n ${fishQuoted(condition)}`;
    lines.push(`complete -c openclaw${where} -l ${word.slice(2)}${value ? " -r" : ""} -d ${fishQuoted(about)}`);
  };
  for (const one of all[0]?.options ?? []) {
    seen.add(one.word);
    option(undefined, one);
  }
  for (const { path, words, options } of all) {
    const [command, verb] = path;
    const verbs = all.filter((other) => other.path.length === 2 && other.path[0] === command).map((other) => other.path[1]).join(" ");
    const condition = command === undefined ? "__fish_use_subcommand"
      : verb === undefined ? `__fish_seen_subcommand_from ${command}${verbs === "" ? "" : `; and not __fish_seen_subcommand_from ${verbs}`}`
        : `__fish_seen_subcommand_from ${command}; and __fish_seen_subcommand_from ${verb}`;
    for (const { word, about } of words) {
      lines.push(`complete -c openclaw -n ${fishQuoted(condition)} -a ${fishQuoted(word)} -d ${fishQuoted(about)}`);
    }
    for (const one of options) if (!seen.has(one.word)) option(condition, one);
  }
  return `${lines.join("\n")}\n`;
}
