/** The limit beneath every call: a WebSocket server that parses a request and answers it, and does nothing else. Prints its port. */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    const { id } = JSON.parse(data.toString()) as { readonly id: string };
    socket.send(JSON.stringify({ type: "res", id, ok: true, payload: { ok: true } }));
  });
});
server.on("listening", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.once("disconnect", () => process.exit(0));
