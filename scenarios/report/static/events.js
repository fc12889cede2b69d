// The events: a table of any length, of which only the rows in sight exist.

const ROW_HEIGHT = 26;
const LEVEL_NAMES = ["info", "notice", "warn", "err"];

class Events {
  constructor(data, view, jump) {
    Object.assign(this, { data, view, jump });
    this.levels = new Set([0, 1, 2, 3]);
    this.lane = null;
    this.selected = -1;
    this.found = [];
    this.rows = $("rows");
    for (const event of data.events) event.haystack = `${event.actor} ${event.kind} ${event.text}`.toLowerCase();
    this.fill("event-kind", "every kind", (event) => event.kind);
    this.fill("event-actor", "everyone", (event) => event.actor);
    this.addLevels();
    for (const id of ["event-search", "event-kind", "event-actor", "event-window"]) $(id).addEventListener("input", () => this.filter());
    $("event-lane").addEventListener("click", () => this.about(null));
    this.rows.addEventListener("scroll", () => this.draw());
    this.rows.addEventListener("click", (event) => this.clicked(event));
    this.rows.addEventListener("keydown", (event) => this.key(event));
    if (data.leftOut) {
      $("left-out").hidden = false;
      $("left-out").textContent = `${data.leftOut.toLocaleString("en")} of the less grave events are left out to keep the file small; the timeline is made from all.`;
    }
    this.filter();
  }

  fill(id, every, of) {
    const counts = new Map();
    for (const event of this.data.events) counts.set(of(event), (counts.get(of(event)) ?? 0) + 1);
    const options = [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1));
    $(id).append(make("option", { value: "" }, every), ...options.map(([name, count]) => make("option", { value: name }, `${name} (${count})`)));
  }

  addLevels() {
    const counts = [0, 0, 0, 0];
    for (const event of this.data.events) counts[event.level] += 1;
    LEVEL_NAMES.forEach((name, level) => {
      if (!counts[level]) return;
      const chip = make("button", { type: "button", class: `chip on level-${name}`, "aria-pressed": "true" }, `${name} ${counts[level]}`);
      chip.addEventListener("click", () => {
        if (!this.levels.delete(level)) this.levels.add(level);
        chip.classList.toggle("on", this.levels.has(level));
        chip.setAttribute("aria-pressed", this.levels.has(level));
        this.filter();
      });
      $("event-levels").append(chip);
    });
  }

  // Only events about one lane; null: about any.
  about(lane) {
    this.lane = lane;
    $("event-lane").hidden = !lane;
    $("event-lane").textContent = lane ? `${lane.name} ✕` : "";
    this.filter();
  }

  filter() {
    const tokens = $("event-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = $("event-kind").value, actor = $("event-actor").value, windowed = $("event-window").checked;
    const { from, to } = this.view;
    this.found = [];
    this.data.events.forEach((event, number) => {
      if (!this.levels.has(event.level)) return;
      if ((kind && event.kind !== kind) || (actor && event.actor !== actor)) return;
      if (windowed && (event.t < from || event.t > to)) return;
      if (this.lane && !event.about.includes(this.lane.number)) return;
      if (tokens.every((token) => event.haystack.includes(token))) this.found.push(number);
    });
    const all = this.data.events.length;
    $("event-count").textContent = this.found.length < all ? `${this.found.length.toLocaleString("en")} of ${all.toLocaleString("en")}` : all.toLocaleString("en");
    $("spacer").style.height = `${Math.max(1, this.found.length) * ROW_HEIGHT}px`;
    this.draw();
  }

  // Called when the time shown changes.
  moved() {
    if ($("event-window").checked) this.filter();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.rows.scrollTop / ROW_HEIGHT) - 4);
    const last = Math.min(this.found.length, first + Math.ceil(this.rows.clientHeight / ROW_HEIGHT) + 8);
    const shown = [];
    for (let at = first; at < last; at += 1) shown.push(this.row(at));
    if (!this.found.length) shown.push(make("p", { class: "empty" }, "No event matches."));
    $("spacer").replaceChildren(...shown);
  }

  row(at) {
    const number = this.found[at], event = this.data.events[number];
    const chosen = number === this.selected ? " chosen" : "";
    return make(
      "div", { class: `row level-${LEVEL_NAMES[event.level]} kind-${event.kind}${chosen}`, style: `top:${at * ROW_HEIGHT}px`, "data-at": at },
      make("time", {}, clock(event.t)), make("span", { class: "actor" }, event.actor),
      make("span", { class: "kind" }, event.kind), make("span", { class: "text", title: event.text }, event.text),
    );
  }

  choose(at) {
    if (at < 0 || at >= this.found.length) return;
    this.selected = this.found[at];
    this.draw();
    this.jump(this.data.events[this.selected]);
  }

  // Scrolls to the first event found that is not before t.
  scrollTo(t) {
    const at = firstFrom(this.found, t, (number) => this.data.events[number].t);
    this.rows.scrollTop = Math.max(0, at * ROW_HEIGHT - this.rows.clientHeight / 3);
    this.draw();
  }

  clicked(event) {
    const row = event.target.closest(".row");
    if (row) this.choose(Number(row.dataset.at));
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.found.indexOf(this.selected) + step;
    const y = at * ROW_HEIGHT;
    if (y < this.rows.scrollTop) this.rows.scrollTop = y;
    if (y + ROW_HEIGHT > this.rows.scrollTop + this.rows.clientHeight) this.rows.scrollTop = y + ROW_HEIGHT - this.rows.clientHeight;
    this.choose(at);
  }
}
