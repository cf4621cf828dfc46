// <core-process-panel base="/api/v1/process/"> starts commands, shows their output, ends them.
// `base` is where the provider is; without it, the page is the provider's own. What commands
// write, and what they are called, is only ever set as text.

import { follow, post } from "./client.js";
import { ProcessDetail } from "./detail.js";
import { commandLine, make, spanText, stateBadge } from "./parts.js";
import { STYLE } from "./style.js";
import { splitWords } from "./words.js";

const HINT = "One program and its arguments, no shell: for pipes and globs, start sh -c '…'.";
const TICK_MS = 1000;

class ProcessPanel extends HTMLElement {
  static observedAttributes = ["base"];
  #processes = new Map();
  #rows = new Map();
  #chosen = null;
  #parts = null;
  #detail = null;
  #unfollow = () => {};
  #ticking = 0;

  connectedCallback() {
    if (!this.#parts) this.#build();
    this.#follow();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  disconnectedCallback() {
    clearInterval(this.#ticking);
    this.#unfollow();
    this.#choose(null);
  }

  attributeChangedCallback(_name, before, after) {
    if (this.#parts && this.isConnected && before !== after) this.#follow();
  }

  /** The address of something of the provider's. */
  address(path) {
    return new URL(path, new URL(this.getAttribute("base") ?? "./", document.baseURI)).href;
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE];
    const parts = {
      count: make("span", { className: "count quiet" }),
      connection: make("span", { className: "connection quiet", role: "status" }, "connecting…"),
      line: make("input", { name: "line", required: true, autocomplete: "off", spellcheck: false,
        placeholder: "python3 -m http.server 8000", ariaLabel: "Program and arguments" }),
      dir: make("input", { name: "dir", autocomplete: "off", spellcheck: false,
        placeholder: "folder", ariaLabel: "Folder, within the allowed one" }),
      hint: make("p", { className: "hint quiet" }, HINT),
      notice: make("p", { className: "notice", role: "alert", hidden: true }),
      list: make("ul", { ariaLabel: "Processes" }),
      empty: make("p", { className: "empty quiet" }, "Nothing runs yet. Start a command above."),
    };
    parts.form = make("form", { className: "start", ariaLabel: "Start a command" },
      parts.line, parts.dir, make("button", { className: "main", type: "submit" }, "Start"));
    this.#parts = parts;
    this.#detail = new ProcessDetail((path) => this.address(path), (error) => this.#notice(error));
    parts.line.addEventListener("input", () => this.#showWords());
    parts.form.addEventListener("submit", (event) => this.#start(event));
    root.append(
      make("header", {}, make("h2", {}, "Processes"), parts.count, parts.connection),
      parts.form, parts.hint, parts.notice,
      make("div", { className: "panes" }, parts.list, this.#detail.root, parts.empty),
    );
    this.#show();
  }

  #follow() {
    this.#unfollow();
    const set = (process) => { this.#processes.set(process.id, process); this.#show(); };
    const hear = {
      snapshot: ({ processes }) => {
        this.#processes = new Map(processes.map((process) => [process.id, process]));
        this.#show();
      },
      "process.started": set,
      "process.exited": set,
      "process.killed": set,
      "process.removed": ({ id }) => { this.#processes.delete(id); this.#show(); },
    };
    this.#unfollow = follow(this.address("events"), hear, (state) => {
      this.#parts.connection.dataset.is = state;
      this.#parts.connection.textContent = state === "live" ? "live" : "not connected; trying again…";
    });
  }

  async #start(event) {
    event.preventDefault();
    const { line, dir } = this.#parts;
    try {
      const [command, ...args] = splitWords(line.value);
      if (!command) throw new Error("Name a program to start.");
      const process = await post(this.address("processes"), { command, args, dir: dir.value.trim() });
      line.value = "";
      this.#showWords();
      this.#notice(null);
      this.#processes.set(process.id, this.#processes.get(process.id) ?? process);
      this.#choose(process.id);
    } catch (error) {
      this.#notice(error);
    }
  }

  #showWords() {
    const { line, hint } = this.#parts;
    let words = [];
    try {
      words = splitWords(line.value);
    } catch (error) {
      hint.replaceChildren(error.message);
      return;
    }
    hint.replaceChildren(...(words.length ? words.map((word) => make("code", {}, word || "''")) : [HINT]));
  }

  #notice(error) {
    this.#parts.notice.textContent = error?.message ?? "";
    this.#parts.notice.hidden = !error;
  }

  #choose(id) {
    this.#chosen = id;
    this.#show();
  }

  #show() {
    const { list, empty, count } = this.#parts;
    const processes = [...this.#processes.values()].reverse(); // the newest first
    if (!this.#processes.has(this.#chosen)) this.#chosen = null;
    for (const id of this.#rows.keys()) if (!this.#processes.has(id)) this.#drop(id);
    processes.forEach((process, at) => {
      const row = this.#row(process.id);
      row.show(process, process.id === this.#chosen);
      if (list.children[at] !== row.item) list.insertBefore(row.item, list.children[at] ?? null);
    });
    const running = processes.filter((process) => process.running).length;
    count.textContent = running ? `${running} running` : "";
    list.hidden = processes.length === 0;
    empty.hidden = processes.length > 0;
    this.#detail.show(this.#processes.get(this.#chosen) ?? null);
  }

  #row(id) {
    let row = this.#rows.get(id);
    if (!row) {
      const line = make("span", { className: "line" });
      const state = stateBadge();
      const span = make("span", { className: "quiet" });
      const button = make("button", { type: "button" }, line, state.badge, span);
      button.addEventListener("click", () => this.#choose(id));
      row = {
        item: make("li", {}, button),
        show(process, isChosen) {
          line.textContent = commandLine(process);
          state.show(process);
          span.textContent = spanText(process);
          button.setAttribute("aria-current", String(isChosen));
        },
      };
      this.#rows.set(id, row);
    }
    return row;
  }

  #drop(id) {
    this.#rows.get(id).item.remove();
    this.#rows.delete(id);
  }

  #tick() {
    if ([...this.#processes.values()].some((process) => process.running)) this.#show();
  }
}

if (!customElements.get("core-process-panel")) customElements.define("core-process-panel", ProcessPanel);
