// Unpacks what the page carries, and gives it the shape that the rest works with.

const $ = (id) => document.getElementById(id);

async function unpacked(id) {
  const holder = $(id);
  const bytes = Uint8Array.from(atob(holder.textContent.trim()), (char) => char.charCodeAt(0));
  holder.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function runScript(code) {
  const script = document.createElement("script");
  script.textContent = code;
  document.head.append(script);
}

// Flat numbers [begin, end, state, detail, ...] as objects; times are milliseconds.
function spansOf(flat, words) {
  const spans = [];
  for (let at = 0; at < flat.length; at += 4) {
    spans.push({
      begin: flat[at], end: flat[at + 1], state: words[flat[at + 2]], detail: words[flat[at + 3]],
    });
  }
  return spans;
}

function readData(text) {
  const data = JSON.parse(text);
  const words = data.words;
  const lanes = data.lanes.map((lane, number) => {
    const layers = {};
    for (const [name, flat] of Object.entries(lane.layers)) layers[name] = spansOf(flat, words);
    return { number, name: lane.name, group: lane.group, layers };
  });
  const marks = data.marks.map(([t, kind, lane, told]) => ({ t, kind: words[kind], lane, text: told }));
  const { flat, texts, about } = data.events;
  const events = texts.map((told, row) => ({
    t: flat[4 * row], actor: words[flat[4 * row + 1]], kind: words[flat[4 * row + 2]],
    level: flat[4 * row + 3], text: told, about: about[row],
  }));
  return { end: Math.max(1, data.end), lanes, faults: data.faults, marks, events, leftOut: data.left_out };
}

// The span that holds at time t, of spans in order.
function spanAt(spans, t) {
  let low = 0, high = spans.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (spans[middle].end <= t) low = middle + 1;
    else if (spans[middle].begin > t) high = middle - 1;
    else return spans[middle];
  }
  return null;
}

// The first index whose item is not before t.
function firstFrom(items, t, key) {
  let low = 0, high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

const two = (number) => String(number).padStart(2, "0");

function clock(ms, tenths = true) {
  const t = Math.max(0, Math.floor(ms / 100));
  const s = Math.floor(t / 10), days = Math.floor(s / 86400);
  const rest = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return `${days ? `${days}d ` : ""}${rest}${tenths ? `.${t % 10}` : ""}`;
}

function duration(ms) {
  const s = ms / 1000;
  if (s < 59.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s), minutes = Math.floor(whole / 60);
  if (whole < 3600) return `${minutes}m ${two(whole % 60)}s`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor(minutes / 60) % 24}h`;
}

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const STEPS = [
  10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 20 * DAY, 50 * DAY, 100 * DAY,
];

// Round times between from and to, at most `count` of them, and how each is written.
function ticks(from, to, count) {
  const step = STEPS.find((one) => (to - from) / one <= count) ?? 365 * DAY;
  const found = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) found.push([t, tickText(t, step, to)]);
  return found;
}

// As short as can be read: `1:30` (minutes, seconds) below an hour, `4:05`, `4:05:30`, `3d 4:05`.
function tickText(t, step, to) {
  const s = Math.floor(t / SECOND), days = Math.floor(t / DAY), hours = Math.floor(s / 3600) % 24;
  const minutes = two(Math.floor(s / 60) % 60), seconds = two(s % 60);
  if (step >= DAY) return `${days}d`;
  const part = step < SECOND ? `.${String(Math.round(t % SECOND)).padStart(3, "0").replace(/0{1,2}$/, "")}` : "";
  if (to <= HOUR) return `${Number(minutes)}:${seconds}${part}`;
  const time = step < MINUTE ? `${hours}:${minutes}:${seconds}${part}` : `${hours}:${minutes}`;
  return days ? `${days}d ${time}` : time;
}

const tickUnit = (to) => (to <= HOUR ? "min:s" : to <= DAY ? "h:min" : "days h:min");

// An element with attributes and children; text is never read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
