// What an IDE's backend does: start the daemon, learn where it listens, see what there is.
//
//     node ide.mjs [COMMAND [ARGUMENT...]]     the command is `rtm`, unless another is given
//
// Node's own modules only. Stop it in any way, kill -9 included: the daemon and every provider end
// with it, unless another program holds the same daemon.

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

const [command = "rtm", ...more] = process.argv.slice(2);
const flags = ["--listen", "127.0.0.1:0", "--announce", "json", "--exit-on-stdin-eof"];

// Its standard input is a pipe that we never write to: it ends when we do, and that is the tie.
const daemon = spawn(command, [...more, "serve", ...flags], { stdio: ["pipe", "pipe", "inherit"] });
daemon.on("error", (error) => fail(`cannot start ${command}: ${error.message}`));

const line = await firstLine(daemon.stdout);
if (line === undefined) fail("the daemon ended before it said where it listens");
const said = JSON.parse(line);
if (said.event !== "listening") fail(`${said.message} ${said.hint ?? ""}`);
console.log(`listening ${said.url} pid ${said.pid}${said.existing ? ", shared" : ""}`);

// From here on its end is news: a crash, or somebody who stopped it.
daemon.on("exit", (code) => fail(`the daemon ended with ${code}`));

const token = (await readFile(said.token_file, "utf8")).trim();
const headers = { authorization: `Bearer ${token}` };

const answer = await fetch(`${said.url}/api/v1/providers`, { headers });
for (const provider of (await answer.json()).providers) {
  console.log(`provider ${provider.code} ${provider.state} ${provider.basePath}`);
}

// What happens from now on: a snapshot first, so that nothing can happen unseen.
const stream = await fetch(`${said.url}/api/v1/events`, { headers });
for await (const [name, data] of events(stream.body)) {
  const ready = name === "snapshot" ? data.providers.filter((one) => one.state === "ready") : [];
  if (name === "provider.state" && data.data.to === "ready") ready.push(data);
  for (const { code } of ready) console.log(`ready ${code}`);
}

async function firstLine(readable) {
  for await (const text of createInterface({ input: readable })) return text;
  return undefined;
}

async function* events(body) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const messages = text.split("\n\n");
    text = messages.pop();
    for (const message of messages) {
      const name = /^event: (.*)$/m.exec(message)?.[1];
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data !== undefined) yield [name, JSON.parse(data)]; // the rest are signs of life
    }
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
