/**
 * The documented set of commands that only read, and so run unasked.
 *
 * For every program this says which arguments are known to be harmless; anything else makes the command an ordinary one,
 * which is asked for. Options are compared whole: the programs themselves accept abbreviations of long options (`--outp`
 * for `--output`), so nothing may be decided by what an option begins with. A program's options that write, follow, repeat
 * without end, start other programs, read lists of files from a file or show other processes' environment are left out.
 */
export interface ReadOnlyCommand {
  readonly summary: string;
  /** One-letter options without a value; they may stand together: `-la`. */
  readonly letters?: string;
  /** One-letter options with a value, attached or in the next argument. */
  readonly valued?: Readonly<Record<string, RegExp>>;
  /** Long options, exactly as written; a value is part of the pattern. */
  readonly long?: readonly (string | RegExp)[];
  /** Whole arguments that are accepted as they are: `aux`, `-5`. */
  readonly words?: readonly (string | RegExp)[];
  readonly operands: OperandKind;
  readonly operandsMin?: number;
  readonly operandsMax?: number;
  /** The first operand is text (a pattern), the others are as `operands` says. */
  readonly textFirst?: true;
}

/**
 * `paths`: inside the allowed directories or on the list of system files · `places`: the same, or a well-known mount point,
 * of which only sizes are told · `text`: anything · a pattern: each operand must fit it · `none`.
 */
export type OperandKind = "none" | "paths" | "places" | "text" | RegExp;

const COUNT = /^[+-]?\d{1,9}[kKMG]?$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
/** Columns of `ps`; its column `environ` would show the secrets of others. */
const FIELD = [
  "pid|ppid|pgid|sid|uid|user|group|comm|args|cmd|%cpu|%mem|pcpu|pmem|rss|vsz|sz",
  "stat|state|etime|etimes|time|tty|nlwp|start|lstart|ni|pri|psr",
].join("|");
const FIELDS = new RegExp(`^(${FIELD})(,(${FIELD}))*$`);
const COLUMNS = /^\+?[A-Za-z][A-Za-z0-9%:_-]*(,[A-Za-z][A-Za-z0-9%:_-]*)*$/;
const RANGES = /^\d{0,6}-?\d{0,6}(,\d{0,6}-?\d{0,6})*$/;

