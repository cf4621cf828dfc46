// What the element asks of the provider: requests, and event streams that come back by themselves.

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/** POST a JSON body to `url`; throws an Error with the provider's or the gateway's own words. */
export async function post(url, body = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `${response.status} ${response.statusText}`);
  return answer;
}

/**
 * Follow the events at `url`. `hear` maps names to functions of the data; `tell` hears "live" and
 * "lost". Returns a function that ends it.
 */
export function follow(url, hear, tell = () => {}) {
  let source;
  let timer = 0;
  let delay = FIRST_DELAY_MS;
  let last = "";

  function connect() {
    const at = new URL(url);
    if (last) at.searchParams.set("after", last); // a new EventSource has no Last-Event-ID
    source = new EventSource(at);
    source.addEventListener("open", () => { delay = FIRST_DELAY_MS; tell("live"); });
    source.addEventListener("error", lose);
    for (const [name, listen] of Object.entries(hear)) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId;
        listen(JSON.parse(event.data));
      });
    }
  }

  function lose() {
    tell("lost");
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again
    timer = setTimeout(connect, delay); // it does not after an error status
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  }

  connect();
  return () => { clearTimeout(timer); source.close(); };
}
