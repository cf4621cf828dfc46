// The dashboard's one script: a table that follows the daemon's events.
// What a provider says of itself is hostile. It only ever becomes text (textContent), never markup.

const API = "/api/v1";
const TROUBLE = new Set(["failed", "invalid", "backoff", "unhealthy"]);
const AT_REST = new Set(["stopped", "failed", "backoff"]);
const LIVE = new Set(["starting", "ready", "unhealthy", "stopping"]);
const POLL_MS = 5000;
const LOG_LINES = 3000;
const CONTROL_SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;

const byId = (id) => document.getElementById(id);
const rows = new Map(); // code -> Row

// ---- talking to the daemon ----

async function ask(path, options = {}) {
  const response = await fetch(API + path, { cache: "no-store", ...options });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) sessionIsOver();
  const said = problem.detail ?? `The daemon answered with status ${response.status}.`;
  throw new Error([said, problem.hint].filter(Boolean).join("\n"));
}

function post(path, body = {}) {
  const headers = { "Content-Type": "application/json", "X-RTM-CSRF": "1" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

const addressOf = (code) => `/providers/${encodeURIComponent(code)}`;

function notify(text) {
  const notice = byId("notice");
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
}

// ---- one provider ----

class Row {
  constructor(code) {
    this.code = code;
    this.body = byId("provider").content.firstElementChild.cloneNode(true);
    this.part = (name) => this.body.querySelector(`[data-is="${name}"]`);
    this.unfolded = null; // what the reader chose; null: unfolded while something is to be told
    this.detailOf = ""; // which moment the unfolded part shows
    for (const button of this.body.querySelectorAll("button")) {
      button.addEventListener("click", () => this.act(button));
    }
  }

  show(provider) {
    this.measure(provider.usage, provider.pid);
    this.provider = provider;
    this.write("name", provider.name);
    this.write("code", provider.code);
    this.write("state", provider.state);
    this.part("state").dataset.state = provider.state;
    for (const name of ["version", "endpoint", "pid"]) this.write(name, provider[name] ?? "");
    this.write("restarts", provider.restarts || "");
    this.write("memory", provider.usage ? size(provider.usage.rss_bytes) : "");
    this.write("cpu", this.load == null ? "" : `${(100 * this.load).toFixed(1)} %`);
    this.tick();
    this.offer(provider.state);
    this.fold();
  }

  write(name, value) {
    const text = String(value);
    const part = this.part(name);
    if (part.textContent !== text) part.textContent = text;
  }

  // Processors in use since the last look, from the growth of processor time.
  measure(usage, pid) {
    const now = { at: performance.now() / 1000, seconds: usage?.cpu_seconds, pid };
    const before = this.measured;
    if (!usage || before?.pid !== pid) this.load = null;
    if (usage && before?.pid === pid && now.at - before.at < 0.9) return;
    if (usage && before?.pid === pid) {
      this.load = Math.max(0, (now.seconds - before.seconds) / (now.at - before.at));
    }
    this.measured = usage ? now : null;
  }

  tick() {
    const since = this.part("since");
    since.dateTime = this.provider.since;
    since.title = new Date(this.provider.since).toLocaleString();
    this.write("since", age(Date.now() - Date.parse(this.provider.since)));
  }

  offer(state) {
    const offers = {
      open: state === "ready" || this.provider.wanted === "on-demand",
      log: state !== "invalid",
      start: AT_REST.has(state),
      restart: LIVE.has(state),
      stop: LIVE.has(state) || state === "backoff",
    };
    for (const [deed, isOffered] of Object.entries(offers)) {
      const button = this.body.querySelector(`[data-do="${deed}"]`);
      button.hidden = !isOffered;
      button.setAttribute("aria-label", `${button.textContent} ${this.code}`);
    }
  }

  async act(button) {
    const deed = button.dataset.do;
    if (deed === "fold") {
      this.unfolded = button.getAttribute("aria-expanded") !== "true";
      return this.fold();
    }
    if (deed === "log") return openLog(this.code);
    button.disabled = true;
    try {
      notify("");
      await (deed === "open" ? openPage(this.code) : post(`${addressOf(this.code)}/${deed}`));
    } catch (error) {
      notify(error.message);
    } finally {
      button.disabled = false;
    }
    refreshSoon();
  }

  fold() {
    const { since, state, generation, warnings } = this.provider;
    const isUnfolded = this.unfolded ?? (TROUBLE.has(state) || warnings.length > 0);
    this.body.querySelector(".fold").setAttribute("aria-expanded", String(isUnfolded));
    this.body.querySelector(".why").hidden = !isUnfolded;
    const moment = [since, generation, warnings.length].join();
    if (!isUnfolded || moment === this.detailOf) return;
    this.detailOf = moment;
    this.explain().catch((error) => {
      this.detailOf = "";
      notify(error.message);
    });
  }

  async explain() {
    const detail = await (await ask(addressOf(this.code))).json();
    const facts = [
      ["Cause", detail.cause?.message],
      ["What to do", detail.cause?.hint],
      ...detail.warnings.map(({ message, hint }) => ["Warning", `${message} (${hint})`]),
      ["Manifest", detail.state === "invalid" ? "" : detail.manifest_error], // else it is the cause
      ["About", detail.description],
      ["Path", detail.namespace],
      ["Last exit", detail.last_exit],
      ["Last probe", detail.last_probe],
      ["Ready after", detail.started_in_s == null ? "" : `${detail.started_in_s.toFixed(2)} s`],
      ["Depends on", detail.depends_on.join(", ")],
      ["Folder", detail.folder],
    ];
    const parts = facts.filter(([, fact]) => fact).flatMap(([name, fact]) => [
      element("dt", name),
      element("dd", fact),
    ]);
    this.part("facts").replaceChildren(...parts);
    const stderr = this.part("stderr");
    stderr.hidden = !(detail.stderr_tail.length && TROUBLE.has(detail.state));
    stderr.textContent = detail.stderr_tail.map(plain).join("\n");
  }
}

// A tab must be opened in the click itself; where it leads is known a moment later.
async function openPage(code) {
  const tab = window.open("", "_blank");
  try {
    const { url } = await (await post("/sessions", { for: code })).json();
    if (!tab) return location.assign(url);
    tab.opener = null;
    tab.location.replace(url);
  } catch (error) {
    tab?.close();
    throw error;
  }
}

// ---- all of them ----

function showAll(providers) {
  const codes = new Set(providers.map((provider) => provider.code));
  for (const [code, row] of rows) {
    if (!codes.has(code)) {
      row.body.remove();
      rows.delete(code);
    }
  }
  const table = byId("providers");
  let place = table.tHead;
  for (const provider of providers) {
    if (!rows.has(provider.code)) rows.set(provider.code, new Row(provider.code));
    const row = rows.get(provider.code);
    if (place.nextElementSibling !== row.body) place.after(row.body);
    place = row.body;
    row.show(provider);
  }
  table.hidden = providers.length === 0;
  byId("empty").hidden = providers.length > 0;
  const counts = new Map();
  for (const { state } of providers) counts.set(state, (counts.get(state) ?? 0) + 1);
  byId("summary").textContent = [...counts].map(([state, n]) => `${n} ${state}`).join(", ");
}

let refreshing = 0;

function refreshSoon() {
  refreshing ||= setTimeout(refresh, 60);
}

async function refresh() {
  refreshing = 0;
  try {
    showAll((await (await ask("/providers")).json()).providers);
  } catch (error) {
    if (isLive) notify(error.message);
  }
}

// ---- events ----

let isLive = false;

function connection(is, text) {
  isLive = is === "live";
  byId("connection").dataset.is = is;
  byId("connection").textContent = text;
}

function sessionIsOver() {
  connection("lost", "signed out");
  notify("This page's session is over.\n`rtm open` signs in anew.");
}

function watch() {
  const source = new EventSource(`${API}/events`);
  source.addEventListener("open", () => {
    notify("");
    connection("live", "live");
    refreshSoon();
  });
  source.addEventListener("snapshot", (event) => showAll(JSON.parse(event.data).providers));
  const names = ["state", "exit", "warning", "added", "removed"].map((name) => `provider.${name}`);
  for (const name of names) source.addEventListener(name, refreshSoon);
  source.addEventListener("daemon.stopping", () => connection("lost", "the daemon is stopping"));
  source.addEventListener("error", () => {
    if (isLive) connection("lost", "reconnecting");
    // The browser tries again after a lost connection, but gives up after a refusal.
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();
    ask("/providers").catch(() => {});
    setTimeout(watch, POLL_MS);
  });
}

// ---- the log ----

let reading = null;

async function openLog(code) {
  byId("log-title").textContent = `Output of ${code}`;
  byId("log").dataset.code = code;
  if (!byId("log").open) byId("log").showModal();
  reading?.abort();
  reading = new AbortController();
  const lines = byId("log-lines");
  lines.replaceChildren();
  const query = new URLSearchParams({ tail: "500", follow: "1" });
  if (byId("log-stream").value) query.set("stream", byId("log-stream").value);
  const { signal } = reading;
  try {
    const response = await ask(`${addressOf(code)}/logs?${query}`, { signal });
    await readLines(response.body, lines);
    if (!signal.aborted) lines.append(element("p", "The daemon ended this log."));
  } catch (error) {
    if (!signal.aborted) lines.append(element("p", error.message));
  }
}

async function readLines(body, lines) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const whole = (rest + value).split("\n");
    rest = whole.pop();
    lines.append(...whole.map((line) => logLine(JSON.parse(line))));
    while (lines.childElementCount > LOG_LINES) lines.firstElementChild.remove();
    if (byId("log-follow").checked) lines.scrollTop = lines.scrollHeight;
  }
}

function logLine(line) {
  const shown = element("div", "");
  shown.dataset.stream = line.stream;
  shown.title = `${line.stream}, generation ${line.generation}`;
  shown.append(element("time", new Date(line.at).toLocaleTimeString()), plain(line.text));
  return shown;
}

function closeLog() {
  reading?.abort();
  byId("log-lines").replaceChildren();
}

// ---- words ----

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

const plain = (text) => text.replace(CONTROL_SEQUENCE, "");

function size(bytes) {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${mebibytes.toFixed(0)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

// ---- begin ----

byId("log").addEventListener("close", closeLog);
byId("log-close").addEventListener("click", () => byId("log").close());
byId("log-stream").addEventListener("change", () => openLog(byId("log").dataset.code));
setInterval(() => rows.forEach((row) => row.tick()), 1000);
setInterval(() => { if (isLive && !document.hidden) refreshSoon(); }, POLL_MS);
document.addEventListener("visibilitychange", () => { if (isLive && !document.hidden) refreshSoon(); });
watch();
