/** Power loss. */
export interface PowerCounts {
  readonly syncs: number;
  readonly states: number;
  readonly gateways: number;
  readonly factsChecked: number;
  readonly missing: number;
  readonly findings: readonly string[];
}
export interface PowerOptions {
  readonly seed: number;
  readonly short: boolean;
  readonly directory: string;
  readonly say: (text: string) => void;
}
export async function runPowerLoss(_: PowerOptions): Promise<PowerCounts> {
  throw new Error("not here yet");
}
