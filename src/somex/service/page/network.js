// Software that papers use together, as a drawing: a spring layout that always comes out the same.

import { count, s } from "./dom.js";

const STEPS = 300, EDGE_X = 56, EDGE_Y = 36;

/** Pushes nodes apart, pulls what is linked together and all of it to the middle. */
function step(nodes, links, ideal, most) {
  for (const node of nodes) {
    node.dx = -node.x * 0.6;
    node.dy = -node.y * 0.6;
  }
  const push = (a, b, force) => {
    const dx = a.x - b.x || 0.1, dy = a.y - b.y || 0.1, far = Math.hypot(dx, dy);
    const f = force(far) / far;
    a.dx += dx * f;
    a.dy += dy * f;
    b.dx -= dx * f;
    b.dy -= dy * f;
  };
  nodes.forEach((node, n) => {
    for (const other of nodes.slice(n + 1)) push(node, other, (far) => (ideal * ideal * 0.8) / far);
  });
  for (const { a, b, share } of links) push(a, b, (far) => (-far * far * (0.2 + 0.5 * share)) / ideal);
  for (const node of nodes) {
    const far = Math.hypot(node.dx, node.dy) || 1, by = Math.min(far, most) / far;
    node.x += node.dx * by;
    node.y += node.dy * by;
  }
}

/** Gives each node a place in the drawing. */
function layOut(nodes, links, width, height) {
  const ideal = Math.sqrt((width * height) / nodes.length);
  nodes.forEach((node, n) => {
    const turn = n * 2.399963, far = ideal * Math.sqrt(n);
    node.x = far * Math.cos(turn);
    node.y = far * Math.sin(turn);
  });
  for (let n = 0; n < STEPS; n += 1) step(nodes, links, ideal, ideal * (1 - n / STEPS) * 0.3 + 0.5);
  const fit = (key, size, edge) => {
    const low = Math.min(...nodes.map((node) => node[key]));
    const wide = Math.max(...nodes.map((node) => node[key])) - low;
    const scale = wide ? (size - 2 * edge) / wide : 0;
    for (const node of nodes) node[key] = wide ? edge + (node[key] - low) * scale : size / 2;
  };
  fit("x", width, EDGE_X);
  fit("y", height, EDGE_Y);
  for (let n = 0; n < 60; n += 1) partLabels(nodes, height);
}

/** Moves nodes up and down where circles or names lie on each other. */
function partLabels(nodes, height) {
  nodes.forEach((a, n) => {
    for (const b of nodes.slice(n + 1)) {
      const isNear = Math.abs(a.x - b.x) < 3.4 * (a.name.length + b.name.length) + 6;
      const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
      const lack = upper.r + lower.r + 18 - (lower.y - upper.y);
      if (!isNear || lack <= 0) continue;
      upper.y = Math.max(EDGE_Y, upper.y - Math.min(lack, 4) / 2);
      lower.y = Math.min(height - EDGE_Y, lower.y + Math.min(lack, 4) / 2);
    }
  });
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

/** Draws the network, `[width, height]` large; `tell(text)` takes what is known of the node under pointer or focus. */
export function drawNetwork(answer, [width, height], tell) {
  const { nodes, links } = nodesOf(answer);
  layOut(nodes, links, width, height);
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "network", role: "group", "aria-label": "Software used together; arrow keys go from one to the next" });
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
