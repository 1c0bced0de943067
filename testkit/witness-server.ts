/** An HTTP server outside the program: writes down every request that reaches it, and answers, fails or stalls as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Witnessed {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type WitnessAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string; readonly delayMs?: number }
  /** Says nothing, ever. */
  | "stall"
  /** Cuts the connection after it has read the request. */
  | "cut";

export interface WitnessServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly host: string;
  readonly seen: readonly Witnessed[];
  /** Requests to a path, in order of arrival. */
  at(path: string): readonly Witnessed[];
  /** How a path answers from now on; 200 with an empty body unless told. */
  answer(path: string, answer: WitnessAnswer | ((seen: Witnessed, times: number) => WitnessAnswer)): void;
  /** Resolves when so many requests have reached the path. */
  until(path: string, count: number): Promise<void>;
}

const BODY_BYTES_MAX = 4_194_304;

export async function openWitnessServer(): Promise<WitnessServer> {
  const seen: Witnessed[] = [];
  const answers = new Map<string, (seen: Witnessed, times: number) => WitnessAnswer>();
  const waiting = new Set<() => void>();
  const at = (path: string): readonly Witnessed[] => seen.filter((each) => each.path === path);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    });
    request.on("end", () => {
      const path = request.url ?? "/";
      const witnessed = { method: request.method ?? "", path, headers: request.headers, body: Buffer.concat(chunks).toString("utf8") };
      seen.push(witnessed);
      const given = answers.get(path)?.(witnessed, at(path).length) ?? {};
      for (const look of [...waiting]) look();
      if (given === "cut") request.socket.destroy();
      else if (given !== "stall" && given.delayMs !== undefined) setTimeout(respond, given.delayMs, response, given);
      else if (given !== "stall") respond(response, given);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`, host, seen, at,
    answer: (path, answer) => void answers.set(path, typeof answer === "function" ? answer : () => answer),
    until: (path, count) => new Promise((resolve) => {
      const look = (): void => {
        if (at(path).length < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function respond(response: ServerResponse, { status = 200, headers = {}, body = "" }: Exclude<WitnessAnswer, string>): void {
  response.writeHead(status, headers);
  response.end(body);
}
