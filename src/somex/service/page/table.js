// The software of a paper as a table that can be sorted; on phones its rows become cards.

import { doiHref, h, link, webHref, words } from "./dom.js";
import { softwareOf } from "./facts.js";

const versionsOf = (row) => [...row.versions, ...row.releases.map((text) => `${text} (release)`)];

const COLUMNS = [
  ["name", "Name", (row) => row.name],
  ["type", "Type", (row) => words(row.type)],
  ["versions", "Version", (row) => versionsOf(row).join(", ")],
  ["developers", "Developer", (row) => row.developers.join(", ")],
  ["citations", "Citation", (row) => row.citations.join(", ")],
  ["urls", "Link", (row) => row.urls.join(", ")],
  ["licences", "Licence", (row) => row.licences.join(", ")],
  ["purposes", "Purpose", (row) => row.purposes.join(", ")],
  ["mentions", "Mentions", (row) => row.mentions.length],
  ["missing", "Missing", (row) => Number(!row.hasVersion) + Number(!row.hasCitation)],
];

let sorting = { key: null, isDown: false };

/** Shows at most this many of a list, and how many more there are. */
const MOST_ITEMS = 6;

function list(items, show = (item) => item) {
  if (!items.length) return h("span", { class: "none" }, "–");
  const parts = items.slice(0, MOST_ITEMS).flatMap((item, n) => (n ? [", ", show(item)] : [show(item)]));
  if (items.length > MOST_ITEMS) parts.push(` and ${items.length - MOST_ITEMS} more`);
  return parts;
}

function missing(row) {
  const parts = [];
  if (!row.hasVersion) parts.push(h("span", { class: "lack" }, "no version"));
  if (!row.hasCitation) parts.push(h("span", { class: "lack" }, "no citation"));
  return parts.length ? parts : h("span", { class: "fine" }, "nothing");
}

function citations(row) {
  if (row.dois.length) return list(row.dois, (doi) => link(doi, doiHref(doi)));
  return list(row.citations);
}

function cellsOf(row, go) {
  const onclick = () => go(row.mentions[0].id);
  const others = row.others.length ? h("span", { class: "sub" }, `also ${row.others.slice(0, 4).join(", ")}`) : null;
  return {
    name: [h("button", { type: "button", class: "plain-link", onclick, title: "Go to its first mention" }, row.name), others],
    type: h("span", { class: `chip t-${row.type}` }, words(row.type)),
    versions: list(versionsOf(row)),
    developers: list(row.developers),
    citations: citations(row),
    urls: list(row.urls, (url) => link(url, webHref(url))),
    licences: list(row.licences),
    purposes: list(row.purposes.map(words)),
    mentions: String(row.mentions.length),
    missing: missing(row),
  };
}

function headOf(columns, resort) {
  const cells = columns.map(([key, title]) => {
    const isSorted = sorting.key === key;
    const order = isSorted ? (sorting.isDown ? "descending" : "ascending") : null;
    const button = h("button", { type: "button", "data-sort": key, onclick: () => resort(key) }, title);
    return h("th", { scope: "col", role: "columnheader", "aria-sort": order }, button);
  });
  return h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, cells));
}

function sorted(rows) {
  if (sorting.key === null) return rows;
  const [, , value] = COLUMNS.find(([key]) => key === sorting.key);
  const compare = (a, b) =>
    typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" });
  const way = sorting.isDown ? -1 : 1;
  return [...rows].sort((a, b) => way * compare(value(a), value(b)));
}

function draw(place, rows, go) {
  const isUsed = ([key]) =>
    !["developers", "urls", "licences", "purposes"].includes(key) || rows.some((row) => row[key].length);
  const columns = COLUMNS.filter(isUsed);
  const resort = (key) => {
    const isNumber = key === "mentions" || key === "missing";
    sorting = { key, isDown: sorting.key === key ? !sorting.isDown : isNumber };
    draw(place, rows, go);
    place.querySelector(`[data-sort="${key}"]`).focus();
  };
  const body = sorted(rows).map((row) => {
    const cells = cellsOf(row, go);
    return h("tr", { role: "row" }, columns.map(([key, title]) =>
      key === "name"
        ? h("th", { scope: "row", role: "rowheader", "data-label": title }, cells[key])
        : h("td", { role: "cell", class: `c-${key}`, "data-label": title }, h("div", {}, cells[key])),
    ));
  });
  const table = h("table", { class: "software", role: "table", "aria-label": "Software of this text" },
    headOf(columns, resort), h("tbody", { role: "rowgroup" }, body));
  place.replaceChildren(h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of software" }, table));
}

/** Shows the software of a paper; `go` leads to a mention. Returns its rows. */
export function renderTable(place, paper, schema, isShown, go) {
  const rows = softwareOf(paper, schema, isShown);
  if (rows.length) draw(place, rows, go);
  else {
    const hidden = paper.mentions.some((mention) => schema.softwareTypes.has(mention.type));
    place.replaceChildren(h("p", { class: "note" },
      hidden ? "The filter leaves out all software." : "No software was found in this text."));
  }
  return rows;
}
