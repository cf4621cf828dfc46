// The element's looks, light and dark. The colours are custom properties: a page may set them.

export const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
:host {
  color-scheme: light dark;
  --ground: #f6f7f6; --paper: #ffffff; --ink: #1c2321; --quiet: #5a6663; --line: #dde2e0;
  --accent: #2f6f5e; --accent-ink: #ffffff; --sunken: #eef1f0;
  --good: #17683f; --good-ground: #dff3e6; --bad: #a3201d; --bad-ground: #fce3e1;
  --rest: #4c5855; --rest-ground: #e7ebe9;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  container-type: inline-size; display: block; box-sizing: border-box; padding: 1.25rem;
  background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :host {
    --ground: #131716; --paper: #1b201f; --ink: #e5eae8; --quiet: #9aa6a2; --line: #303835;
    --accent: #6fc4ab; --accent-ink: #0f1513; --sunken: #151a19;
    --good: #7fdca4; --good-ground: #163826; --bad: #ff9d97; --bad-ground: #451b1a;
    --rest: #b3beba; --rest-ground: #2a312f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
h2, h3, p, ul { margin: 0; padding: 0; }
h2 { font-size: 1.15rem; font-weight: 650; }
h3 { font: 600 .9rem/1.4 var(--mono); overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: .87rem; }

header, form, .deeds { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
header { gap: .25rem 1rem; align-items: baseline; margin-bottom: .9rem; }
header .count { flex: 1; }
.connection::before { content: "●"; margin-right: .4em; color: var(--rest); }
.connection[data-is=live]::before { color: var(--good); }
.connection[data-is=lost]::before { color: var(--bad); }

input, select, button { font: inherit; font-size: .9rem; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 6px; padding: .3rem .65rem; min-width: 0; }
input { font-family: var(--mono); font-size: .85rem; }
input::placeholder { color: var(--quiet); opacity: 1; }
button { cursor: pointer; }
button:hover:enabled { border-color: var(--accent); color: var(--accent); }
button:disabled { opacity: .5; cursor: default; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
button.main:hover:enabled { color: var(--accent-ink); filter: brightness(1.1); }
button.bad { color: var(--bad); }
button.bad:hover:enabled { color: var(--bad); border-color: var(--bad); }
.start [name=line] { flex: 1 1 18rem; }
.start [name=dir] { flex: 0 1 11rem; }
.hint { min-height: 1.45em; margin: .4rem 0 .8rem; display: flex; flex-wrap: wrap; gap: .25rem; align-items: center; }
.hint code { font: .78rem var(--mono); padding: .05rem .4rem; border-radius: 4px;
  background: var(--rest-ground); color: var(--rest); white-space: pre-wrap; overflow-wrap: anywhere; }
.notice { margin-bottom: .8rem; padding: .5rem .8rem; border-radius: 6px;
  background: var(--bad-ground); color: var(--bad); overflow-wrap: anywhere; }

.panes { display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); gap: .9rem; align-items: start; }
ul, .detail, .empty { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
ul { list-style: none; max-height: 30rem; overflow: auto; }
li + li { border-top: 1px solid var(--line); }
li button { display: block; width: 100%; text-align: left; border: 0; border-radius: 0; padding: .55rem .75rem;
  background: none; border-left: 3px solid transparent; }
li button:focus-visible { outline-offset: -2px; }
li button[aria-current=true] { border-left-color: var(--accent); background: var(--sunken); }
li .line { display: block; font: .82rem/1.5 var(--mono); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.state { display: inline-block; padding: 0 .5rem; border-radius: 99px; font-size: .78rem; line-height: 1.5;
  background: var(--rest-ground); color: var(--rest); margin-right: .45rem; }
.state[data-is=running] { background: var(--good-ground); color: var(--good); }
.state[data-is=failed] { background: var(--bad-ground); color: var(--bad); }
.empty { padding: 2.5rem 1rem; text-align: center; grid-column: 1 / -1; }

.detail { padding: .8rem; display: grid; gap: .65rem; }
.deeds .facts { flex: 1 1 10rem; min-width: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.deeds .state { margin: 0; }
.output { height: 19rem; overflow: auto; margin: 0; padding: .6rem .75rem; border-radius: 6px;
  background: var(--sunken); border: 1px solid var(--line); font: .8rem/1.5 var(--mono); }
.output div { white-space: pre-wrap; overflow-wrap: anywhere; min-height: 1.5em; }
.output .stderr { color: var(--bad); }
.output .note { color: var(--quiet); font-style: italic; }
.input input { flex: 1; }

@container (max-width: 40rem) {
  .panes { grid-template-columns: minmax(0, 1fr); }
  ul { max-height: 12rem; }
}
`);
