// One socket of the package ws: ws_client.js URL OPTIONS. Takes commands, tells events, one JSON value a line.
const WebSocket = require("ws");

const [url, options] = process.argv.slice(2);
const socket = new WebSocket(url, JSON.parse(options));
const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");

let deflated = false;
socket.on("upgrade", (answer) => tell({ event: "upgrade", extensions: answer.headers["sec-websocket-extensions"] ?? null }));
socket.on("open", () => {
  tell({ event: "open" });
  socket._socket.prependListener("data", (bytes) => (deflated ||= (bytes[0] & 0xf0) === 0xc0));
});
socket.on("message", (data, isBinary) => {
  tell({ event: "message", text: data.toString(), isBinary, deflated });
  deflated = false;
});
socket.on("pong", (data) => tell({ event: "pong", text: data.toString() }));
socket.on("close", (code, reason) => {
  tell({ event: "close", code, reason: reason.toString() });
  process.stdin.destroy();
});
socket.on("unexpected-response", (request, answer) => {
  tell({ event: "refused", status: answer.statusCode });
  request.destroy();
});
socket.on("error", () => {});

const commands = {
  send: (c) => socket.send(c.text, { fin: c.fin ?? true, compress: c.compress }),
  binary: (c) => socket.send(Buffer.from(c.text), { binary: true }),
  ping: (c) => socket.ping(c.text),
  close: (c) => socket.close(c.code, c.reason),
};
require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on("close", () => socket.terminate());
