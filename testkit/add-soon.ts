import { hasCode } from "@openclaw/protocol";
import type { Watched } from "./real-gateway.ts";

/** Adds a job for an instant that is near, and gives its id. One that has passed on its way there is refused: then a later one is asked. */
export async function addSoon({ client }: Watched, job: Readonly<Record<string, unknown>>): Promise<string> {
  for (let leadMs = 300; ; leadMs *= 2) {
    try {
      const schedule = { kind: "at", at: Date.now() + leadMs };
      return ((await client.request("cron.add", { ...job, schedule })) as { readonly id: string }).id;
    } catch (error) {
      if (!hasCode(error, "CRON_NEVER_FIRES")) throw error;
    }
  }
}
