/** Words with a slash that the gateway understands; asked for when the first slash is typed, and again when they change. */
import { signal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { fields, text, texts } from "./transcript.ts";

export interface ChatWord { readonly name: string; readonly description: string; readonly aliases: readonly string[] }

export interface Commands {
  /** Those that the text may become; none where it is no command or goes on behind one. */
  matching(written: string): readonly ChatWord[];
}

const SHOWN_MAX = 8;

export function openCommands(link: Link): Commands {
  const known = signal<readonly ChatWord[]>([]);
  let isAsked = false;
  const ask = (): void => {
    isAsked = true;
    void link.call("commands.list", {}).then(({ commands }) => {
      known.value = commands.flatMap((one) => {
        const { name, description, textAliases } = fields(one);
        return text(name) === undefined ? [] : [{ name: String(name), description: text(description) ?? "", aliases: texts(textAliases) }];
      });
    }, () => {
      isAsked = false;
    });
  };
  link.on("chat.metadata.changed", () => {
    if (isAsked) ask();
  });
  return {
    matching: (written) => {
      const typed = /^\/([\w-]*)$/.exec(written)?.[1];
      if (typed === undefined) return [];
      if (!isAsked) queueMicrotask(ask);
      return known.value.filter(({ name, aliases }) => name.startsWith(typed) || aliases.some((alias) => alias.startsWith(`/${typed}`)))
        .slice(0, SHOWN_MAX);
    },
  };
}
