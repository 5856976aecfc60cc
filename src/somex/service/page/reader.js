// The text on the page: hover, focus and keys on its mentions, arcs where it is in sight.

import { drawBlock, highlight } from "./arcs.js";
import { hideNow, hidePopover, showPopover } from "./popover.js";
import { applyFilter, renderText, selectionIn, selectSpan } from "./view.js";

const NEXT = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const SMALL = matchMedia("(max-width: 60rem)");
const TOUCH = matchMedia("(hover: none)"); // a tap opens the panel, which tells the same

export class Reader {
  #paper = null;
  #isShown = () => true;
  #chosen = null;
  #waiting = new Set();

  /** `on` has `choose(id)`, `remove(id)` and `select(span)`, called as the user asks for them. */
  constructor(place, on) {
    this.place = place;
    this.on = on;
    this.hasArcs = true;
    this.sight = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "300px" });
    new ResizeObserver(() => this.redraw()).observe(place);
    place.addEventListener("mouseover", (event) => this.#hover(event));
    place.addEventListener("mouseleave", () => this.#leave());
    place.addEventListener("focusin", (event) => this.#focus(event));
    place.addEventListener("focusout", () => this.#leave());
    place.addEventListener("click", (event) => this.#click(event));
    place.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("selectionchange", () => this.#selected());
  }

  /** Shows a paper; the mention that had the focus keeps it. */
  show(paper, isShown) {
    const focused = this.place.contains(document.activeElement)
      ? document.activeElement.dataset.id
      : null;
    this.#paper = paper;
    this.#isShown = isShown;
    hidePopover();
    renderText(paper, this.place);
    this.#index();
    this.filter(isShown);
    if (focused) this.focus(focused);
  }

  #index() {
    this.order = new Map(this.#paper.mentions.map((mention, n) => [mention.id, n]));
    this.relations = new Map();
    for (const relation of this.#paper.relations) {
      for (const id of [relation.head, relation.tail]) {
        this.relations.set(id, [...(this.relations.get(id) ?? []), relation]);
      }
    }
  }

  /** Shows only some mentions. */
  filter(isShown) {
    this.#isShown = isShown;
    applyFilter(this.place, this.#paper, isShown);
    const tags = this.#tags();
    const current = tags.find((tag) => tag.dataset.id === this.#chosen) ?? tags[0];
    for (const tag of this.place.querySelectorAll(".tag")) tag.tabIndex = -1;
    if (current) current.tabIndex = 0;
    this.redraw();
  }

  /** Draws all arcs again, those in sight first and the others when they come into sight. */
  redraw() {
    this.sight.disconnect();
    this.#waiting = new Set(this.place.querySelectorAll(".block:has(.m)"));
    for (const block of this.#waiting) this.sight.observe(block);
  }

  #seen(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !this.#waiting.delete(target)) continue;
      this.sight.unobserve(target);
      const isDrawn = (relation) =>
        this.hasArcs &&
        this.#isShown(this.#paper.byId.get(relation.head)) &&
        this.#isShown(this.#paper.byId.get(relation.tail));
      const relationsOf = (id) => (this.relations.get(id) ?? []).filter(isDrawn);
      drawBlock(target, relationsOf, (id) => this.order.get(id));
    }
    highlight(this.place, this.#chosen);
  }

  #tags() {
    return [...this.place.querySelectorAll(".m:not(.off) > .tag, .m:not(.off) > .keep > .tag")];
  }

  tagOf(id) {
    return this.place.querySelector(`.tag[data-id="${CSS.escape(id)}"]`);
  }

  /** Moves the focus to a mention. */
  focus(id) {
    const tag = this.tagOf(id);
    if (!tag) return;
    for (const other of this.place.querySelectorAll('.tag[tabindex="0"]')) other.tabIndex = -1;
    tag.tabIndex = 0;
    tag.scrollIntoView({ block: "nearest" });
    tag.focus();
  }

  /** Keeps the arcs of a mention in front; null: of none. */
  choose(id) {
    this.#chosen = id;
    for (const mark of this.place.querySelectorAll(".chosen")) mark.classList.remove("chosen");
    if (id !== null) this.tagOf(id)?.closest(".m").classList.add("chosen");
    highlight(this.place, id);
  }

  /** Scrolls a mention out from under the panel, which on small screens lies over the text. */
  uncover(id) {
    const tag = this.tagOf(id);
    if (!tag || !SMALL.matches) return;
    const { top, bottom } = tag.getBoundingClientRect();
    if (top < 0 || bottom > 0.42 * innerHeight) scrollBy(0, bottom - 0.3 * innerHeight);
  }

  /** Selects a span as if by mouse. */
  select(start, end) {
    const range = selectSpan(this.place, start, end);
    range?.startContainer.parentElement.scrollIntoView({ block: "center" });
  }

  #markAt(event) {
    return event.target.closest?.(".m:not(.off)") ?? null;
  }

  #present(mark) {
    const { id } = mark.dataset;
    highlight(this.place, id);
    showPopover(this.#paper, this.#paper.byId.get(id), mark, this.tagOf(id));
  }

  #hover(event) {
    const mark = this.#markAt(event);
    if (mark && (!document.getSelection().isCollapsed || TOUCH.matches)) return;
    if (mark) this.#present(mark);
    else this.#leave();
  }

  #leave() {
    hidePopover();
    highlight(this.place, this.#chosen);
  }

  #focus(event) {
    const mark = this.#markAt(event);
    if (mark && event.target.matches(":focus-visible")) this.#present(mark);
  }

  #click(event) {
    const mark = this.#markAt(event);
    if (!mark || !document.getSelection().isCollapsed) return;
    hideNow();
    this.on.choose(mark.dataset.id);
  }

  #key(event) {
    const tag = event.target.closest(".tag");
    if (!tag || event.ctrlKey || event.metaKey || event.altKey) return;
    const tags = this.#tags();
    const at = tags.indexOf(tag);
    const to = { Home: 0, End: tags.length - 1 }[event.key] ?? at + (NEXT[event.key] ?? NaN);
    if (!Number.isNaN(to)) {
      event.preventDefault();
      const next = tags[Math.max(0, Math.min(tags.length - 1, to))];
      this.focus(next.dataset.id);
    } else if (event.key === "Delete") {
      event.preventDefault();
      this.on.remove(tag.dataset.id);
    } else if (event.key === "Escape") this.#leave();
  }

  #selected() {
    if (this.#paper) this.on.select(selectionIn(this.place, this.#paper.text));
  }
}
