// The chosen process: what it writes, what can be sent to it.

import { follow, post } from "./client.js";
import { commandLine, make, stateBadge, stateText } from "./parts.js";

const MOST_LINES = 2000;
const SIGNALS = ["SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT"];
const ESCAPES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)/g; // ECMA-48: colours, titles

/** A pane for one process at a time. `address` makes URLs, `tell` hears errors and null. */
export class ProcessDetail {
  #address;
  #tell;
  #process = null;
  #waiting = [];
  #unfollow = () => {};
  #state = stateBadge();
  #title = make("h3", {});
  #facts = make("span", { className: "facts quiet" });
  #output = make("div", { className: "output", role: "log", tabIndex: 0, ariaLabel: "Output" });
  #signal = make("select", { ariaLabel: "Signal" }, ...SIGNALS.map((name) => make("option", {}, name)));
  #text = make("input", { autocomplete: "off", spellcheck: false,
    placeholder: "to its standard input", ariaLabel: "Input" });

  constructor(address, tell) {
    this.#address = address;
    this.#tell = tell;
    const button = (text, deed, className = "") => {
      const made = make("button", { type: "button", className }, text);
      made.addEventListener("click", deed);
      return made;
    };
    this.whileRunning = [
      this.#signal,
      button("Signal", () => this.#post("signal", { signal: this.#signal.value })),
      button("Stop", () => this.#post("signal", { signal: "SIGTERM" })),
      button("Kill", () => this.#post("kill"), "bad"),
    ];
    this.afterwards = [button("Remove", () => this.#post("remove"))];
    this.input = make("form", { className: "input" }, this.#text,
      make("button", { type: "submit" }, "Send"),
      button("End input", () => this.#post("close-stdin")));
    this.input.addEventListener("submit", (event) => this.#send(event));
    this.root = make("section", { className: "detail", hidden: true, ariaLabel: "Chosen process" },
      this.#title,
      make("div", { className: "deeds" }, this.#state.badge, this.#facts, ...this.whileRunning, ...this.afterwards),
      this.#output, this.input);
  }

  /** Show a process as it is now; null: none. */
  show(process) {
    const isOther = process?.id !== this.#process?.id;
    this.#process = process;
    this.root.hidden = !process;
    if (isOther) this.#follow();
    if (!process) return;
    this.#title.textContent = commandLine(process);
    this.#state.show(process);
    this.#facts.textContent = `${process.running ? `pid ${process.pid}, ` : ""}in ${process.dir}`;
    this.#facts.title = process.dir;
    for (const node of [...this.whileRunning, this.input]) node.hidden = !process.running;
    for (const node of this.afterwards) node.hidden = process.running;
  }

  #follow() {
    this.#unfollow();
    this.#unfollow = () => {};
    this.#waiting = [];
    this.#output.replaceChildren();
    if (!this.#process) return;
    const end = (process) => {
      this.#unfollow(); // or the browser would come back
      this.#write("note", stateText(process) === "done" ? "done" : `ended: ${stateText(process)}`);
    };
    this.#unfollow = follow(this.#address(`processes/${this.#process.id}/output`), {
      "process.output": (line) => this.#write(line.stream, line.text.replace(ESCAPES, "")),
      "process.dropped": ({ lines }) => this.#write("note", `${lines} lines are gone`),
      "process.exited": end,
      "process.killed": end,
    });
  }

  #write(kind, text) {
    if (this.#waiting.length === 0) requestAnimationFrame(() => this.#flush());
    this.#waiting.push([kind, text]);
    if (this.#waiting.length > MOST_LINES) this.#waiting.shift(); // no frames in a hidden page
  }

  #flush() {
    const output = this.#output;
    const isAtEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 4;
    output.append(...this.#waiting.map(([kind, text]) => make("div", { className: kind }, text)));
    this.#waiting = [];
    while (output.childElementCount > MOST_LINES) output.firstElementChild.remove();
    if (isAtEnd) output.scrollTop = output.scrollHeight;
  }

  async #post(deed, body) {
    try {
      await post(this.#address(`processes/${this.#process.id}/${deed}`), body);
      this.#tell(null);
    } catch (error) {
      this.#tell(error);
    }
  }

  #send(event) {
    event.preventDefault();
    this.#post("input", { input: `${this.#text.value}\n` });
    this.#text.value = "";
  }
}
