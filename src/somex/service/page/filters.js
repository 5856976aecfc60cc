// The filter: which types, and from which confidence on.

import { byId, h, words } from "./dom.js";

export class Filter {
  #hidden = new Set();

  /** `onchange` is called when the user changes something. */
  constructor(onchange) {
    this.least = 0;
    this.onchange = onchange;
    byId("least").addEventListener("input", (event) => {
      this.least = Number(event.target.value) / 100;
      this.#tell();
      onchange();
    });
    byId("all-types").addEventListener("click", () => this.#set(new Set()));
    byId("no-types").addEventListener("click", () => this.#set(new Set(this.types ?? [])));
  }

  /** Tells whether a mention passes. */
  isShown = (mention) => !this.#hidden.has(mention.type) && mention.confidence >= this.least;

  get isActive() {
    return this.#hidden.size > 0 || this.least > 0;
  }

  /** Lists the types of a paper with their numbers. */
  show(paper, schema) {
    const counts = new Map();
    for (const { type } of paper.mentions) counts.set(type, (counts.get(type) ?? 0) + 1);
    this.types = schema.entityTypes.filter((type) => counts.has(type));
    const items = this.types.map((type) => {
      const id = `type-${type}`;
      const onchange = (event) => {
        if (event.target.checked) this.#hidden.delete(type);
        else this.#hidden.add(type);
        this.onchange();
      };
      const box = h("input", { type: "checkbox", id, checked: !this.#hidden.has(type), onchange });
      const label = h("label", { for: id }, h("span", { class: `chip t-${type}` }, words(type)), ` ${counts.get(type)}`);
      return h("li", {}, box, label);
    });
    byId("types").replaceChildren(...items);
    this.#tell();
  }

  #set(hidden) {
    this.#hidden = hidden;
    for (const box of byId("types").querySelectorAll("input")) {
      box.checked = !hidden.has(box.id.slice("type-".length));
    }
    this.onchange();
  }

  #tell() {
    const percent = Math.round(this.least * 100);
    byId("least").setAttribute("aria-valuetext", `${percent} percent`);
    byId("least-value").textContent = percent === 0 ? "any" : `≥ ${percent} %`;
  }
}
