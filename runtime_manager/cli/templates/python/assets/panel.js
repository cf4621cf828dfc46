// <panel-{{code}} base="/api/v1/{{code}}/"> shows the provider in any page, such as an IDE's.
// `base` is where the provider is: this script comes from the daemon's /assets/, not from there.

class Panel extends HTMLElement {
  async connectedCallback() {
    const base = this.getAttribute("base") ?? "/api/v1/{{code}}/";
    const answer = await fetch(`${base}hello?name=panel`);
    this.textContent = answer.ok ? `hello, ${(await answer.json()).hello}` : "it does not answer";
  }
}

customElements.define("panel-{{code}}", Panel);
