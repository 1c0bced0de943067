/** What is asked of a database, whichever it is, and what comes back. */
import type { ActuatorRequest } from "@openclaw/sdk";

export type SqlValue = string | number | boolean | null;

export interface SqlOrder {
  /** Of a SQLite database. */
  readonly file: string;
  readonly write: boolean;
  readonly statement: string;
  readonly values: readonly SqlValue[];
  readonly rowsMax: number;
  readonly bytesMax: number;
}

export type SqlAnswer =
  | {
      readonly kind: "rows";
      readonly rows: readonly Readonly<Record<string, unknown>>[];
      readonly truncated: boolean;
      readonly changed: number | null;
    }
  /** The database would not: its words are the database's. */
  | { readonly kind: "refused"; readonly message: string }
  /** It was not reached, or took everything back. */
  | { readonly kind: "unavailable"; readonly message: string }
  /** It was reached, and the rest is not known. */
  | { readonly kind: "lost"; readonly message: string };

export interface Database {
  run(order: Omit<SqlOrder, "file">, request: ActuatorRequest, signal: AbortSignal): Promise<SqlAnswer>;
  close(): Promise<void>;
}
