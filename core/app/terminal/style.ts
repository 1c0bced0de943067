/** Marks and colours, decided once from the stream and the environment. Colour is never the only carrier of a meaning. */
export interface Style {
  readonly colour: boolean;
  readonly unicode: boolean;
  dim(text: string): string;
  strong(text: string): string;
  italic(text: string): string;
  good(text: string): string;
  attention(text: string): string;
  problem(text: string): string;
  /** What is live now, and the one thing to do next. */
  accent(text: string): string;
  /** A link that a terminal can open; plain text elsewhere. */
  link(url: string): string;
  readonly mark: Marks;
}

export interface Marks {
  readonly good: string;
  readonly problem: string;
  readonly live: string;
  readonly quiet: string;
  readonly bar: string;
  readonly dash: string;
  readonly ellipsis: string;
  readonly frames: readonly string[];
}

export interface StyleOptions {
  readonly tty: boolean;
  /** False when the person said `--no-color`. */
  readonly allowed: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const UNICODE: Marks = {
  good: "✓", problem: "✗", live: "▸", quiet: "·", bar: "│", dash: "–", ellipsis: "…", frames: [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"],
};
const ASCII: Marks = {
  good: "+", problem: "x", live: ">", quiet: "-", bar: "|", dash: "-", ellipsis: "...", frames: ["|", "/", "-", "\\"],
};

/** `--no-color` beats `NO_COLOR`, which beats `FORCE_COLOR`, which beats what the stream is. */
export function createStyle(options: StyleOptions): Style {
  const { environment } = options;
  const colour = wantsColour(options);
  const unicode = speaksUnicode(environment);
  const paint = (open: string, close: string) => (text: string): string => (
    colour && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text
  );
  const manyColours = /256|truecolor|24bit/.test(`${environment["TERM"] ?? ""} ${environment["COLORTERM"] ?? ""}`);
  return {
    colour,
    unicode,
    dim: paint("2", "22"),
    strong: paint("1", "22"),
    italic: paint("3", "23"),
    good: paint("32", "39"),
    attention: paint("33", "39"),
    problem: paint("31", "39"),
    accent: manyColours ? paint("38;5;166", "39") : paint("1", "22"),
    link: (url) => (colour && options.tty ? `\x1b]8;;${url}\x1b\\${url}\x1b]8;;\x1b\\` : url),
    mark: unicode ? UNICODE : ASCII,
  };
}

function wantsColour({ tty, allowed, environment }: StyleOptions): boolean {
  if (!allowed || (environment["NO_COLOR"] ?? "") !== "") return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return tty && environment["TERM"] !== "dumb";
}

/** An unset locale counts as Unicode: containers rarely set one, and their terminals are modern. */
function speaksUnicode(environment: StyleOptions["environment"]): boolean {
  if (environment["TERM"] === "linux" || environment["TERM"] === "dumb") return false;
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  if (locale === "C" || locale === "POSIX") return false;
  const charset = locale.split(".")[1];
  return charset === undefined || /^utf-?8/i.test(charset);
}
