// Which lanes are shown, and where everything on them lies. Heights are pixels.

const HEIGHT = { head: 24, fault: 20, run: 24, node: 28, guest: 20 };
const MAX_FAULT_ROWS = 5;
const MANY_LANES = 50;
const ATTENTION = new Set(["down", "relocating", "frozen", "double", "moving", "starting"]);

// Faults in as few rows as possible: each in the first row that is free when it begins.
function packFaults(faults, end) {
  const free = [];
  const gap = end / 200;
  return faults.map((fault) => {
    let row = free.findIndex((until) => until <= fault.begin);
    if (row < 0) row = free.length < MAX_FAULT_ROWS ? free.length : MAX_FAULT_ROWS - 1;
    free[row] = Math.max(free[row] ?? 0, fault.end, fault.begin + gap);
    return { ...fault, row };
  });
}

function placesOf(lane) {
  const places = new Set();
  for (const span of lane.layers.process ?? []) for (const word of span.detail.split(" ")) places.add(word);
  return places;
}

// Whether something happened there. That a node has no quorum before it joins first is nothing.
function isTouched(lane) {
  if (lane.group === "guest") return lane.layers.process.some((span) => ATTENTION.has(span.state));
  const joined = lane.layers.quorum.find((span) => span.state === "quorate")?.begin ?? 0;
  return lane.layers.master.length > 0 || lane.layers.status.some((span) => span.state !== "on" && span.end > joined);
}

class Lanes {
  constructor(data) {
    this.data = data;
    this.faults = packFaults(data.faults, data.end);
    this.faultRows = 1 + Math.max(-1, ...this.faults.map((fault) => fault.row));
    this.nodes = data.lanes.filter((lane) => lane.group === "node");
    this.guests = data.lanes.filter((lane) => lane.group === "guest");
    this.tint = {};
    if (this.nodes.length <= TINTS.length) this.nodes.forEach((lane, at) => { this.tint[lane.name] = TINTS[at]; });
    for (const lane of data.lanes) lane.places = placesOf(lane);
    const marked = new Set(data.marks.map((mark) => mark.lane));
    for (const lane of data.lanes) lane.touched = marked.has(lane.number) || isTouched(lane);
    const touched = data.lanes.filter((lane) => lane.touched).length;
    this.shown = { faults: true, nodes: true, guests: true, touched: data.lanes.length > MANY_LANES && touched > 0 };
    this.hidden = new Set();
    this.tokens = [];
    this.runMarks = data.marks.filter((mark) => mark.lane < 0);
    this.marksOf = new Map();
    for (const mark of data.marks) {
      if (!this.marksOf.has(mark.lane)) this.marksOf.set(mark.lane, []);
      this.marksOf.get(mark.lane).push(mark);
    }
    this.place();
  }

  search(text) {
    this.tokens = text.toLowerCase().split(/[\s,]+/).filter(Boolean);
    this.place();
  }

  matches(lane) {
    if (!this.tokens.length) return true;
    const name = lane.name.toLowerCase();
    return this.tokens.some((token) => name.includes(token) || lane.places.has(token));
  }

  // The rows from top to bottom; each knows its y.
  place() {
    this.rows = [];
    let y = 0;
    const add = (row) => {
      row.y = y;
      row.height = HEIGHT[row.kind];
      y += row.height;
      this.rows.push(row);
    };
    if (this.shown.faults && this.faults.length) {
      add({ kind: "head", label: "Faults" });
      for (let row = 0; row < this.faultRows; row += 1) add({ kind: "fault", row, label: "" });
    }
    if (this.runMarks.length) add({ kind: "run", label: "operator, checks", lane: { number: -1, layers: {} } });
    const wanted = (lanes) => (this.shown.touched ? lanes.filter((lane) => lane.touched) : lanes);
    this.group("Nodes", "node", this.shown.nodes ? wanted(this.nodes) : [], add);
    this.group("Guests", "guest", this.shown.guests ? wanted(this.guests) : [], add);
    this.height = Math.max(y + 4, 60);
  }

  group(label, kind, lanes, add) {
    const matching = lanes.filter((lane) => this.matches(lane));
    if (!matching.length) return;
    const all = kind === "node" ? this.nodes.length : this.guests.length;
    add({ kind: "head", label: matching.length < all ? `${label} · ${matching.length} of ${all}` : label });
    for (const lane of matching) add({ kind, label: lane.name, lane });
  }

  rowAt(y) {
    return this.rows.find((row) => y >= row.y && y < row.y + row.height) ?? null;
  }

  rowOf(number) {
    return this.rows.find((row) => row.lane && row.lane.number === number) ?? null;
  }
}

// Collects rectangles by look: one trace of the plot draws all rectangles of one look.
class Rectangles {
  constructor(from, to, perPixel) {
    Object.assign(this, { from, to, perPixel });
    this.byLook = new Map();
    this.texts = [];
  }

