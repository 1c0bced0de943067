/** Who asks to be let in: a device, or a person in a messenger. As the gateway tells it. */
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

export interface AskingSender { readonly key: string; readonly who: string; readonly channel: string; readonly code: string }

/** Of `channels.pairing.list`; what messengers are called is asked for only where somebody waits. */
export async function parseSenders(answer: unknown, status: () => Promise<unknown>): Promise<readonly AskingSender[]> {
  const requests = listOf(fieldsOf(answer)["requests"]);
  const labels = requests.length === 0 ? {} : fieldsOf(fieldsOf(await status())["channelLabels"]);
  return requests.map((row) => {
    const [channel, code] = [lineOf(row["channel"]) ?? "", lineOf(row["code"]) ?? ""];
    const who = lineOf(row["name"]) ?? lineOf(row["username"]) ?? lineOf(row["senderId"]) ?? "?";
    return { key: `${channel} ${textOf(row["accountId"]) ?? ""} ${code}`, who, channel: lineOf(labels[channel]) ?? channel, code };
  });
}
