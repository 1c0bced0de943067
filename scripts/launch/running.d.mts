export interface RunningNote {
  readonly pid: number;
  readonly startedAt: string | null;
  readonly what: string;
}
export function startTimeOf(pid: number): string | null;
export function parentOf(pid: number): number | null;
export function isAlive(pid: number, startedAt: string | null): boolean;
export function listRunning(root: string): readonly RunningNote[];