  add(look, fill, begin, end, top, bottom, least) {
    if (end < this.from || begin > this.to) return;
    const wide = Math.max(end, begin + least * this.perPixel);
    const x0 = Math.max(begin, this.from - this.perPixel * 50), x1 = Math.min(wide, this.to + this.perPixel * 50);
    const key = `${look}|${fill}`;
    if (!this.byLook.has(key)) this.byLook.set(key, { look, fill, x: [], y: [] });
    const { x, y } = this.byLook.get(key);
    x.push(x0, x1, x1, x0, x0, null);
    y.push(top, top, bottom, bottom, top, null);
  }

  // A text where its span is wide enough for it.
  write(told, ink, begin, end, y) {
    const left = Math.max(begin, this.from), right = Math.min(end, this.to);
    const room = (right - left) / this.perPixel;
    if (!told || room < 24) return;
    const fits = Math.floor((room - 8) / 6.4);
    if (fits < told.length && fits < 6) return;
    const shown = fits < told.length ? `${told.slice(0, fits - 1)}…` : told;
    this.texts.push({ x: left + 5 * this.perPixel, y, text: shown, ink });
  }
}

function drawFaults(lanes, row, out) {
  for (const fault of lanes.faults) {
    if (fault.row !== row.row) continue;
    out.add("fault", "", fault.begin, fault.end, row.y + 2, row.y + row.height - 3, 3);
    const ends = Math.max(fault.end, Math.min(nextBegin(lanes, fault), out.to));
    const inside = (fault.end - fault.begin) / out.perPixel > 30;
    const told = `${fault.number} ${fault.kind.replaceAll("_", " ")} ${fault.what}`;
    if (inside) out.write(told, shade(LOOKS.fault.ink), fault.begin, fault.end, row.y + row.height / 2);
    else out.write(told, ofPage("--ink"), Math.max(fault.end, fault.begin + 3 * out.perPixel), ends, row.y + row.height / 2);
  }
}

function nextBegin(lanes, fault) {
  const next = lanes.faults.find((one) => one.row === fault.row && one.number > fault.number);
  return next ? next.begin : Infinity;
}

function drawNode(lanes, row, out) {
  const { layers } = row.lane;
  const top = row.y + 4, bottom = row.y + row.height - 4;
  for (const span of layers.status) {
    const look = LOOKS[span.state];
    if (lanes.hidden.has(span.state)) continue;
    const tint = span.state === "on" ? lanes.tint[row.lane.name] : null;
    out.add(span.state, tint ? shade(tint) : "", span.begin, span.end, top, bottom, look.calm ? 0.6 : 2);
    if (!look.calm) out.write(span.state, shade(look.ink), span.begin, span.end, row.y + row.height / 2);
  }
  if (!lanes.hidden.has("master")) {
    for (const span of layers.master) {
      out.add("master", "", span.begin, span.end, top, top + 4, 2);
      out.write("★ master", ofPage("--ink"), span.begin, span.end, row.y + row.height / 2 + 2);
    }
  }
  if (!lanes.hidden.has("fence")) {
    for (const span of layers.state) {
      if (span.state === "fence") out.add("fence", "", span.begin, span.end, bottom - 4, bottom, 3);
    }
  }
}

function drawGuest(lanes, row, out) {
  for (const span of row.lane.layers.process) {
    const look = LOOKS[span.state];
    if (lanes.hidden.has(span.state)) continue;
    const tint = span.state === "running" ? lanes.tint[span.detail] : null;
    out.add(span.state, tint ? shade(tint) : "", span.begin, span.end, row.y + 2, row.y + row.height - 2, look.calm ? 0.6 : 2);
    const told = guestText(span);
    out.write(told, look.calm ? ofPage("--ink") : shade(look.ink), span.begin, span.end, row.y + row.height / 2);
  }
}

function guestText(span) {
  if (span.state === "running" || span.state === "moving") return span.detail;
  if (span.state === "waiting") return "";
  if (span.state === "down" || span.state === "stopped") return span.state;
  return span.detail ? `${span.state} (${span.detail})` : span.state;
}

// Everything that lies in the time shown, of those rows.
function layOut(lanes, rows, from, to, perPixel) {
  const out = new Rectangles(from, to, perPixel);
  if (!lanes.hidden.has("fault") && lanes.shown.faults) {
    for (const fault of lanes.faults) out.add("band", "", fault.begin, fault.end, 0, lanes.height, 1);
  }
  for (const row of rows) {
    if (row.kind === "fault") drawFaults(lanes, row, out);
    else if (row.kind === "node") drawNode(lanes, row, out);
    else if (row.kind === "guest") drawGuest(lanes, row, out);
  }
  return out;
}

// The marks of those rows, by sign.
function laidMarks(lanes, rows, from, to) {
  const bySign = new Map();
  for (const row of rows) {
    if (!row.lane) continue;
    for (const mark of lanes.marksOf.get(row.lane.number) ?? []) {
      const sign = SIGN_OF[mark.kind];
      if (!sign || lanes.hidden.has(sign) || mark.t < from || mark.t > to) continue;
      if (!bySign.has(sign)) bySign.set(sign, { x: [], y: [] });
      const at = bySign.get(sign);
      at.x.push(mark.t);
      at.y.push(row.y + row.height / 2);
    }
  }
  return bySign;
}
