// Relation arcs. All are drawn faint above the lines; those of the chosen mention come forward
// with their names. An arc to another line runs to the border and goes on from the other border.

import { s, words } from "./dom.js";

const ROW = 6; // height of a row of arcs, in pixels
const MOST_ROWS = 7; // rows above a line; further arcs share the last one
const GAP = 5; // between arcs of one row

/** Where the ends of arcs lie in a block: id -> `{line, left, width, top}`. */
function measure(block, ids) {
  const origin = block.getBoundingClientRect();
  const tops = [];
  const lineOf = (top) => {
    const known = tops.findIndex((other) => Math.abs(other - top) < 9);
    return known >= 0 ? known : tops.push(top) - 1;
  };
  const found = new Map();
  for (const mark of block.querySelectorAll(".m:not(.continued):not(.off)")) {
    const { id } = mark.dataset;
    if (!ids.has(id)) continue;
    const box = mark.getClientRects()[0];
    if (!box) continue;
    const left = box.left - origin.left;
    found.set(id, { line: lineOf(box.top), left, width: box.width, top: box.top - origin.top });
  }
  return { found, width: origin.width };
}

/** Spreads the arcs that end at one mention over its width: `key of relation -> share`. */
function sharesOf(relations) {
  const atMention = new Map();
  const add = (id, relation) => atMention.set(id, [...(atMention.get(id) ?? []), relation]);
  for (const relation of relations) {
    add(relation.head, relation);
    add(relation.tail, relation);
  }
  return (relation, id) => {
    const mine = atMention.get(id);
    return (mine.indexOf(relation) + 1) / (mine.length + 1);
  };
}

/** Cuts each relation into pieces, one a line of the block: `x1` at its head, `x2` at its tail. */
function piecesOf(relations, { found, width }, orderOf) {
  const share = sharesOf(relations);
  const pieces = [];
  const xOf = (relation, id) => {
    const at = found.get(id);
    return at.left + at.width * share(relation, id);
  };
  for (const relation of relations) {
    const from = found.get(relation.head), to = found.get(relation.tail);
    const isForward = orderOf(relation.head) < orderOf(relation.tail);
    const add = (line, x1, x2, ends) => pieces.push({ relation, line, x1, x2, ...ends });
    if (from && to && from.line === to.line) {
      const ends = { y1: from.top, y2: to.top };
      add(from.line, xOf(relation, relation.head), xOf(relation, relation.tail), ends);
      continue;
    }
    if (from) add(from.line, xOf(relation, relation.head), isForward ? width : 0, { y1: from.top });
    if (to) add(to.line, isForward ? 0 : width, xOf(relation, relation.tail), { y2: to.top });
  }
  return pieces;
}

/** Gives each piece the lowest row that is free; returns the number of rows of each line. */
function stack(pieces) {
  const taken = new Map();
  const rows = new Map();
  const span = (piece) => [Math.min(piece.x1, piece.x2), Math.max(piece.x1, piece.x2)];
  const length = (piece) => Math.abs(piece.x1 - piece.x2);
  for (const piece of [...pieces].sort((a, b) => length(a) - length(b))) {
    const [low, high] = span(piece);
    const others = taken.get(piece.line) ?? [];
    const isTaken = (row) =>
      others.some((other) => other.row === row && other.low < high + GAP && low < other.high + GAP);
    let row = 0;
    while (row < MOST_ROWS - 1 && isTaken(row)) row += 1;
    piece.row = row;
    others.push({ row, low, high });
    taken.set(piece.line, others);
    rows.set(piece.line, Math.max(rows.get(piece.line) ?? 0, row + 1));
  }
  return rows;
}

function pathOf(piece) {
  const top = (piece.y1 ?? piece.y2) - 7 - piece.row * ROW;
  const way = Math.sign(piece.x2 - piece.x1) || 1;
  const bend = Math.min(4, Math.abs(piece.x2 - piece.x1) / 2) * way;
  let path;
  if (piece.y1 === undefined) path = `M ${piece.x1} ${top}`;
  else path = `M ${piece.x1} ${piece.y1} V ${top + 4} Q ${piece.x1} ${top} ${piece.x1 + bend} ${top}`;
  if (piece.y2 === undefined) return { path: `${path} H ${piece.x2}`, top };
  path += ` H ${piece.x2 - bend} Q ${piece.x2} ${top} ${piece.x2} ${top + 4} V ${piece.y2 - 3}`;
  return { path, top };
}

