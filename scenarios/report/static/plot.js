// The lanes, drawn by plotly.js: one trace per look, whatever the number of spans.

const LEAST_MS = 200; // the narrowest window
const BEYOND = 500; // pixels above and below the lanes in sight that are drawn too

class Plot {
  constructor(lanes, view, hooks) {
    Object.assign(this, { lanes, view, hooks });
    this.box = $("plot");
    this.stage = $("stage");
    this.cursor = null;
    this.pending = false;
    this.listen();
    new ResizeObserver(() => this.redraw()).observe(this.box);
  }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  x(t) { return ((t - this.view.from) / (this.view.to - this.view.from)) * this.width; }
  t(x) { return this.view.from + (x / this.width) * (this.view.to - this.view.from); }

  draw() {
    const { from, to } = this.view;
    this.width = Math.max(100, this.box.clientWidth);
    const perPixel = (to - from) / this.width;
    this.drawnFrom = this.stage.scrollTop - BEYOND;
    this.drawnTo = this.stage.scrollTop + this.stage.clientHeight + BEYOND;
    const rows = this.lanes.rows.filter((row) => row.y + row.height > this.drawnFrom && row.y < this.drawnTo);
    const laid = layOut(this.lanes, rows, from, to, perPixel);
    const marks = ticks(from, to, Math.max(2, Math.floor(this.width / 90)));
    const traces = [...this.shapes(laid), ...this.signs(rows, from, to), this.words(laid)];
    $("no-lanes").hidden = this.lanes.rows.some((row) => row.kind === "node" || row.kind === "guest");
    this.drawing = Plotly.react(this.box, traces, this.layout(marks), {
      displayModeBar: false, doubleClick: false, responsive: false, showTips: false,
    }).then(() => {
      if (!this.attached) this.box.on("plotly_relayout", (change) => this.zoomed(change));
      this.attached = true;
    });
    this.drawAxis(marks);
    this.drawLabels();
    this.drawCursor();
    this.hooks.drawn();
  }

  layout(marks) {
    const line = ofPage("--line");
    return {
      width: this.width, height: this.lanes.height, margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      showlegend: false, hovermode: false, dragmode: "zoom",
      xaxis: {
        range: [this.view.from, this.view.to], showticklabels: false, zeroline: false, gridcolor: line,
        tickmode: "array", tickvals: marks.map(([t]) => t), ticks: "",
      },
      yaxis: { range: [this.lanes.height, 0], fixedrange: true, visible: false },
      font: { family: "system-ui, sans-serif", size: 11 },
      newselection: { line: { color: ofPage("--accent") } },
    };
  }

  shapes(laid) {
    const order = (one) => (one.look === "band" ? 0 : LOOKS[one.look].calm ? 1 : one.look === "master" || one.look === "fence" ? 3 : 2);
    return [...laid.byLook.values()].sort((a, b) => order(a) - order(b)).map(({ look, fill, x, y }) => {
      const seen = LOOKS[look === "band" ? "fault" : look];
      const color = fill || shade(seen.fill);
      const trace = {
        type: "scatter", mode: "none", fill: "toself", x, y, name: look, hoverinfo: "skip",
        fillcolor: color, line: { simplify: false },
      };
      if (look === "band") trace.fillcolor = translucent(color, isDark() ? 0.17 : 0.1);
      if (seen.hatch && look !== "band") {
        trace.fillpattern = { shape: seen.hatch, size: 7, solidity: 0.22, fillmode: "overlay", fgcolor: translucent(shade(seen.ink), 0.4), bgcolor: color };
      }
      return trace;
    });
  }

  signs(rows, from, to) {
    return [...laidMarks(this.lanes, rows, from, to)].map(([name, { x, y }]) => ({
      type: "scatter", mode: "markers", x, y, name, hoverinfo: "skip", cliponaxis: false,
      marker: {
        symbol: SIGNS[name].symbol, size: SIGNS[name].size, color: shade(SIGNS[name].fill),
        line: { width: 1.2, color: ofPage("--panel") },
      },
    }));
  }

