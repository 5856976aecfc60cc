// What is known of a mention, beside it, on hover and on focus.

import { byId, h, short, words } from "./dom.js";
import { factsOf } from "./facts.js";

let described = null;
let timer = 0;

export function hideNow() {
  byId("popover").hidden = true;
  described?.removeAttribute("aria-describedby");
  described = null;
}

/** Hides it after a moment, so that the pointer can move onto it. */
export function hidePopover() {
  clearTimeout(timer);
  timer = setTimeout(hideNow, 150);
}

/** Shows the facts of a mention below (or above) its mark. */
export function showPopover(paper, mention, mark, tag) {
  clearTimeout(timer);
  hideNow();
  const pop = byId("popover");
  const rows = factsOf(paper, mention).map(([label, value]) =>
    h("div", {}, h("dt", {}, label), h("dd", {}, short(value, 160))),
  );
  pop.replaceChildren(
    h("p", {}, h("b", {}, short(paper.textOf(mention), 80)), " ",
      h("span", { class: `chip t-${mention.type}` }, words(mention.type))),
    h("dl", {}, rows),
  );
  pop.hidden = false;
  tag?.setAttribute("aria-describedby", "popover");
  described = tag;
  const box = mark.getClientRects()[0], own = pop.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, innerWidth - own.width - 8));
  const below = box.bottom + 4;
  const fits = below + own.height < innerHeight - 8 || box.top - own.height < 8;
  pop.style.left = `${left}px`;
  pop.style.top = `${fits ? below : box.top - own.height - 8}px`;
}

/** Makes the popover stay while the pointer is on it and go with Escape. */
export function startPopover() {
  const pop = byId("popover");
  pop.addEventListener("mouseenter", () => clearTimeout(timer));
  pop.addEventListener("mouseleave", hidePopover);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideNow();
  });
  addEventListener("scroll", hideNow, { passive: true });
  addEventListener("resize", hideNow);
}
