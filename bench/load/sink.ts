/** Takes every request and answers 204 at once, but nothing ever under `/stuck`. Prints its port; `count` asks how many came. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

let taken = 0;
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  if (request.url === "/stuck") return;
  taken += 1;
  response.writeHead(204).end();
});
server.listen(0, "127.0.0.1", 4_096, () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on("message", () => process.send?.(taken));
process.once("disconnect", () => process.exit(0));