  words(laid) {
    return {
      type: "scatter", mode: "text", name: "texts", hoverinfo: "skip", textposition: "middle right",
      x: laid.texts.map((one) => one.x), y: laid.texts.map((one) => one.y),
      text: laid.texts.map((one) => plainText(one.text)),
      textfont: { size: 11, color: laid.texts.map((one) => one.ink) },
    };
  }

  drawAxis(marks) {
    const axis = $("axis");
    axis.dataset.unit = tickUnit(this.view.to);
    axis.replaceChildren(...marks.filter(([t]) => this.x(t) < this.width - 16).map(([t, told]) => make("span", { style: `left:calc(var(--gutter) + ${this.x(t)}px)` }, told)));
  }

  drawLabels() {
    const tinted = (row) => row.kind === "node" && this.lanes.tint[row.lane.name];
    $("labels").style.height = `${this.lanes.height}px`;
    $("labels").replaceChildren(...this.lanes.rows.map((row) => {
      const label = make("div", { class: `label ${row.kind}`, style: `top:${row.y}px;height:${row.height}px` });
      if (tinted(row)) label.append(make("i", { style: `background:${shade(tinted(row))}` }));
      label.append(make("span", { title: row.label }, row.label));
      if (row.lane && row.lane.name) {
        label.setAttribute("role", "button");
        label.addEventListener("click", () => this.hooks.laneClicked(row.lane));
      }
      return label;
    }));
  }

  drawCursor() {
    const line = $("cursor");
    const x = this.cursor === null ? -1 : this.x(this.cursor);
    line.hidden = x < 0 || x > this.width;
    line.style.left = `calc(var(--gutter) + ${x}px)`;
    line.style.height = `${this.lanes.height}px`;
  }

  // What plotly's own zoom and shift-drag did.
  zoomed(change) {
    const from = change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0];
    const to = change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1];
    if (from !== undefined && to !== undefined) this.hooks.show(from, to);
  }

  listen() {
    let down = null, last = 0;
    this.box.addEventListener("pointerdown", (event) => { down = [event.clientX, event.clientY]; }, true);
    addEventListener("pointerup", (event) => {
      const still = down && Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 4;
      down = null;
      if (!still) return;
      const again = event.timeStamp - last < 350;
      last = event.timeStamp;
      if (again) this.hooks.show(0, this.lanes.data.end);
      else this.clicked(event);
    }, true);
    this.box.addEventListener("mousemove", (event) => this.point(event));
    this.box.addEventListener("mouseleave", () => { $("tip").hidden = true; });
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("scroll", () => this.scrolled());
    this.stage.addEventListener("keydown", (event) => this.key(event));
  }

  // Lanes come into sight that are not drawn yet.
  scrolled() {
    const top = this.stage.scrollTop, bottom = top + this.stage.clientHeight;
    if (Math.min(top - this.drawnFrom, this.drawnTo - bottom) < BEYOND / 3) this.redraw();
  }

  under(event) {
    const box = this.box.getBoundingClientRect();
    return { row: this.lanes.rowAt(event.clientY - box.top), t: this.t(event.clientX - box.left) };
  }

  clicked(event) {
    const { row, t } = this.under(event);
    this.cursor = t;
    this.drawCursor();
    if (row?.lane?.name) this.hooks.laneClicked(row.lane, t);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoomAt(this.t(event.clientX - this.box.getBoundingClientRect().left), event.deltaY > 0 ? 1.25 : 0.8);
  }

  zoomAt(t, factor) {
    this.hooks.show(t - (t - this.view.from) * factor, t + (this.view.to - t) * factor);
  }

  key(event) {
    const { from, to } = this.view, middle = (from + to) / 2, step = (to - from) / 5;
    const acts = {
      "+": () => this.zoomAt(middle, 0.6), "=": () => this.zoomAt(middle, 0.6), "-": () => this.zoomAt(middle, 1.6),
      0: () => this.hooks.show(0, this.lanes.data.end),
      ArrowLeft: () => this.hooks.show(from - step, to - step), ArrowRight: () => this.hooks.show(from + step, to + step),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    acts[event.key]();
  }

  point(event) {
    const { row, t } = this.under(event);
    const told = row ? tellRow(this.lanes, row, t, 7 * (this.view.to - this.view.from) / this.width) : null;
    const tip = $("tip");
    tip.hidden = !told;
    if (!told) return;
    tip.replaceChildren(...told);
    const right = event.clientX + 18 + tip.offsetWidth > innerWidth;
    const low = event.clientY + 18 + tip.offsetHeight > innerHeight;
    tip.style.left = `${right ? event.clientX - 14 - tip.offsetWidth : event.clientX + 16}px`;
    tip.style.top = `${low ? event.clientY - 12 - tip.offsetHeight : event.clientY + 16}px`;
  }
}

