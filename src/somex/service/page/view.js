// The text with its mentions: blocks of text, in them spans, each with a button that names its type.

import { h, words } from "./dom.js";

const MOST_DRAWN = 500; // mentions; beyond, what is out of sight is not laid out
const SHORT = { ProgrammingEnvironment: "environment", SoftwareCoreference: "coreference" };
const starts = new WeakMap(); // text node -> its place in the text of the paper

function textNode(text, start) {
  const made = document.createTextNode(text);
  starts.set(made, start);
  return made;
}

/** Cuts a text at its line breaks, but never inside a mention: `[start, end, isApart]`. */
export function blocksOf(text, mentions) {
  const blocks = [];
  let start = 0, place = 0, reached = 0;
  for (const match of text.matchAll(/\n+/g)) {
    while (place < mentions.length && mentions[place].start <= match.index) {
      reached = Math.max(reached, mentions[place].end);
      place += 1;
    }
    if (reached > match.index) continue;
    if (text.slice(start, match.index).trim()) {
      blocks.push([start, match.index, match[0].length > 1]);
    }
    start = match.index + match[0].length;
  }
  if (text.slice(start).trim()) blocks.push([start, text.length, true]);
  return blocks;
}

function markOf(paper, mention, children, isContinued) {
  const about = words(mention.type);
  const mark = h("span", { class: `m t-${mention.type}`, "data-id": mention.id }, isContinued ? null : h("span", { class: "strut" }), children);
  if (mention.confidence < 0.5) mark.classList.add("unsure");
  if (isContinued) mark.classList.add("continued");
  else {
    const name = `${about}: ${paper.textOf(mention)}`;
    const properties = { type: "button", class: "tag", tabindex: "-1", "data-id": mention.id };
    const tag = h("button", { ...properties, "aria-label": name }, SHORT[mention.type] ?? about);
    mark.append(keepTogether(mark.lastChild, tag));
  }
  return mark;
}

/** Puts a tag behind the last word of a text, so that no line begins with the tag alone. */
function keepTogether(last, tag) {
  if (last.nodeType !== Node.TEXT_NODE) return tag;
  const cut = /\S*$/.exec(last.data).index, { length } = last;
  if (length - cut > 20) return tag;
  const start = starts.get(last);
  const word = textNode(last.data.slice(cut), start + cut);
  if (cut) last.deleteData(cut, length - cut);
  else last.remove();
  return h("span", { class: "keep" }, word, tag);
}

/** Pieces of a span; `todo` holds its mentions as `[mention, start, end, isContinued]`, in order. */
function piecesOf(paper, start, end, todo) {
  const pieces = [];
  let reached = start;
  while (todo.length) {
    const [mention, first, last, isContinued] = todo.shift();
    if (reached < first) pieces.push(textNode(paper.text.slice(reached, first), reached));
    const inner = [], rest = [];
    while (todo.length && todo[0][1] < last) {
      const [other, otherFirst, otherLast, isLater] = todo.shift();
      inner.push([other, otherFirst, Math.min(otherLast, last), isLater]);
      if (otherLast > last) rest.push([other, last, otherLast, true]);
    }
    todo.unshift(...rest);
    pieces.push(markOf(paper, mention, piecesOf(paper, first, last, inner), isContinued));
    reached = last;
  }
  if (reached < end) pieces.push(textNode(paper.text.slice(reached, end), reached));
  return pieces;
}

function headingsOf(paper) {
  const found = new Map();
  for (const part of paper.source.sections ?? []) {
    const start = paper.offsets.toUnits(part.char_start);
    if (!found.has(start)) found.set(start, part.name);
  }
  return found;
}

/** Puts the text of a paper into a place; blocks without mentions are dimmed. */
export function renderText(paper, place) {
  const headings = headingsOf(paper);
  const mentions = [...paper.mentions].sort((a, b) => a.start - b.start || b.end - a.end);
  let at = 0;
  const blocks = blocksOf(paper.text, mentions).map(([start, end, isApart]) => {
    const inside = [];
    while (at < mentions.length && mentions[at].start < end) {
      inside.push([mentions[at], mentions[at].start, Math.min(end, mentions[at].end), false]);
      at += 1;
    }
    const isPlain = inside.length === 0;
    const tag = headings.get(start) === paper.text.slice(start, end).trim() ? "h3" : "p";
    const block = h(tag, { class: "block" }, piecesOf(paper, start, end, inside));
    if (isApart) block.classList.add("apart");
    if (isPlain && tag === "p") block.classList.add("plain");
    return block;
  });
  place.classList.toggle("large", paper.mentions.length > MOST_DRAWN);
  place.replaceChildren(...blocks);
}

/** Hides the mentions that a filter leaves out; their text stays. */
export function applyFilter(place, paper, isShown) {
  for (const mark of place.querySelectorAll(".m")) {
    mark.classList.toggle("off", !isShown(paper.byId.get(mark.dataset.id)));
  }
}

/** The place in the text of one end of a selection. */
function placeOf(node, offset, root) {
  if (node.nodeType === Node.TEXT_NODE && starts.has(node)) return starts.get(node) + offset;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const after = document.createRange();
  after.setStart(node, offset);
  let before = null;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!starts.has(text)) continue;
    if (after.comparePoint(text, 0) >= 0) return starts.get(text);
    before = starts.get(text) + text.length;
  }
  return before;
}

/** What is selected in a place, without blanks at its ends: `{start, end}`, else null. */
export function selectionIn(root, text) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  if (!root.contains(range.commonAncestorContainer)) return null;
  let start = placeOf(range.startContainer, range.startOffset, root);
  let end = placeOf(range.endContainer, range.endOffset, root);
  if (start === null || end === null) return null;
  while (start < end && /\s/.test(text[start])) start += 1;
  while (end > start && /\s/.test(text[end - 1])) end -= 1;
  return start < end ? { start, end } : null;
}

/** Rectangles of a span of the text, in the window. */
export function selectSpan(root, start, end) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let isOpen = false;
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!starts.has(node)) continue;
    const first = starts.get(node), last = first + node.length;
    if (!isOpen && start < last) {
      range.setStart(node, Math.max(0, start - first));
      isOpen = true;
    }
    if (isOpen && end <= last) {
      range.setEnd(node, end - first);
      break;
    }
  }
  if (!isOpen) return null;
  const selection = document.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return range;
}
