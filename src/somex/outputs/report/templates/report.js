"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const ROW = 15, ROOM = 9, GUTTER = 16, CHAR = 5.6;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const node = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };

  // Tables: a click on a header sorts by it, another one turns the order round.
  const key = (cell, kind) =>
    kind === "number" ? parseFloat(cell.textContent.replace(/[^\d.-]/g, "")) || 0 : cell.textContent.trim();
  all(".sortable thead button").forEach((button) => {
    button.addEventListener("click", () => {
      const head = button.closest("th"), body = head.closest("table").tBodies[0];
      const { kind } = button.dataset, place = head.cellIndex;
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : kind === "number";
      all("th[aria-sort]", head.parentNode).forEach((th) => th.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (a, b) => kind === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" });
      const rows = [...body.rows].map((row) => [key(row.cells[place], kind), row]);
      rows.sort((a, b) => (down ? -1 : 1) * order(a[0], b[0]));
      body.append(...rows.map(([, row]) => row));
    });
  });

  // Arcs: lines of the sentence are found, each arc gets a free row above a line, and the
  // distance of the lines grows until all rows have room. Arcs across lines run down the left.
  const places = (sentence, arcs) => {
    const origin = sentence.getBoundingClientRect();
    const tops = [];
    const line = (top) => {
      let n = tops.findIndex((known) => Math.abs(known - top) < 8);
      if (n < 0) n = tops.push(top) - 1;
      return n;
    };
    const found = new Map();
    for (const id of new Set(arcs.flatMap(([head, tail]) => [head, tail]))) {
      const mark = document.getElementById(id);
      if (!mark) continue;
      const box = mark.getClientRects()[0];
      found.set(id, { line: line(box.top), left: box.left - origin.left, width: box.width, top: box.top - origin.top });
    }
    return found;
  };
  const rowsOf = (arcs, found) => {
    const middle = (id) => { const at = found.get(id); return at.left + at.width / 2; };
    const heads = new Map();
    arcs.forEach(([head, tail]) => heads.set(tail, [...(heads.get(tail) || []), head]));
    const pieces = [];
    arcs.forEach(([head, tail, label], n) => {
      const from = found.get(head), to = found.get(tail);
      if (!from || !to) return;
      const side = heads.get(tail).sort((a, b) => found.get(a).line - found.get(b).line || middle(a) - middle(b));
      const x2 = to.left + to.width * (side.indexOf(head) + 1) / (side.length + 1), x1 = middle(head);
      const half = label.length * CHAR / 2 + 3;
      const piece = (line, a, b, text) => {
        const low = Math.min(a, b), high = Math.max(a, b), at = text ? Math.max((low + high) / 2, half - GUTTER) : 0;
        pieces.push({ n, line, x1: a, x2: b, label: text, at, low: text ? Math.min(low, at - half) : low, high: text ? Math.max(high, at + half) : high });
      };
      if (from.line === to.line) piece(from.line, x1, x2, label);
      else { piece(from.line, x1, null, label); piece(to.line, null, x2, ""); }
    });
    return pieces;
  };
  const stack = (pieces) => {
    const lines = new Map();
    let most = 0;
    [...pieces].sort((a, b) => (a.high - a.low) - (b.high - b.low)).forEach((piece) => {
      const taken = lines.get(piece.line) || [];
      let row = 0;
      while (taken.some((other) => other.row === row && other.low < piece.high + 4 && piece.low < other.high + 4)) row += 1;
      piece.row = row;
      lines.set(piece.line, [...taken, piece]);
      most = Math.max(most, row + 1);
    });
    return most;
  };
  const draw = (sentence) => {
    if (!sentence.offsetParent) return;
    const arcs = JSON.parse(sentence.dataset.arcs);
    all(":scope > svg", sentence).forEach((old) => old.remove());
    sentence.style.lineHeight = sentence.style.paddingTop = sentence.style.paddingLeft = "";
    const across = (found) => arcs.some(([h, t]) => found.has(h) && found.has(t) && found.get(h).line !== found.get(t).line);
    let found = places(sentence, arcs);
    const wide = across(found);
    if (wide) { sentence.style.paddingLeft = `${GUTTER}px`; found = places(sentence, arcs); }
    let pieces = lay(arcs, found);
    const extra = stack(pieces) * ROW + ROOM;
    sentence.style.lineHeight = `${26 + extra}px`;
    sentence.style.paddingTop = `${extra / 2}px`;
    found = places(sentence, arcs);
    pieces = lay(arcs, found);
    stack(pieces);
    paint(sentence, arcs, found, pieces);
  };
  const lay = (arcs, found) => {
    const pieces = rowsOf(arcs, found);
    let lane = 0;
    const lanes = new Map();
    pieces.forEach((piece) => {
      if (piece.x1 !== null && piece.x2 !== null) return;
      if (!lanes.has(piece.n)) lanes.set(piece.n, 3 + (lane++ % 3) * 4);
      const x = lanes.get(piece.n);
      const label = piece.label, half = label.length * CHAR / 2 + 3;
      if (piece.x1 === null) piece.x1 = x; else piece.x2 = x;
      piece.low = Math.min(piece.x1, piece.x2);
      piece.high = Math.max(piece.x1, piece.x2);
      if (label) {
        piece.at = Math.max((piece.low + piece.high) / 2, half + GUTTER);
        piece.high = Math.max(piece.high, piece.at + half);
      }
    });
    return pieces;
  };
  const labelPlace = (piece, pieces) => {
    const half = piece.label.length * CHAR / 2 + 2;
    const low = Math.min(piece.x1, piece.x2) + half, high = Math.max(piece.x1, piece.x2) - half;
    if (low >= high) return piece.at;
    const stems = pieces.filter((other) => other.line === piece.line && other.row > piece.row)
      .flatMap((other) => [other.x1, other.x2]);
    const tries = [0.5, 0.35, 0.65, 0.2, 0.8, 0, 1].map((share) => low + share * (high - low));
    const free = (at) => stems.every((x) => Math.abs(x - at) > half + 2);
    return tries.find(free) ?? tries[0];
  };
  const paint = (sentence, arcs, found, pieces) => {
    const svg = node("svg", { class: "arcs", "aria-hidden": "true" }, sentence);
    const labels = [];
    arcs.forEach(([head, tail], n) => {
      const mine = pieces.filter((piece) => piece.n === n);
      if (!mine.length) return;
      const group = node("g", { "data-ends": `${head} ${tail}` }, svg);
      const from = found.get(head), to = found.get(tail);
      const y = (piece, at) => at.top - 7 - piece.row * ROW;
      const [first, last] = [mine[0], mine[mine.length - 1]];
      const y1 = y(first, from), y2 = y(last, to), r = (a, b) => Math.min(4, Math.abs(a - b) / 2);
      const turn = (x, y, dx, dy) => `Q ${x} ${y} ${x + dx} ${y + dy}`;
      let path = `M ${first.x1} ${from.top - 1} V ${y1 + 4}`;
      if (mine.length === 1) {
        const way = Math.sign(first.x2 - first.x1) || 1, c = r(first.x1, first.x2);
        path += turn(first.x1, y1, way * c, 0) + ` H ${first.x2 - way * c} ` + turn(first.x2, y1, 0, 4);
      } else {
        const way = Math.sign(y2 - y1) || 1;
        path += turn(first.x1, y1, -4, 0) + ` H ${first.x2 + 4} ` + turn(first.x2, y1, 0, way * 4);
        path += ` V ${y2 - way * 4} ` + turn(last.x1, y2, 4, 0) + ` H ${last.x2 - 4} ` + turn(last.x2, y2, 0, 4);
      }
      node("path", { d: `${path} V ${to.top - 4}` }, group);
      node("path", { class: "tip", d: `M ${last.x2 - 3.5} ${to.top - 6} h 7 l -3.5 6 z` }, group);
      labels.push([first, y1 + 3.5, `${head} ${tail}`]);
    });
    labels.forEach(([piece, y, ends]) => {  // last, so that no line runs over them
      const x = labelPlace(piece, pieces);
      const text = node("text", { x, y }, node("g", { "data-ends": ends }, svg));
      text.textContent = piece.label;
    });
  };
  const sentences = all("[data-arcs]");
  let run = 0;
  const drawAll = () => {  // in slices, so that a page of thousands of arcs answers meanwhile
    const mine = ++run, target = document.getElementById(location.hash.slice(1));
    let n = 0;
    const slice = () => {
      if (mine !== run) return;
      const end = performance.now() + 40;
      while (n < sentences.length && performance.now() < end) draw(sentences[n++]);
      if (n < sentences.length) setTimeout(slice);
      else if (target && window.scrollY) target.scrollIntoView();
    };
    slice();
  };
  let width = 0, timer = 0;
  const redraw = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (window.innerWidth !== width) { width = window.innerWidth; drawAll(); }
    }, 120);
  };
  width = window.innerWidth;
  drawAll();
  window.addEventListener("resize", redraw);
  all("details").forEach((one) => one.addEventListener("toggle", () => all("[data-arcs]", one).forEach(draw)));

  // What is known of a mention, on hover and on focus.
  const pop = document.createElement("div");
  pop.className = "pop";
  pop.hidden = true;
  pop.setAttribute("aria-hidden", "true");
  document.body.append(pop);
  const light = (id, on) => {
    all(`mark[data-m]`).filter((mark) => mark.dataset.m === id).forEach((mark) => mark.classList.toggle("on", on));
  };
  let lit = [];
  const hide = () => {
    pop.hidden = true;
    lit.forEach((undo) => undo());
    lit = [];
  };
  const show = (mark) => {
    hide();
    const start = document.getElementById(mark.dataset.m);
    const facts = start && document.getElementById(start.getAttribute("aria-describedby"));
    if (!facts) return;
    const title = facts.querySelector("a").cloneNode(true), name = document.createElement("b");
    name.append(...title.childNodes);
    pop.replaceChildren(name, " ", ...[...facts.children].slice(1).map((child) => child.cloneNode(true)));
    pop.hidden = false;
    const box = mark.getClientRects()[0], own = pop.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, window.innerWidth - own.width - 8));
    const below = box.bottom + 8, fits = below + own.height < window.innerHeight - 8;
    pop.style.left = `${left}px`;
    pop.style.top = `${fits ? below : Math.max(8, box.top - own.height - 8)}px`;
    all(".arcs g").filter((group) => group.dataset.ends.split(" ").includes(mark.dataset.m)).forEach((group) => {
      group.classList.add("on");
      lit.push(() => group.classList.remove("on"));
      group.dataset.ends.split(" ").forEach((id) => { light(id, true); lit.push(() => light(id, false)); });
    });
  };
  const markAt = (event) => event.target.closest && event.target.closest("mark[data-m]");
  document.addEventListener("mouseover", (event) => { const mark = markAt(event); if (mark) show(mark); });
  document.addEventListener("mouseout", (event) => { if (markAt(event)) hide(); });
  document.addEventListener("focusin", (event) => { const mark = markAt(event); if (mark) show(mark); else hide(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  window.addEventListener("scroll", hide, { passive: true });
})();
