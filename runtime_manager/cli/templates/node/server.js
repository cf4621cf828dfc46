// A provider in Node, without dependencies.
//
// It promises four things: to listen where it is told, to answer /health when it can serve, to
// write links relative, and to end soon after SIGTERM.
"use strict";
const http = require("node:http");

// Links are relative (no slash first), so that they work under the prefix and under the name.
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>{{name}}</title>
<h1>{{name}}</h1>
<p>It works. <a href="hello?name=world">Say hello</a>.</p>
`;

function answer(request, response) {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/health") return send(response, 200, "text/plain", "ok\n");
  if (url.pathname === "/") return send(response, 200, "text/html; charset=utf-8", PAGE);
  if (url.pathname === "/hello") {
    const facts = { hello: url.searchParams.get("name") ?? "you", pid: process.pid };
    return send(response, 200, "application/json", JSON.stringify(facts) + "\n");
  }
  send(response, 404, "text/plain", "There is no such page.\n");
}

function send(response, status, type, body) {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

const server = http.createServer(answer);
// HOST is 127.0.0.1: without it, Node would listen on every address of the machine.
server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log(`listening on ${process.env.HOST}:${process.env.PORT}`);
});
process.on("SIGTERM", () => {
  server.close(); // the process ends by itself once the last answer is out
  server.closeIdleConnections?.(); // Node 18.2 and newer
});
