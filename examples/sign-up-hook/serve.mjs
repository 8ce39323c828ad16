// Serves hook.ts to make dev and poolpost rules, with --hook http://127.0.0.1:9001/. Node.js 22.18 or
// newer runs TypeScript as it is. It is not deployed.
import { createServer } from "node:http";
import { handler } from "./hook.ts";

createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await handler(JSON.parse(Buffer.concat(chunks).toString()));
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}).listen(9001, "127.0.0.1", () => console.log("hook: http://127.0.0.1:9001/"));
