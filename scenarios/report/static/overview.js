// The strip above the lanes: how many guests were down over the whole run, faults, and the window
// that the lanes show.

const DOWN_STATES = new Set(["down", "starting", "relocating"]);

// Steps [time, guests down from then on].
function downSteps(lanes) {
  const edges = [];
  for (const lane of lanes) {
    for (const span of lane.layers.process) {
      if (DOWN_STATES.has(span.state)) edges.push([span.begin, 1], [span.end, -1]);
    }
  }
  edges.sort((a, b) => a[0] - b[0]);
  let down = 0;
  return edges.map(([t, change]) => [t, (down += change)]);
}

class Overview {
  constructor(lanes, view, show) {
    Object.assign(this, { lanes, view, show });
    this.canvas = $("overview");
    this.steps = downSteps(lanes.guests);
    this.most = Math.max(1, ...this.steps.map(([, down]) => down));
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
  }

  x(t) { return (t / this.lanes.data.end) * this.width; }
  t(x) { return (x / this.width) * this.lanes.data.end; }

  draw() {
    const box = this.canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    this.width = box.width;
    this.height = box.height;
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = shade(LOOKS.fault.fill);
    pen.globalAlpha = 0.22;
    for (const fault of this.lanes.faults) pen.fillRect(this.x(fault.begin), 0, Math.max(1, this.x(fault.end) - this.x(fault.begin)), this.height);
    pen.globalAlpha = 1;
    this.drawDown(pen);
    this.drawWindow(pen);
  }

  drawDown(pen) {
    const highest = new Float64Array(Math.ceil(this.width) + 1);
    for (let at = 0; at < this.steps.length; at += 1) {
      const [t, down] = this.steps[at];
      const until = at + 1 < this.steps.length ? this.steps[at + 1][0] : t;
      for (let x = Math.floor(this.x(t)); x <= Math.floor(this.x(until)); x += 1) highest[x] = Math.max(highest[x], down);
    }
    pen.fillStyle = shade(LOOKS.down.fill);
    highest.forEach((down, x) => {
      const tall = (down / this.most) * (this.height - 6);
      if (tall > 0) pen.fillRect(x, this.height - tall, 1, tall);
    });
    pen.fillStyle = ofPage("--soft");
    pen.font = "10px system-ui, sans-serif";
    if (this.steps.length) pen.fillText(`most: ${this.most}`, 4, 11);
  }

  drawWindow(pen) {
    const x0 = this.x(this.view.from), x1 = this.x(this.view.to);
    pen.fillStyle = ofPage("--panel");
    pen.globalAlpha = 0.6;
    pen.fillRect(0, 0, x0, this.height);
    pen.fillRect(x1, 0, this.width - x1, this.height);
    pen.globalAlpha = 1;
    pen.strokeStyle = ofPage("--accent");
    pen.lineWidth = 1.5;
    pen.strokeRect(x0 + 0.75, 0.75, Math.max(2, x1 - x0 - 1.5), this.height - 1.5);
  }

  // Inside a window that is not everything a drag moves it, elsewhere it chooses a new one.
  grab(event) {
    const left = this.canvas.getBoundingClientRect().left;
    const start = this.t(event.clientX - left);
    const { from, to } = this.view;
    const inside = start > from && start < to && to - from < 0.98 * this.lanes.data.end;
    this.canvas.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const t = this.t(moved.clientX - left);
      if (inside) this.show(from + t - start, to + t - start);
      else if (Math.abs(this.x(t) - this.x(start)) > 4) this.show(Math.min(start, t), Math.max(start, t));
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", () => this.canvas.removeEventListener("pointermove", move), { once: true });
  }
}
