export interface LockOptions {
  /** What its holder does, for who waits in vain. */
  readonly what: string;
  readonly waitMaxMs: number;
  readonly onWait?: (pid: number) => void;
}

export function takeLock(path: string, options: LockOptions): Promise<() => void>;
