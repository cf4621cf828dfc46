// Answers with the time, in the zone asked for by ?zone=Europe/Berlin.
"use strict";
const http = require("node:http");

function answer(request, response) {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/health") return reply(response, 200, { status: "ok" });
  if (url.pathname !== "/") return reply(response, 404, { error: "not here" });
  const zone = url.searchParams.get("zone") ?? "UTC";
  try {
    const time = new Date().toLocaleString("sv-SE", { timeZone: zone });
    reply(response, 200, { zone, time, node: process.version });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reply(response, 400, { error: "no such zone" });
  }
}

function reply(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value) + "\n");
}

const server = http.createServer(answer);
server.listen(Number(process.env.PORT), process.env.HOST);
process.on("SIGTERM", () => {
  server.close(); // ends by itself once the last answer is out
  server.closeIdleConnections?.(); // Node 18.2 and newer
});
