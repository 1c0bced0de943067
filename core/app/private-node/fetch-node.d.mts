export interface RuntimeState {
  readonly dir: string;
  /** The version that would be fetched; undefined in a clone, and where there is none for this machine. */
  readonly offered: string | undefined;
  readonly installed: string | undefined;
}
type Environment = Readonly<Record<string, string | undefined>>;
export function runtimeState(environment?: Environment): RuntimeState;
export function installRuntime(
  environment?: Environment, signal?: AbortSignal,
): Promise<{ readonly dir: string; readonly installed: string }>;
export function removeRuntime(environment?: Environment): boolean;
export function runtimeDir(environment?: Environment): string;
