// <rtm-chat base="/api/v1/chat/"> is the room, as an element for any page.
// `base` is where the provider is; without it, the page is the provider's own.

const MARKUP = `
  <style>
    :host { display: block; }
    ol { list-style: none; margin: 0; padding: .5rem; min-height: 8rem; max-height: 20rem;
         overflow-y: auto; border: 1px solid #8888; border-radius: .25rem; }
    form { display: flex; gap: .5rem; margin-top: .5rem; }
    input { flex: 1; font: inherit; padding: .25rem .5rem; }
    button { font: inherit; }
    p { margin: .25rem 0; opacity: .7; font-size: .875em; }
  </style>
  <ol role="log" aria-label="Messages"></ol>
  <form>
    <input name="text" autocomplete="off" maxlength="2000" aria-label="Message" required>
    <button>Send</button>
  </form>
  <p role="status">connecting…</p>`;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

class Chat extends HTMLElement {
  #socket = null;
  #timer = 0;
  #delay = FIRST_DELAY_MS;

  connectedCallback() {
    if (!this.shadowRoot) {
      this.attachShadow({ mode: "open" }).innerHTML = MARKUP;
      this.shadowRoot.querySelector("form").addEventListener("submit", (event) => this.#send(event));
    }
    this.#connect();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null; // its close event is not to connect again
    socket?.close();
  }

  #connect() {
    const url = new URL("ws", new URL(this.getAttribute("base") ?? "./", document.baseURI));
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => { this.#delay = FIRST_DELAY_MS; });
    socket.addEventListener("message", (event) => this.#hear(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      if (socket !== this.#socket) return;
      this.#tell("not connected; trying again…");
      this.#timer = setTimeout(() => this.#connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
    });
  }

  #hear(message) {
    if (message.type === "here") {
      this.#tell(message.count === 1 ? "nobody else is here" : `${message.count} are here`);
      return;
    }
    const line = document.createElement("li");
    line.textContent = message.text; // text, never markup
    const log = this.shadowRoot.querySelector("ol");
    log.append(line);
    log.scrollTop = log.scrollHeight;
  }

  #send(event) {
    event.preventDefault();
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const input = event.target.elements.text;
    this.#socket.send(input.value);
    input.value = "";
  }

  #tell(text) {
    this.shadowRoot.querySelector("[role=status]").textContent = text;
  }
}

if (!customElements.get("rtm-chat")) customElements.define("rtm-chat", Chat);
