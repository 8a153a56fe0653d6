// npm's ws doing what messaging-service does with a message: to everybody, the sender included.
const { WebSocketServer } = require("ws");
const sample = JSON.parse(process.argv[3]);
const server = new WebSocketServer({ port: Number(process.argv[2]), host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("message", (text) => {
    const { type, conversation_id, content } = JSON.parse(text);
    const frame = JSON.stringify({ ...sample, type, conversation_id, content });
    for (const client of server.clients) client.send(frame);
  });
});
