/** One line that rewrites itself: what, and how long so far. Shown only to a person, and only once it takes a while. */
import type { Clock } from "../../base/clock.ts";
import { formatDuration } from "./quantities.ts";
import type { Style } from "./style.ts";
import { cleanLine, shortenText } from "./text.ts";

export interface Progress extends Disposable {
  /** Replaces what is said to be going on. */
  update(what: string): void;
  /** Takes the line away; drawing resumes by itself. Called before anything else is written. */
  hide(): void;
}

export interface ProgressOptions {
  readonly clock: Clock;
  readonly style: Style;
  readonly write: (text: string) => void;
  readonly screenWidth: () => number;
  /** False: plain lines, one for each thing said, without rewriting. */
  readonly rewrites: boolean;
}

/** Quick answers show nothing: a line that flashes for a moment tells nobody anything. */
const QUIET_MS = 400;
const FRAME_MS = 100;

export function startProgress(what: string, options: ProgressOptions): Progress {
  const { clock, style } = options;
  const startedAt = clock.monotonic();
  let current = cleanLine(what);
  let said = "";
  let frame = 0;
  let drawn = false;
  let ended = false;

  const hide = (): void => {
    if (!drawn) return;
    options.write("\r\x1b[2K");
    drawn = false;
  };
  const draw = (): void => {
    if (ended) return;
    if (!options.rewrites) {
      if (current !== said) options.write(`${style.mark.quiet} ${current}\n`);
      said = current;
    } else {
      const mark = style.mark.frames[frame++ % style.mark.frames.length] ?? "";
      const text = shortenText(
        `${current}  ${formatDuration(clock.monotonic() - startedAt)}`,
        Math.max(20, options.screenWidth() - 3),
        style.mark.ellipsis,
      );
      options.write(`\r\x1b[2K${style.accent(mark)} ${text}`);
      drawn = true;
    }
    timer = clock.after(FRAME_MS, draw);
  };
  let timer = clock.after(QUIET_MS, draw);

  return {
    update: (next) => {
      current = cleanLine(next);
    },
    hide,
    [Symbol.dispose]: () => {
      ended = true;
      timer.close();
      hide();
    },
  };
}
