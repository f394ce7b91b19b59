// Asks weir every few seconds how it is, and shows it. Whatever comes from there is text: nothing of
// it becomes markup.
"use strict";

const interval = 2000; // milliseconds

const at = (id) => document.getElementById(id);
const field = (root, name) => root.querySelector(`[data-field="${name}"]`);
const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function put(root, values) {
  for (const [name, value] of Object.entries(values)) field(root, name).textContent = value;
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// -- words for numbers

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.00995) return `${(seconds * 1000).toFixed(seconds < 0.000995 ? 2 : 1)} ms`;
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function rate(perSecond) {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count.format(perSecond);
}

function counted(n, thing) {
  return `${count.format(n)} ${thing}${n === 1 ? "" : "s"}`;
}

const windowOf = (pool) => duration(Math.max(pool.recent.seconds, 1));

function clock(unixTime) {
  const time = new Date(unixTime * 1000);
  const today = time.toDateString() === new Date().toDateString();
  return today ? time.toLocaleTimeString("en-GB") : time.toLocaleString("en-GB");
}

// -- pools

function stateOf(pool) {
  if (pool.suspended) return ["warning", "suspended"];
  if (pool.gate !== "open") return ["warning", "gate closed"];
  if (!pool.up) return ["bad", "down"];
  if (pool.paused) return ["warning", "paused"];
  if (pool.disabled) return ["warning", "disabled"];
  return pool.waiting > 0 ? ["warning", "full"] : ["good", "up"];
}

function showState(element, [level, words]) {
  element.className = `state ${level}`;
  element.textContent = words;
}

function showBar(card, pool) {
  const busy = pool.connecting + pool.resetting;
  const total = pool.active + pool.pinned + pool.idle + busy;
  const room = Math.max(pool.limit ?? 0, pool.size, total, 1);
  const share = (n) => `${(Math.min(n, room) / room) * 100}%`;
  const bar = card.querySelector(".bar");
  for (const [name, n] of Object.entries({ active: pool.active, pinned: pool.pinned, busy, idle: pool.idle }))
    bar.querySelector(`.${name}`).style.width = share(n);
  const size = bar.querySelector(".size");
  size.style.left = share(pool.size);
  size.hidden = pool.size === 0 || pool.size >= room;
  bar.setAttribute("aria-label", `${total} connections: ${pool.active} active, ${pool.pinned} pinned, ${pool.idle} idle`);
  const queue = card.querySelector(".queue");
  queue.querySelector(".waiting").style.width = share(pool.waiting);
  queue.setAttribute("aria-label", `${pool.waiting} waiting`);
  put(card, {
    active: count.format(pool.active),
    pinned: count.format(pool.pinned),
    idle: count.format(pool.idle),
    busy: count.format(busy),
    waiting: count.format(pool.waiting),
    limit: pool.limit === null ? "none" : count.format(pool.limit),
  });
}

function showRates(card, rates) {
  card.querySelector("svg").classList.toggle("is-short", rates.length < 2);
  const highest = Math.max(...rates, 1e-9);
  const step = 100 / Math.max(rates.length - 1, 1);
  const points = rates.map((r, i) => `${(i * step).toFixed(1)},${(22.5 - (r / highest) * 21).toFixed(1)}`);
  card.querySelector("polyline").setAttribute("points", points.join(" "));
}

function noticeOf(pool) {
  if (pool.gate !== "open") return "";
  if (!pool.up) return pool.down_because || "no login has succeeded yet";
  const sentences = [];
  if (pool.waiting > 0) sentences.push(`The first in the queue has waited for ${duration(pool.waiting_seconds)}.`);
  if (pool.recent.refused > 0) {
    const clients = counted(pool.recent.refused, "client");
    sentences.push(`${clients} got no connection in the last ${windowOf(pool)}; the times know nothing of their wait.`);
  }
  return sentences.join(" ");
}

function showPool(card, pool) {
  put(card, {
    name: pool.name,
    window: `last ${windowOf(pool)}`,
    rate: rate(pool.recent.transactions_per_second),
    queries: rate(pool.recent.queries_per_second),
    errors: count.format(pool.recent.errors),
  });
  showState(field(card, "state"), stateOf(pool));
  showBar(card, pool);
  for (const row of card.querySelectorAll("[data-times]")) {
    const times = pool.recent[row.dataset.times];
    [times.p50, times.p95, times.p99].forEach((value, i) => (row.cells[i + 1].textContent = duration(value)));
  }
  showRates(card, pool.recent.rates);
  const notice = field(card, "notice");
  notice.className = pool.up ? "notice" : "notice bad";
  notice.textContent = noticeOf(pool);
  notice.hidden = notice.textContent === "";
}

