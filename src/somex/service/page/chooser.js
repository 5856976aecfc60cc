// Marks a passage: a box beside what is selected that offers the types; and a form that selects by
// words, for those who have no pointer.

import { byId, h, short, words } from "./dom.js";

export class Chooser {
  #span = null;

  /** `on.add(start, end, type)` and `on.span(start, end)` are called as the user chooses. */
  constructor(reader, on) {
    this.reader = reader;
    this.on = on;
    this.place = byId("chooser");
    byId("mark-form").addEventListener("submit", (event) => this.#find(event));
    this.place.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    addEventListener("resize", () => this.#put());
    addEventListener("scroll", () => this.#put(), { passive: true });
  }

  /** Shows the box for a span, hides it for null; `chosen` is the mention in the panel. */
  offer(paper, schema, span, chosen) {
    this.paper = paper;
    if (span === null) {
      if (!this.place.contains(document.activeElement)) this.close();
      return;
    }
    const isSame = this.#span?.start === span.start && this.#span?.end === span.end;
    this.#span = span;
    if (!isSame || this.place.hidden) this.#fill(schema, chosen);
    this.place.hidden = false;
    this.#put();
  }

  close() {
    this.place.hidden = true;
    this.#span = null;
  }

  #fill(schema, chosen) {
    const { start, end } = this.#span;
    const done = (call) => () => {
      this.close();
      document.getSelection().removeAllRanges();
      call();
    };
    const types = schema.entityTypes.map((type) =>
      h("button", { type: "button", class: `chip t-${type}`, "data-type": type, onclick: done(() => this.on.add(start, end, type)) }, words(type)),
    );
    const text = short(this.paper.text.slice(start, end), 40);
    const parts = [h("p", { id: "chooser-title" }, "Mark ", h("b", {}, `“${text}”`), " as"), h("div", { class: "chips" }, types)];
    if (chosen) {
      const label = `Make it the span of “${short(this.paper.textOf(chosen), 24)}”`;
      parts.push(h("button", { type: "button", id: "use-span", onclick: done(() => this.on.span(chosen.id, start, end)) }, label));
    }
    parts.push(h("button", { type: "button", class: "plain-link", onclick: done(() => this.on.cancel()) }, "Cancel"));
    this.place.replaceChildren(...parts);
  }

  #put() {
    if (this.place.hidden) return;
    const selection = document.getSelection();
    if (!selection.rangeCount) return;
    const box = selection.getRangeAt(0).getBoundingClientRect();
    const own = this.place.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, innerWidth - own.width - 8));
    const fits = box.bottom + 8 + own.height < innerHeight;
    const top = fits ? box.bottom + 8 : box.top - own.height - 8;
    this.place.style.left = `${left}px`;
    this.place.style.top = `${Math.max(8, Math.min(top, innerHeight - own.height - 8))}px`;
  }

  /** Selects the next place where the words of the form stand, and moves the focus to the box. */
  #find(event) {
    event.preventDefault();
    const wanted = byId("mark-words").value.trim();
    const { paper } = this;
    if (!wanted || !paper) return;
    const from = this.found === wanted ? this.foundAt + 1 : 0;
    const text = paper.text.toLowerCase().length === paper.text.length ? paper.text.toLowerCase() : paper.text;
    const needle = text === paper.text ? wanted : wanted.toLowerCase();
    let at = text.indexOf(needle, from);
    if (at < 0) at = text.indexOf(needle);
    if (at < 0) {
      this.on.said(`“${short(wanted, 40)}” is not in the text.`);
      return;
    }
    this.found = wanted;
    this.foundAt = at;
    this.reader.select(at, at + wanted.length);
    this.on.offer({ start: at, end: at + wanted.length });
    this.place.querySelector("button").focus();
    const before = short(paper.text.slice(Math.max(0, at - 30), at), 30);
    this.on.said(`Found after “${before}”. Choose a type, or search again for the next place.`);
  }
}