export const READ_ONLY_COMMANDS: Readonly<Record<string, ReadOnlyCommand>> = {
  arch: { summary: "the machine's architecture", operands: "none" },
  basename: { summary: "the last part of a path", operands: "text", operandsMin: 1, operandsMax: 2 },
  cat: { summary: "the content of files", letters: "AbeEnstTv", long: ["--number", "--show-all"], operands: "paths", operandsMin: 1 },
  cut: {
    summary: "columns of files", letters: "s", valued: { d: /^.$/u, f: RANGES, c: RANGES, b: RANGES }, operands: "paths", operandsMin: 1,
  },
  date: {
    summary: "the date and time", letters: "uR",
    long: ["--utc", "--universal", "--rfc-email", "--iso-8601", /^--iso-8601=(date|hours|minutes|seconds|ns)$/, /^--rfc-3339=(date|seconds|ns)$/],
    words: ["-I", /^-I(date|hours|minutes|seconds|ns)$/], operands: /^\+[^\0]{0,200}$/, operandsMax: 1,
  },
  df: {
    summary: "free space on disks", letters: "ahHiklmPT", long: ["--human-readable", "--total", "--local", "--inodes", "--print-type"],
    operands: "places",
  },
  dirname: { summary: "the directory of a path", operands: "text", operandsMin: 1 },
  du: {
    summary: "space that files take", letters: "abchkmsSx", valued: { d: /^\d{1,3}$/ },
    long: ["--human-readable", "--summarize", "--total", "--apparent-size", /^--max-depth=\d{1,3}$/], operands: "paths",
  },
  echo: { summary: "its arguments", operands: "text" },
  file: {
    summary: "what kind of file something is", letters: "bhikN", long: ["--brief", "--mime", "--mime-type", "--mime-encoding"],
    operands: "paths", operandsMin: 1,
  },
  free: {
    summary: "memory in use", letters: "bkmghtlwv",
    long: ["--human", "--total", "--wide", "--bytes", "--kibi", "--mebi", "--gibi", "--mega", "--giga", "--si"], operands: "none",
  },
  grep: {
    summary: "lines of files that fit a pattern", letters: "cEFhHilLnoqrsvwx", valued: { A: COUNT, B: COUNT, C: COUNT, m: COUNT },
    long: ["--count", "--ignore-case", "--line-number", "--invert-match", "--color=never"], textFirst: true, operands: "paths",
    operandsMin: 2,
  },
  groups: { summary: "the groups of a user", operands: NAME, operandsMax: 1 },
  head: {
    summary: "the first lines of files", letters: "qvz", valued: { n: COUNT, c: COUNT },
    long: [/^--lines=[+-]?\d{1,9}$/, /^--bytes=[+-]?\d{1,9}$/], words: [/^-\d{1,9}$/], operands: "paths", operandsMin: 1,
  },
  hostname: {
    summary: "the machine's name and addresses", letters: "AdfiIsy",
    long: ["--fqdn", "--short", "--domain", "--ip-address", "--all-ip-addresses"], operands: "none",
  },
  id: {
    summary: "the user and groups it runs as", letters: "gGnruz", long: ["--user", "--group", "--groups", "--name", "--real"],
    operands: NAME, operandsMax: 1,
  },
  ls: {
    summary: "the content of directories", letters: "1aAbBcCdfFgGhiklmnNopqQrRsStuUvxXZ",
    long: [
      "--all", "--almost-all", "--human-readable", "--recursive", "--reverse", "--size", "--inode", "--classify", "--directory",
      "--full-time", "--group-directories-first", "--color", "--color=never", "--color=auto",
      /^--sort=(none|size|time|version|extension)$/, /^--time-style=(full-iso|long-iso|iso)$/,
    ],
    operands: "paths",
  },
  lsblk: {
    summary: "block devices", letters: "abdfilmnpPrStJ", valued: { o: COLUMNS }, long: ["--all", "--json", "--fs", "--paths", "--nodeps"],
    operands: "none",
  },
  lscpu: {
    summary: "processors", letters: "aBbcJxy", long: ["--json", "--all", "--online"], words: ["-e", "-p", "--extended", "--parse"],
    operands: "none",
  },
  md5sum: { summary: "checksums of files", letters: "b", operands: "paths", operandsMin: 1 },
  nproc: { summary: "how many processors there are", long: ["--all"], operands: "none" },
  "nvidia-smi": {
    summary: "graphics processors",
    words: ["-L", "--list-gpus", /^--query-gpu=[a-z0-9._,]{1,500}$/, /^--format=csv(,noheader)?(,nounits)?$/], operands: "none",
  },
  printf: { summary: "its arguments, in a form", operands: "text", operandsMin: 1 },
  ps: {
    summary: "running processes", letters: "AefFjlLTw", valued: { o: FIELDS, p: /^\d{1,10}(,\d{1,10})*$/, C: NAME },
    long: ["--no-headers", "--forest", /^--sort=[+-]?[a-z%]{1,10}(,[+-]?[a-z%]{1,10})*$/],
    words: ["a", "x", "ax", "au", "aux", "auxw", "auxww", "ux"], operands: "none",
  },
  pwd: { summary: "the working directory", letters: "LP", operands: "none" },
  seq: { summary: "a sequence of numbers", letters: "w", operands: /^-?\d{1,6}$/, operandsMin: 1, operandsMax: 3 },
  sha256sum: { summary: "checksums of files", letters: "b", operands: "paths", operandsMin: 1 },
  sleep: { summary: "waits, at most a minute", operands: /^([0-5]?\d|60)(\.\d{1,3})?s?$/, operandsMin: 1, operandsMax: 1 },
  sort: {
    summary: "lines of files in order", letters: "bdfghinMruV",
    valued: { k: /^\d{1,4}(\.\d{1,4})?[bdfginMrV]{0,4}(,\d{1,4}(\.\d{1,4})?[bdfginMrV]{0,4})?$/, t: /^.$/u }, operands: "paths",
    operandsMin: 1,
  },
  stat: {
    summary: "facts about files", letters: "ft", valued: { c: /^[^\0]{1,200}$/ },
    long: ["--terse", "--file-system", /^--format=[^\0]{1,200}$/], operands: "paths", operandsMin: 1,
  },
  tail: {
    summary: "the last lines of files", letters: "qvz", valued: { n: COUNT, c: COUNT },
    long: [/^--lines=[+-]?\d{1,9}$/, /^--bytes=[+-]?\d{1,9}$/], words: [/^-\d{1,9}$/], operands: "paths", operandsMin: 1,
  },
  true: { summary: "nothing", operands: "none" },
  uname: {
    summary: "the operating system", letters: "aimnoprsv",
    long: ["--all", "--kernel-name", "--nodename", "--kernel-release", "--kernel-version", "--machine", "--operating-system"],
    operands: "none",
  },
  uniq: { summary: "lines of a file without repeats", letters: "cdiuD", operands: "paths", operandsMin: 1, operandsMax: 1 },
  uptime: { summary: "how long the machine runs, and its load", letters: "ps", long: ["--pretty", "--since"], operands: "none" },
  wc: {
    summary: "lines, words and bytes of files", letters: "cmlLw", long: ["--lines", "--words", "--bytes", "--chars"], operands: "paths",
    operandsMin: 1,
  },
  which: { summary: "where programs lie", letters: "a", operands: /^[A-Za-z0-9_.+-]{1,64}$/, operandsMin: 1 },
  whoami: { summary: "the user it runs as", operands: "none" },
};