// The cards stay, so that their bars move.
function showPools(pools) {
  const place = at("pools");
  const cards = new Map([...place.children].map((card) => [card.dataset.pool, card]));
  place.replaceChildren(
    ...pools.map((pool) => {
      let card = cards.get(pool.name);
      if (!card) {
        card = at("pool").content.firstElementChild.cloneNode(true);
        card.dataset.pool = pool.name;
      }
      showPool(card, pool);
      return card;
    }),
  );
}

// -- lists

// `cells`: [class, text] of each cell of a row.
function showRows(id, rows, cells) {
  const body = at(id).tBodies[0];
  body.replaceChildren(
    ...rows.map((row) => {
      const line = make("tr");
      line.append(...cells(row).map(([className, text]) => make("td", className, text)));
      return line;
    }),
  );
  at(id).parentElement.classList.toggle("is-empty", rows.length === 0);
}

function showEvents(events) {
  at("events").replaceChildren(
    ...events.map((event) => {
      const line = make("li", event.level);
      const words = make("span");
      words.append(make("b", "", event.what));
      if (event.times > 1) words.append(` × ${count.format(event.times)}`);
      if (event.backend) words.append(make("span", "muted", ` ${event.backend}`));
      line.append(make("time", "", clock(event.at)), words);
      if (event.detail) line.append(make("span", "detail", event.detail));
      return line;
    }),
  );
  at("events").parentElement.classList.toggle("is-empty", events.length === 0);
}

function gateOf(migrations) {
  const failed = migrations.failed_revision ? `${migrations.failed_revision} failed` : "it failed";
  if (migrations.gate === "open") return migrations.has_failed ? `open, but ${failed}: see SHOW MIGRATIONS` : "open";
  if (migrations.phase === "running") return `migrating, ${migrations.number} of ${migrations.total}`;
  return migrations.has_failed ? `closed: ${failed}, see /readyz` : `closed: ${migrations.phase}`;
}

// Where the schema is, and where it should be.
function revisionsOf(migrations) {
  const current = migrations.current.join(", ") || "none";
  const heads = migrations.heads.join(", ") || "none";
  return current === heads || migrations.heads.length === 0 ? current : `${current} → ${heads}`;
}

// -- the page

function show(status) {
  document.title = `weir on ${status.host}`;
  at("host").textContent = status.host;
  at("version").textContent = status.version;
  put(at("clients"), {
    active: count.format(status.clients.active),
    waiting: count.format(status.clients.waiting),
    idle: count.format(status.clients.idle),
    limit: count.format(status.clients.limit),
  });
  showPools(status.pools);
  showRows("holders", status.holders, (h) => [
    ["name", h.process],
    ["", h.backend],
    ["number", count.format(h.connections)],
    ["number", duration(h.held_seconds)],
  ]);
  showRows("transactions", status.transactions, (t) => [
    ["name", t.process],
    ["", t.backend],
    ["", t.pins ? `${t.doing}, keeps ${t.pins}` : t.doing],
    ["number", t.doing === "running" ? "–" : duration(t.asked_seconds)],
    ["number", duration(t.open_seconds)],
  ]);
  showRows("migrations", status.migrations, (m) => [
    ["", m.backend],
    [m.has_failed ? "bad" : "", gateOf(m)],
    ["name", revisionsOf(m)],
    ["number", count.format(m.pending)],
  ]);
  showEvents(status.events);
}

function summary(status) {
  const down = status.pools.filter((pool) => stateOf(pool)[1] === "down").length;
  if (status.closed_because) return ["warning", status.closed_because];
  if (down > 0) return ["bad", `${down} of ${status.pools.length} pools down`];
  if (status.pools.some((pool) => pool.gate !== "open")) return ["warning", "a gate is closed"];
  const troubles = ["paused", "disabled", "full"]
    .map((state) => [status.pools.filter((pool) => stateOf(pool)[1] === state).length, state])
    .filter(([pools]) => pools > 0)
    .map(([pools, state]) => `${counted(pools, "pool")} ${state}`);
  const failed = status.migrations.filter((m) => m.has_failed).map((m) => m.backend);
  if (failed.length > 0) troubles.push(`migrations failed: ${failed.join(", ")}`);
  if (status.settings_refused) troubles.push("the last reload was refused");
  return troubles.length > 0 ? ["warning", ["serving", ...troubles].join("; ")] : ["good", "serving"];
}

let answered = null; // the time of the last answer

async function look() {
  try {
    const answer = await fetch("/status.json");
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    const status = await answer.json();
    show(status);
    answered = status.at;
    const [level, words] = summary(status);
    showState(at("state"), [level, `${words} · ${clock(status.at)}`]);
  } catch (failure) {
    const since = answered === null ? "" : ` since ${clock(answered)}`;
    showState(at("state"), ["bad", `no answer${since} (${failure.message})`]);
  }
}

// A page that nobody sees does not ask; once it is seen again it asks at once.
async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, interval);
}
document.addEventListener("visibilitychange", () => document.hidden || look());
watch();
