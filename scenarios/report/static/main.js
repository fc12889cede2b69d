// Puts the parts together.

function addChip(holder, told, about, isOn, toggle, picture) {
  const chip = make("button", { type: "button", class: "chip", title: about });
  if (picture) chip.append(picture);
  chip.append(told);
  const show = () => {
    chip.classList.toggle("on", isOn());
    chip.setAttribute("aria-pressed", isOn());
  };
  chip.addEventListener("click", () => {
    toggle();
    show();
  });
  show();
  holder.append(chip);
}

function lookPicture(name, tints) {
  const look = LOOKS[name];
  const picture = make("i", { class: `look${look.hatch ? " hatch" : ""}` });
  picture.style.setProperty("--fill", shade(look.fill));
  if (tints.length > 1 && (name === "on" || name === "running")) {
    const parts = tints.slice(0, 4).map((tint, at, all) => `${shade(tint)} ${(100 * at) / all.length}% ${(100 * (at + 1)) / all.length}%`);
    picture.style.background = `linear-gradient(90deg, ${parts.join(", ")})`;
  }
  if (look.ink) picture.style.setProperty("--mark", translucent(shade(look.ink), 0.5));
  return picture;
}

const GLYPHS = {
  "triangle-up": "▲", octagon: "⬣", "star-square": "✦", circle: "●", x: "✖", "diamond-wide": "◆",
  square: "■", "square-x-open": "⊠", diamond: "◆", cross: "✚",
};

function signPicture(name) {
  return make("i", { class: "sign", style: `color:${shade(SIGNS[name].fill)}` }, GLYPHS[SIGNS[name].symbol]);
}

// The states and signs that occur in this run.
function occurring(lanes) {
  const states = new Set();
  for (const lane of lanes.data.lanes) {
    for (const span of lane.layers.status ?? lane.layers.process) states.add(span.state);
    if (lane.layers.master?.length) states.add("master");
    if (lane.layers.state?.some((span) => span.state === "fence")) states.add("fence");
  }
  if (lanes.faults.length) states.add("fault");
  const signs = new Set(lanes.data.marks.map((mark) => SIGN_OF[mark.kind]));
  return [Object.keys(LOOKS).filter((name) => states.has(name)), Object.keys(SIGNS).filter((name) => signs.has(name))];
}

function buildLegend(lanes, redraw) {
  const [states, signs] = occurring(lanes);
  const toggle = (name) => () => {
    if (!lanes.hidden.delete(name)) lanes.hidden.add(name);
    redraw();
  };
  $("legend").replaceChildren();
  const add = (name, about, picture) => addChip($("legend"), name, about, () => !lanes.hidden.has(name), toggle(name), picture);
  for (const name of states) add(name, LOOKS[name].about, lookPicture(name, Object.values(lanes.tint)));
  for (const name of signs) add(name, SIGNS[name].kinds.join(", "), signPicture(name));
}

function buildGroups(lanes, redraw) {
  const add = (key, told, about) => addChip(
    $("lane-groups"), told, about, () => lanes.shown[key],
    () => {
      lanes.shown[key] = !lanes.shown[key];
      lanes.place();
      redraw();
    },
  );
  if (lanes.faults.length) add("faults", "Faults", "Show the lanes of faults");
  add("nodes", "Nodes", "Show the lanes of nodes");
  add("guests", "Guests", "Show the lanes of guests");
  add("touched", "Only affected", "Only nodes that were master or not simply on, guests that were down, moved or frozen, and what has a sign");
}

function sortDowntime(header) {
  const table = header.closest("table"), body = table.tBodies[0], key = Number(header.dataset.key);
  const descending = header.getAttribute("aria-sort") !== "descending";
  for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const value = (row) => Number(row.cells[key].dataset.sort);
  body.append(...[...body.rows].sort((a, b) => (descending ? value(b) - value(a) : value(a) - value(b))));
}

function start(data) {
  const view = { from: 0, to: data.end };
  const lanes = new Lanes(data);
  let plot = null, overview = null, events = null;

  const show = (from, to) => {
    const wide = Math.min(data.end, Math.max(LEAST_MS, to - from));
    view.from = Math.min(Math.max(0, from), data.end - wide);
    view.to = view.from + wide;
    plot.redraw();
  };
  $("timeline").style.setProperty("--scrollbar", `${$("stage").offsetWidth - $("stage").clientWidth}px`);
  const jump = (event) => {
    plot.cursor = event.t;
    if (event.t < view.from || event.t > view.to || view.to - view.from > 0.9 * data.end) {
      const wide = Math.min(view.to - view.from, Math.max(LEAST_MS, Math.min(data.end, 4 * MINUTE)));
      show(event.t - wide / 2, event.t + wide / 2);
    } else plot.redraw();
    reveal(event.about);
  };
  const reveal = (about) => {
    const row = about.map((number) => lanes.rowOf(number)).filter(Boolean).pop();
    if (!row) return;
    const stage = $("stage");
    if (row.y < stage.scrollTop || row.y + 60 > stage.scrollTop + stage.clientHeight) stage.scrollTop = Math.max(0, row.y - stage.clientHeight / 2);
  };

  events = new Events(data, view, jump);
  plot = new Plot(lanes, view, {
    show,
    drawn: () => {
      overview.draw();
      events.moved();
    },
    laneClicked: (lane, t) => {
      events.about(lane);
      if (t !== undefined) events.scrollTo(t);
    },
  });
  overview = new Overview(lanes, view, show);
  buildGroups(lanes, () => plot.redraw());
  buildLegend(lanes, () => plot.redraw());
  $("lane-search").addEventListener("input", (event) => {
    lanes.search(event.target.value);
    plot.redraw();
  });
  $("zoom-in").addEventListener("click", () => plot.zoomAt((view.from + view.to) / 2, 0.5));
  $("zoom-out").addEventListener("click", () => plot.zoomAt((view.from + view.to) / 2, 2));
  $("zoom-all").addEventListener("click", () => show(0, data.end));
  for (const header of document.querySelectorAll("#downtime th")) header.addEventListener("click", () => sortDowntime(header));
  for (const link of document.querySelectorAll("#downtime .guest")) {
    link.addEventListener("click", () => {
      const lane = data.lanes.find((one) => one.name === link.textContent);
      $("lane-search").value = link.textContent;
      lanes.search(link.textContent);
      events.about(lane);
      plot.redraw();
    });
  }
  for (const link of document.querySelectorAll(".moment")) {
    link.addEventListener("click", () => jump({ t: Number(link.dataset.t), about: [] }));
  }
  const recolour = () => {
    buildLegend(lanes, () => plot.redraw());
    plot.redraw();
  };
  $("theme").addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length], recolour));
  SYSTEM_DARK.addEventListener("change", recolour);
  window.report = { lanes, view, plot, events, show };
  document.documentElement.dataset.ready = "yes";
}

(async () => {
  try {
    const [library, data] = await Promise.all([unpacked("packed-library"), unpacked("packed-data")]);
    runScript(library);
    start(readData(data));
  } catch (error) {
    $("stage").textContent = `The timeline cannot be drawn in this browser: ${error}`;
    throw error;
  }
})();
