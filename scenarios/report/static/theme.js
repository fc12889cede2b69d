// How every state looks, in light and dark. Colours stay apart for colour-blind eyes (they are near
// those of Paul Tol's schemes), and no state is told by its colour alone: hatches, texts and the
// label under the pointer say the same.

const LOOKS = {
  // nodes
  on: { fill: ["#b7d3e2", "#27495c"], calm: true, about: "node is on" },
  off: { fill: ["#4b5160", "#79818f"], ink: ["#fff", "#10141a"], hatch: "\\", about: "node has no power" },
  booting: { fill: ["#e8c35a", "#c79a2b"], ink: ["#2b2100", "#171200"], about: "node boots" },
  "shutting down": { fill: ["#cdb98a", "#8d7a4c"], ink: ["#2b2100", "#fff"], about: "node shuts down" },
  hung: { fill: ["#882255", "#b0447f"], ink: ["#fff", "#fff"], hatch: "x", about: "kernel hangs" },
  paused: { fill: ["#a95aa1", "#b871b1"], ink: ["#fff", "#fff"], hatch: "/", about: "CPU stalls" },
  "no quorum": { fill: ["#f0a04b", "#d9822b"], ink: ["#2b1600", "#1a0d00"], hatch: "x", about: "node is on without quorum" },
  maintenance: { fill: ["#5fb8a8", "#2b8174"], ink: ["#00231d", "#fff"], about: "node is in maintenance" },
  // guests
  running: { fill: ["#b7d3e2", "#27495c"], calm: true, about: "guest runs" },
  moving: { fill: ["#3a86c8", "#4f9bdc"], ink: ["#fff", "#04121d"], hatch: "/", about: "guest runs and migrates" },
  frozen: { fill: ["#a95aa1", "#b871b1"], ink: ["#fff", "#fff"], hatch: "x", about: "guest cannot go on" },
  starting: { fill: ["#e8c35a", "#c79a2b"], ink: ["#2b2100", "#171200"], about: "guest starts" },
  stopping: { fill: ["#cdb98a", "#8d7a4c"], ink: ["#2b2100", "#fff"], about: "guest stops" },
  relocating: { fill: ["#ee8866", "#e0764f"], ink: ["#2b0d00", "#1c0900"], hatch: "/", about: "stopped to be moved" },
  down: { fill: ["#cc3311", "#e0492a"], ink: ["#fff", "#fff"], about: "guest should run and does not" },
  stopped: { fill: ["#d4d7dc", "#3d434d"], calm: true, about: "guest stopped as asked" },
  waiting: { fill: ["#eceef1", "#262b33"], calm: true, about: "guest has not started yet" },
  double: { fill: ["#000000", "#ffffff"], ink: ["#fff", "#000"], hatch: "+", about: "guest runs on two nodes" },
  // strips and bands
  master: { fill: ["#b8860b", "#e0b040"], about: "cluster resource manager (CRM master)" },
  fence: { fill: ["#cc3311", "#ff6b4a"], about: "manager fences the node" },
  fault: { fill: ["#7b5ea7", "#a58bd0"], ink: ["#fff", "#140a24"], about: "fault lasts" },
};

// Marks: which facts share a sign.
const SIGNS = {
  "fencing begins": { kinds: ["fence_try", "fence_requested"], symbol: "triangle-up", fill: ["#d9641e", "#ff9d5c"], size: 11 },
  fenced: { kinds: ["fence_done"], symbol: "octagon", fill: ["#222b36", "#f2f4f7"], size: 10 },
  "watchdog reset": { kinds: ["watchdog_reset", "watchdog_expired"], symbol: "star-square", fill: ["#882255", "#e07fb3"], size: 11 },
  recovered: { kinds: ["recovered", "recovered_same_node"], symbol: "circle", fill: ["#117733", "#53c27a"], size: 9 },
  failure: {
    kinds: ["service_start_failed", "start_tried_everywhere", "recovery_gave_up", "recovery_no_node", "move_failed", "migration_failed", "error"],
    symbol: "x", fill: ["#cc3311", "#ff6b4a"], size: 9,
  },
  rebalance: { kinds: ["auto_rebalance"], symbol: "diamond-wide", fill: ["#0b5d9e", "#7cc0f5"], size: 10 },
  operator: { kinds: ["operator"], symbol: "square", fill: ["#0b5d9e", "#7cc0f5"], size: 10 },
  refused: { kinds: ["refused"], symbol: "square-x-open", fill: ["#0b5d9e", "#7cc0f5"], size: 10 },
  violation: { kinds: ["violation"], symbol: "diamond", fill: ["#cc3311", "#ff6b4a"], size: 14 },
  "daemon failed": { kinds: ["daemon_failed"], symbol: "cross", fill: ["#cc3311", "#ff6b4a"], size: 12 },
};

const SIGN_OF = {};
for (const [name, sign] of Object.entries(SIGNS)) for (const kind of sign.kinds) SIGN_OF[kind] = name;

// Calm tints for the nodes that guests run on; beyond that many nodes one tint serves all.
const TINTS = [
  ["#9cc3e6", "#2c5c86"], ["#a8dcd1", "#1f6a5c"], ["#dfd8a0", "#6b6326"], ["#c9bfe4", "#554785"],
  ["#bfe3f5", "#37768f"], ["#c5dba4", "#4d6a22"], ["#e6c7d3", "#7c4a5f"], ["#d3cfc7", "#5d584e"],
];

const THEMES = ["auto", "light", "dark"];
const SYSTEM_DARK = matchMedia("(prefers-color-scheme: dark)");
let theme = "auto";

const isDark = () => (theme === "auto" ? SYSTEM_DARK.matches : theme === "dark");
const shade = (pair) => pair[isDark() ? 1 : 0];
const ofPage = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function setTheme(chosen, redraw) {
  theme = chosen;
  document.documentElement.dataset.theme = chosen;
  $("theme").textContent = `Theme: ${chosen}`;
  redraw();
}
