/** A device that asks to be let in, as the gateway tells it. */
import { fieldsOf, lineOf, listOf, textOf } from "../../stores/fields.ts";

export interface AskingDevice { readonly requestId: string; readonly name: string; readonly address: string }

/** Of `device.pair.list`. */
export function parseAsking(answer: unknown): readonly AskingDevice[] {
  return listOf(fieldsOf(answer)["pending"]).flatMap((row) => {
    const requestId = textOf(row["requestId"]);
    return requestId === undefined ? [] : [{
      requestId, name: lineOf(row["displayName"]) ?? lineOf(row["clientId"]) ?? requestId, address: lineOf(row["remoteIp"]) ?? "",
    }];
  });
}
