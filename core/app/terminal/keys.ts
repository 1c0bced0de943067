/**
 * What a person presses, from the bytes a terminal sends.
 *
 * A paste arrives as one key with all its text, so that a newline in it sends nothing. What is no key a program here knows is left
 * out. Holds back the beginning of a sequence until its end came; a lone Escape is told from one by what follows it at once.
 */
export interface Key {
  /** `text` for what is typed, `paste` for what is pasted, else the key: `enter`, `up`, `ctrl-c`, `alt-b`. */
  readonly name: string;
  /** Of `text` and `paste`. */
  readonly text: string;
}

export const KEY_LIMITS = { pasteChars: 1_000_000, sequenceChars: 32 } as const;

const PASTE_BEGINS = "\x1b[200~";
const PASTE_ENDS = "\x1b[201~";

const CSI: Readonly<Record<string, string>> = {
  A: "up", B: "down", C: "right", D: "left", H: "home", F: "end", Z: "shift-tab",
  "1~": "home", "7~": "home", "4~": "end", "8~": "end", "3~": "delete", "5~": "page-up", "6~": "page-down",
  "1;5C": "alt-f", "1;5D": "alt-b", "1;3C": "alt-f", "1;3D": "alt-b", "13;2u": "alt-enter", "27;2;13~": "alt-enter",
};

const CONTROL: Readonly<Record<string, string>> = {
  "\r": "enter", "\n": "alt-enter", "\t": "tab", "\x7f": "backspace", "\b": "backspace",
};

export interface KeyReader {
  /** Keys that are complete now. */
  push(chunk: string): readonly Key[];
  /** Nothing more follows: what is held back is what it looks like. */
  flush(): readonly Key[];
  readonly holds: boolean;
}

export function createKeyReader(): KeyReader {
  let held = "";
  let pasted: string | undefined;

  const read = (final: boolean): Key[] => {
    const keys: Key[] = [];
    while (held !== "") {
      if (pasted !== undefined) {
        const end = held.indexOf(PASTE_ENDS);
        // The end mark may be cut in two by the chunk's border.
        const upTo = end >= 0 ? end : final ? held.length : Math.max(0, held.length - PASTE_ENDS.length + 1);
        pasted = (pasted + held.slice(0, upTo)).slice(0, KEY_LIMITS.pasteChars);
        held = held.slice(upTo);
        if (end < 0) break;
        held = held.slice(PASTE_ENDS.length);
        keys.push({ name: "paste", text: pasted.replace(/\r\n?/g, "\n") });
        pasted = undefined;
        continue;
      }
      const taken = held.startsWith("\x1b") ? readEscape(held, final) : readPlain(held, keys);
      if (taken === undefined) break;
      held = held.slice(taken.length);
      if (taken.name === "paste-begins") pasted = "";
      else if (taken.name !== "") keys.push({ name: taken.name, text: "" });
    }
    return keys;
  };
  return {
    push: (chunk) => {
      held += chunk;
      return read(false);
    },
    flush: () => read(true),
    get holds() {
      return held !== "" && pasted === undefined;
    },
  };
}

interface Taken { readonly name: string; readonly length: number }

function readPlain(held: string, keys: Key[]): Taken {
  const control = /^[\x00-\x1f\x7f]/.exec(held);
  if (control === null) {
    const text = /^[^\x00-\x1f\x7f]+/.exec(held)?.[0] ?? "";
    keys.push({ name: "text", text });
    return { name: "", length: text.length };
  }
  const byte = control[0];
  return { name: CONTROL[byte] ?? `ctrl-${String.fromCharCode(byte.charCodeAt(0) + 96)}`, length: 1 };
}

/** Undefined while more may come. */
function readEscape(held: string, final: boolean): Taken | undefined {
  if (held.startsWith(PASTE_BEGINS)) return { name: "paste-begins", length: PASTE_BEGINS.length };
  const csi = /^\x1b(?:\[|O)([0-9;<>?]*[A-Za-z~])/.exec(held);
  if (csi !== null) return { name: CSI[csi[1] ?? ""] ?? "", length: csi[0].length };
  if (/^\x1b(?:\[|O)?[0-9;<>?]*$/.test(held) && held.length < KEY_LIMITS.sequenceChars) {
    if (!final) return undefined;
    return { name: held === "\x1b" ? "escape" : "", length: held.length };
  }
  const next = held[1] ?? "";
  if (next === "\r" || next === "\n") return { name: "alt-enter", length: 2 };
  if (next === "\x7f") return { name: "alt-backspace", length: 2 };
  if (next < " ") return { name: "escape", length: 1 };
  return { name: /[a-z]/i.test(next) ? `alt-${next.toLowerCase()}` : "", length: 2 };
}
