// The chosen mention: its facts, and the controls that correct it.

import { h, link, short, webHref, doiHref, words } from "./dom.js";
import { nextBorder } from "./edits.js";
import { factsOf, percent } from "./facts.js";

const MOST_PARTNERS = 60; // mentions that the list for a new relation offers, the nearest ones

/** A select box with a label; `options` are `[value, text]`. */
function select(id, label, options, chosen, onchange) {
  const items = options.map(([value, text]) =>
    h("option", { value, selected: value === chosen }, text),
  );
  return h("p", { class: "field" }, h("label", { for: id }, label), h("select", { id, onchange }, items));
}

function fact([label, value]) {
  const shown = label === "DOI" ? link(value, doiHref(value)) : link(short(value, 240), webHref(value));
  return h("div", {}, h("dt", {}, label), h("dd", {}, shown));
}

function partnersOf(paper, schema, mention, { type, isHead }) {
  return paper.mentions
    .filter((other) => other.id !== mention.id)
    .filter((other) =>
      isHead
        ? schema.allows(type, mention.type, other.type)
        : schema.allows(type, other.type, mention.type),
    )
    .map((other) => ({ other, distance: Math.abs(other.start - mention.start) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_PARTNERS)
    .map(({ other }) => other);
}

function spanField(paper, mention, on) {
  const move = (isStart, step, what) => {
    const from = isStart ? mention.start : mention.end;
    const to = nextBorder(paper.text, from, step, isStart);
    const [start, end] = isStart ? [to, mention.end] : [mention.start, to];
    const id = `span-${isStart ? "start" : "end"}-${step < 0 ? "left" : "right"}`;
    const disabled = to === from || end <= start;
    const sign = step < 0 ? "◀" : "▶";
    const onclick = () => on.span(mention.id, start, end, id);
    return h("button", { type: "button", id, disabled, "aria-label": what, title: what, onclick }, sign);
  };
  return h(
    "fieldset",
    { class: "span" },
    h("legend", {}, "Span"),
    h("span", { class: "pair" }, "Start ", move(true, -1, "Start one word earlier"), move(true, 1, "Start one word later")),
    h("span", { class: "pair" }, "End ", move(false, -1, "End one word earlier"), move(false, 1, "End one word later")),
  );
}

function relationList(paper, mention, on) {
  const mine = paper.relations.filter((r) => r.head === mention.id || r.tail === mention.id);
  if (!mine.length) return h("p", { class: "note" }, "No relations.");
  const items = mine.map((relation) => {
    const isHead = relation.head === mention.id;
    const other = paper.byId.get(isHead ? relation.tail : relation.head);
    const text = short(paper.textOf(other), 40);
    const role = words(relation.type);
    const go = h("button", { type: "button", class: "plain-link", onclick: () => on.go(other.id) }, text);
    const about = isHead ? [`${role} `, go] : [`${role.replace(/ of$/, "")}: `, go];
    const name = `Delete relation: ${role} ${text}`;
    const onclick = () => on.unrelate(relation);
    return h(
      "li",
      {},
      h("span", {}, about, h("small", {}, ` ${percent(relation.confidence)}`)),
      h("button", { type: "button", class: "small", "aria-label": name, title: name, onclick }, "✕"),
    );
  });
  return h("ul", { class: "relations" }, items);
}

function relationForm(paper, schema, mention, on) {
  const options = schema
    .optionsOf(mention.type)
    .map((option) => ({ ...option, partners: partnersOf(paper, schema, mention, option) }))
    .filter((option) => option.partners.length);
  if (!options.length) {
    return h("p", { class: "note" }, "The schema allows no further relation with the other mentions.");
  }
  const textOf = ({ type, isHead }) =>
    isHead ? `is ${words(type)}` : `has ${words(type).replace(/ of$/, "")}`;
  const kinds = options.map((option, n) => [String(n), textOf(option)]);
  const partners = h("select", { id: "relation-partner" });
  const fill = (n) => {
    const items = options[n].partners.map((other) => {
      const side = other.start < mention.start ? "before" : "after";
      return h("option", { value: other.id }, `${short(paper.textOf(other), 32)} (${words(other.type)}, ${side})`);
    });
    partners.replaceChildren(...items);
  };
  fill(0);
  const kind = select("relation-kind", "New relation", kinds, "0", (event) => fill(Number(event.target.value)));
  const add = () => {
    const { type, isHead } = options[Number(kind.querySelector("select").value)];
    const [head, tail] = isHead ? [mention.id, partners.value] : [partners.value, mention.id];
    on.relate(type, head, tail);
  };
  return h(
    "div",
    { class: "new-relation" },
    kind,
    h("p", { class: "field" }, h("label", { for: "relation-partner" }, "with"), partners),
    h("button", { type: "button", id: "add-relation", onclick: add }, "Add relation"),
  );
}

/** Fills the panel with a mention; `on` has what the controls call. */
export function renderPanel(place, paper, schema, mention, on) {
  const types = schema.entityTypes.map((type) => [type, words(type)]);
  const purposes = [["", "none"], ...schema.purposes.map((purpose) => [purpose, words(purpose)])];
  const takesPurpose = schema.purposeTypes.has(mention.type);
  const parts = [
    h(
      "div",
      { class: "panel-head" },
      h("h3", { id: "panel-title", tabindex: "-1" }, short(paper.textOf(mention), 80), " ",
        h("span", { class: `chip t-${mention.type}` }, words(mention.type))),
      h("button", { type: "button", class: "small", "aria-label": "Close the mention", onclick: () => on.close() }, "✕"),
    ),
    h("dl", { class: "facts" }, factsOf(paper, mention).map(fact)),
    h("h4", {}, "Correct it"),
    select("mention-type", "Type", types, mention.type, (event) => on.retype(mention.id, event.target.value)),
    takesPurpose
      ? select("mention-purpose", "Purpose", purposes, mention.purpose ?? "", (event) =>
          on.purpose(mention.id, event.target.value || null))
      : null,
    spanField(paper, mention, on),
    h("h4", {}, "Relations"),
    relationList(paper, mention, on),
    relationForm(paper, schema, mention, on),
    h(
      "p",
      { class: "buttons" },
      mention.confidence < 1
        ? h("button", { type: "button", id: "confirm-mention", onclick: () => on.confirm(mention.id) }, "It is right")
        : null,
      h("button", { type: "button", id: "delete-mention", class: "warn", onclick: () => on.remove(mention.id) }, "Delete mention"),
    ),
  ];
  place.replaceChildren(...parts.filter(Boolean));
}