/** System files that tell of the machine and of nobody on it; readable although they lie outside the allowed directories. */
export const SYSTEM_FILES: readonly (string | RegExp)[] = [
  "/proc/loadavg", "/proc/meminfo", "/proc/cpuinfo", "/proc/uptime", "/proc/version", "/proc/stat", "/proc/diskstats",
  "/etc/os-release", "/usr/lib/os-release", "/etc/hostname", "/etc/timezone", "/etc/debian_version", "/etc/issue",
  /^\/sys\/class\/thermal\/thermal_zone\d{1,3}\/(temp|type)$/,
  /^\/sys\/devices\/system\/cpu\/cpu\d{1,4}\/cpufreq\/scaling_(cur|min|max)_freq$/,
];

/** Where `df` may look besides: it tells sizes only. */
export const MOUNT_POINTS: readonly string[] = ["/", "/home", "/tmp", "/var", "/usr", "/boot", "/mnt", "/media", "/opt", "/srv"];

/** Directories a program may be named in by its full path. */
export const PROGRAM_DIRS: readonly string[] = ["/bin", "/usr/bin"];

export interface ReadOnlyCommandRow {
  readonly program: string;
  readonly summary: string;
  readonly options: string;
  readonly operands: string;
}

/** The set as rows for the guide, in alphabetical order. */
export function describeReadOnlyCommands(): readonly ReadOnlyCommandRow[] {
  return Object.entries(READ_ONLY_COMMANDS).sort(([a], [b]) => (a < b ? -1 : 1)).map(([program, rule]) => ({
    program,
    summary: rule.summary,
    options: [
      ...[...(rule.letters ?? "")].map((letter) => `-${letter}`),
      ...Object.keys(rule.valued ?? {}).map((letter) => `-${letter} VALUE`),
      ...(rule.words ?? []).map(showPattern),
      ...(rule.long ?? []).map(showPattern),
    ].join(" "),
    operands: rule.operands instanceof RegExp ? showPattern(rule.operands) : rule.operands,
  }));
}

function showPattern(pattern: string | RegExp): string {
  return typeof pattern === "string" ? pattern : pattern.source.replace(/^\^/, "").replace(/\$$/, "").replaceAll("\\/", "/");
}
