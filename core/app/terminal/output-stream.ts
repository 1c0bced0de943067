/** The part of a process stream that is used. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly writableLength?: number;
  write(text: string, done?: () => void): unknown;
  on?(event: "resize", run: () => void): unknown;
  off?(event: "resize", run: () => void): unknown;
}