function translucent(color, alpha) {
  const full = color.length === 4 ? color.replace(/[0-9a-f]/gi, "$&$&") : color;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(full.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}

// plotly reads some tags in texts: what comes from a journal is shown as it is.
function plainText(told) {
  return told.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

const pair = (name, told) => make("div", { class: "pair" }, make("b", {}, name), make("span", {}, told));

function spanTold(name, span) {
  return pair(name, `${span.state}${span.detail ? ` (${span.detail})` : ""}`);
}

// What the label under the pointer says; null where there is nothing to say.
function tellRow(lanes, row, t, near) {
  if (row.kind === "head") return null;
  if (row.kind === "fault") return tellFault(lanes, row, t, near);
  const parts = [make("div", { class: "title" }, row.lane.name ?? row.label, make("small", {}, clock(t)))];
  const marks = (lanes.marksOf.get(row.lane.number) ?? []).filter((mark) => Math.abs(mark.t - t) <= near);
  if (row.kind === "run" && !marks.length) return null;
  for (const mark of marks.slice(0, 6)) parts.push(make("div", { class: "mark" }, `${clock(mark.t)}  ${mark.text}`));
  const { layers } = row.lane;
  const main = spanAt(layers.status ?? layers.process ?? [], t);
  if (main) {
    const what = row.kind === "guest" ? guestText({ ...main, state: main.state === "running" ? "runs" : main.state }) : main.state;
    parts.push(make("div", { class: "what" }, main.state === "running" ? `runs on ${main.detail}` : what));
    parts.push(make("div", { class: "soft" }, `${clock(main.begin)} to ${clock(main.end)} · ${duration(main.end - main.begin)}`));
  }
  for (const [layer, name] of [["power", "power"], ["quorum", "quorum"], ["state", "HA node state"], ["lrm", "LRM"], ["service", "HA service"]]) {
    const span = layers[layer] && spanAt(layers[layer], t);
    if (span) parts.push(spanTold(name, span));
  }
  if (layers.master && spanAt(layers.master, t)) parts.push(pair("CRM", "master"));
  return parts;
}

function tellFault(lanes, row, t, near) {
  const fault = lanes.faults.find((one) => one.row === row.row && t >= one.begin - near && t <= Math.max(one.end, one.begin + near));
  if (!fault) return null;
  const lasted = fault.end > fault.begin ? `${clock(fault.begin)} to ${clock(fault.end)} · ${duration(fault.end - fault.begin)}` : `at ${clock(fault.begin)}`;
  return [
    make("div", { class: "title" }, `Fault ${fault.number}`),
    make("div", { class: "what" }, `${fault.kind.replaceAll("_", " ")} ${fault.what}`),
    make("div", { class: "soft" }, fault.healed ? lasted : `${lasted}, to the end of the run`),
  ];
}
