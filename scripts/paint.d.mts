export interface Painter {
  /** The stream is a terminal whose last line may be rewritten. */
  readonly live: boolean;
  readonly columns: number;
  readonly good: string;
  readonly bad: string;
  readonly step: string;
  readonly dot: string;
  readonly ellipsis: string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}
export function createPainter(
  stream: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  env?: Readonly<Record<string, string | undefined>>,
): Painter;
export function formatDuration(ms: number): string;