function draw(piece, svg, labels) {
  const { path, top } = pathOf(piece);
  const { head, tail, type } = piece.relation;
  const group = s("g", { class: "arc", "data-head": head, "data-tail": tail }, s("path", { d: path }));
  if (piece.y2 !== undefined) {
    group.append(s("path", { class: "tip", d: `M ${piece.x2 - 3.5} ${piece.y2 - 5} h 7 l -3.5 5.500 z` }));
  }
  if (piece.y1 !== undefined) {
    const label = s("text", { x: (piece.x1 + piece.x2) / 2, y: top + 3.5 }, words(type));
    labels.append(s("g", { class: "arc", "data-head": head, "data-tail": tail }, label));
    label.dataset.low = String(Math.min(piece.x1, piece.x2));
    label.dataset.high = String(Math.max(piece.x1, piece.x2));
  }
  svg.append(group);
}

/** Makes the lines with arcs higher: a strut in each mention reaches above its text. */
function makeRoom(block, found, rows) {
  for (const strut of block.querySelectorAll(".strut")) {
    const at = found.get(strut.parentNode.dataset.id);
    const n = at ? (rows.get(at.line) ?? 0) : 0;
    const height = n ? 24 + n * ROW : 0;
    strut.style.lineHeight = `${height}px`;
    strut.style.verticalAlign = `${height / 2}px`;
  }
}

/** Draws the arcs of a block.
 *
 * `relationsOf` gives the relations of a mention, `orderOf` its place in reading order.
 */
export function drawBlock(block, relationsOf, orderOf) {
  block.querySelector(":scope > svg")?.remove();
  const ids = new Set([...block.querySelectorAll(".m:not(.off)")].map((mark) => mark.dataset.id));
  const mine = [...new Set([...ids].flatMap(relationsOf))];
  makeRoom(block, new Map(), new Map());
  if (!mine.length) return;
  const ends = new Set(mine.flatMap((relation) => [relation.head, relation.tail]));
  const before = measure(block, ends);
  makeRoom(block, before.found, stack(piecesOf(mine, before, orderOf)));
  const pieces = piecesOf(mine, measure(block, ends), orderOf);
  stack(pieces);
  const svg = s("svg", { class: "arcs", "aria-hidden": "true" });
  const labels = s("g", {});
  for (const piece of pieces) draw(piece, svg, labels);
  svg.append(labels); // last, so that no line runs over a name
  block.append(svg);
}

/** Moves names of arcs that come forward apart, and into the block. */
function placeLabels(svg) {
  const width = svg.getBoundingClientRect().width;
  const placed = [];
  for (const text of svg.querySelectorAll(".arc.on text")) {
    const half = text.getComputedTextLength() / 2 + 3;
    const low = Number(text.dataset.low), high = Number(text.dataset.high);
    const y = Number(text.getAttribute("y"));
    const tries = [0.5, 0.25, 0.75, 0, 1].map((share) =>
      Math.min(Math.max(low + share * (high - low), half), width - half),
    );
    const isFree = (x) =>
      placed.every((p) => Math.abs(p.y - y) > 12 || Math.abs(p.x - x) > p.half + half);
    const x = tries.find(isFree) ?? tries[0];
    text.setAttribute("x", String(x));
    placed.push({ x, y, half });
  }
}

/** Brings the arcs of a mention forward, with the mentions at their ends; null: none. */
export function highlight(place, id) {
  for (const lit of place.querySelectorAll(".on")) lit.classList.remove("on");
  place.classList.toggle("has-on", id !== null);
  if (id === null) return;
  const wanted = CSS.escape(id);
  const arcs = place.querySelectorAll(`.arc[data-head="${wanted}"], .arc[data-tail="${wanted}"]`);
  const ends = new Set([id]);
  for (const arc of arcs) {
    arc.classList.add("on");
    ends.add(arc.dataset.head).add(arc.dataset.tail);
  }
  for (const svg of new Set([...arcs].map((arc) => arc.ownerSVGElement))) placeLabels(svg);
  for (const end of ends) {
    for (const mark of place.querySelectorAll(`.m[data-id="${CSS.escape(end)}"]`)) mark.classList.add("on");
  }
}
