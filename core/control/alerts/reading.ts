/** What the rooms say at one look, and what they told in between. */

export interface Reading {
  readonly nodes: readonly {
    readonly nodeId: string; readonly name: string; readonly connected: boolean; readonly lastSeenMs: number | undefined;
  }[];
  readonly queues: readonly {
    readonly queue: string; readonly jobs: number; readonly dead: number; readonly lagMs: number; readonly lagging: boolean;
  }[];
  readonly resting: readonly {
    readonly name: string; readonly code: string; readonly failures: number; readonly sinceMs: number;
  }[];
  /** Messengers that are down or silent, and messages of which nobody knows whether they were sent. */
  readonly channels: readonly {
    readonly name: string; readonly kind: "down" | "unsure"; readonly what: string; readonly next: string;
    readonly sinceMs: number | undefined;
  }[];
  readonly budgets: readonly {
    /** The same in every look while the budget is: its owner, its unit and its span. */
    readonly key: string; readonly name: string; readonly spentPercent: number; readonly renewsAtMs: number | null;
  }[];
  /** Everybody who may connect. */
  readonly devices: readonly {
    readonly deviceId: string; readonly name: string; readonly roles: string; readonly approvedAtMs: number; readonly rotatedAtMs: number;
    /** Let in unasked, because it is a program of this machine. */
    readonly silently: boolean;
  }[];
  /** Share of the time since the look before in which the event loop was busy; 0 to 100. */
  readonly loopPercent: number;
  readonly rssMb: number;
  /** Of the machine; 0 to 100. */
  readonly memoryFreePercent: number;
  /** Absent where the system does not say. */
  readonly diskFreeMb?: number;
  /** Since the gateway started. */
  readonly authRefused: number;
  /** Of the certificate the gateway shows. */
  readonly certificateUntilMs?: number;
}

/** What is told when it happens. */
export type Happening =
  | { readonly kind: "turn"; readonly atMs: number; readonly tookMs: number; readonly failed: boolean; readonly code?: string }
  | { readonly kind: "halted"; readonly atMs: number; readonly agentId: string; readonly sessionKey: string }
  | { readonly kind: "denied"; readonly atMs: number; readonly sessionKey: string }
  | { readonly kind: "missed"; readonly atMs: number; readonly jobId: string; readonly name: string };
