// Software that papers use together, as a drawing: a spring layout that always comes out the same.

import { count, s } from "./dom.js";

const WIDTH = 720, HEIGHT = 460, STEPS = 260, EDGE = 34;

/** Moves the nodes apart and what is linked together. */
function layOut(nodes, links) {
  const n = nodes.length, ideal = 0.9 * Math.sqrt((WIDTH * HEIGHT) / Math.max(1, n));
  nodes.forEach((node, k) => {
    const turn = k * 2.399963, far = Math.sqrt((k + 0.5) / n);
    node.x = WIDTH / 2 + 0.45 * WIDTH * far * Math.cos(turn);
    node.y = HEIGHT / 2 + 0.45 * HEIGHT * far * Math.sin(turn);
  });
  for (let step = 0; step < STEPS; step += 1) {
    for (const node of nodes) node.dx = node.dy = 0;
    const push = (a, b, force) => {
      const dx = a.x - b.x || 0.1, dy = a.y - b.y || 0.1, far = Math.hypot(dx, dy);
      const f = force(far) / far;
      a.dx += dx * f;
      a.dy += dy * f;
      b.dx -= dx * f;
      b.dy -= dy * f;
    };
    for (let i = 0; i < n; i += 1) {
      for (let j = i + 1; j < n; j += 1) push(nodes[i], nodes[j], (far) => (ideal * ideal) / far);
    }
    for (const link of links) {
      push(link.a, link.b, (far) => -((far * far) / ideal) * (0.35 + 0.65 * link.share));
    }
    const most = 40 * (1 - step / STEPS) + 1;
    for (const node of nodes) {
      const far = Math.hypot(node.dx, node.dy) || 1, by = Math.min(far, most) / far;
      node.dx += (WIDTH / 2 - node.x) * 0.02;
      node.dy += (HEIGHT / 2 - node.y) * 0.04;
      node.x = Math.min(WIDTH - 2 * EDGE, Math.max(2 * EDGE, node.x + node.dx * by));
      node.y = Math.min(HEIGHT - EDGE, Math.max(EDGE, node.y + node.dy * by));
    }
  }
}

function nodesOf(answer) {
  const most = Math.max(...answer.nodes.map((node) => node.papers));
  const nodes = answer.nodes.map((node) => ({ ...node, r: 5 + 15 * Math.sqrt(node.papers / most), links: [] }));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const strongest = Math.max(1, ...answer.links.map((link) => link.papers));
  const links = answer.links
    .filter((link) => byName.has(link.from) && byName.has(link.to))
    .map((link) => ({ ...link, a: byName.get(link.from), b: byName.get(link.to), share: link.papers / strongest }));
  for (const link of links) {
    link.a.links.push(link);
    link.b.links.push(link);
  }
  return { nodes, links };
}

function nameOf(node) {
  const others = [...node.links].sort((x, y) => y.papers - x.papers).slice(0, 6);
  const used = others.map((l) => `${(l.a === node ? l.b : l.a).name} (${l.papers})`).join(", ");
  return `${node.name}, ${count(node.papers, "paper")}${used ? `; used with ${used}` : ""}`;
}

/** Draws the network; `tell(text)` takes what is known of the node under pointer or focus. */
export function drawNetwork(answer, tell) {
  const { nodes, links } = nodesOf(answer);
  layOut(nodes, links);
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "network", role: "group", "aria-label": "Software used together; arrow keys go from one to the next" });
  for (const link of links) {
    link.line = s("line", { x1: link.a.x, y1: link.a.y, x2: link.b.x, y2: link.b.y, "stroke-width": 0.8 + 5 * link.share });
    svg.append(link.line);
  }
  const light = (node) => {
    svg.classList.toggle("has-on", node !== null);
    for (const link of links) link.line.classList.toggle("on", link.a === node || link.b === node);
    const near = new Set(node ? [node, ...node.links.flatMap((l) => [l.a, l.b])] : []);
    for (const other of nodes) other.group.classList.toggle("on", near.has(other));
    if (node) tell(nameOf(node));
  };
  nodes.forEach((node, n) => {
    node.group = s("g", { role: "img", tabindex: n ? -1 : 0, "aria-label": nameOf(node) },
      s("circle", { cx: node.x, cy: node.y, r: node.r }),
      s("text", { x: node.x, y: node.y + node.r + 12 }, node.name));
    node.group.addEventListener("pointerenter", () => light(node));
    node.group.addEventListener("pointerleave", () => light(null));
    node.group.addEventListener("focus", () => light(node));
    node.group.addEventListener("blur", () => light(null));
    node.group.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const next = nodes[(n + by + nodes.length) % nodes.length].group;
      node.group.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
    svg.append(node.group);
  });
  return svg;
}
