/** What a configuration is once it was read. */
import type { ConfigIssue } from "./check-config.ts";

export type ConfigValues = Readonly<Record<string, unknown>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** A file, and the key in whose place its content stands; empty where it is not there. */
export interface IncludedFile {
  readonly at: string;
  readonly path: string;
  readonly text: string;
}

/** What a text says. */
export interface ExaminedText {
  /** With defaults and variables filled in, and every secret that stands in the text a `Secret`; undefined when there are issues. */
  readonly config: ConfigValues | undefined;
  /** The same with defaults only, all else as it is written: what may be shown once it was redacted. */
  readonly written: ConfigValues;
  /** What the file and those it includes say, without defaults, aliases resolved; empty when it is absent or unreadable. */
  readonly source: ConfigValues;
  /** What the file says itself. */
  readonly own: ConfigValues;
  readonly issues: readonly ConfigIssue[];
  /** What is accepted and should be better. */
  readonly warnings: readonly ConfigIssue[];
  readonly included: readonly IncludedFile[];
  /** `source` as JSON, where it is known already. */
  readonly merged?: string;
}

export interface LoadedConfig extends ExaminedText {
  readonly path: string;
  readonly exists: boolean;
  readonly text: string;
  /** The text and all that it includes, in one: where this differs, somebody changed something. */
  readonly whole: string;
  /** SHA-256 of `whole`, hex; of the empty text when there is no file. */
  readonly hash: string;
}
