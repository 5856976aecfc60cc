// The corpus: what papers use, in which versions, together with what, and how they cite it.

import { getDashboard } from "./api.js";
import { byId, count, h, s } from "./dom.js";
import { drawNetwork } from "./network.js";

const MOST_ROWS = 15; // of a list, until the user asks for all of them

/** A table with its first rows, and a button that shows the others. */
function cutTable(label, heads, rows) {
  const found = table(label, heads, rows);
  const rest = rows.slice(MOST_ROWS);
  for (const row of rest) row.hidden = true;
  if (!rest.length) return found;
  const showAll = (event) => {
    for (const row of rest) row.hidden = false;
    event.currentTarget.remove();
  };
  return h("div", {}, found, h("button", { type: "button", class: "plain-link", onclick: showAll }, `Show all ${rows.length}`));
}

function bar(share, kind = "a") {
  const svg = s("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(s("rect", { class: `bar-${kind}`, width: (100 * share).toFixed(2), height: 10 }));
  return svg;
}

/** A bar with its number. */
const meter = (share, text, kind) => h("div", { class: "meter" }, bar(share, kind), h("span", {}, text));

function table(label, heads, rows) {
  return h("table", { class: "plain-table", "aria-label": label },
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows));
}

function section(title, note, ...parts) {
  return h("section", { class: "chart" }, h("h2", {}, title), h("p", { class: "note" }, note), ...parts);
}

function mostUsed(rows) {
  const most = Math.max(1, ...rows.map((row) => row.papers));
  const body = rows.map((row) =>
    h("tr", {}, h("th", { scope: "row" }, row.name), h("td", { class: "wide" }, meter(row.papers / most, row.papers.toLocaleString("en")))));
  return section("Most used software", "Papers that mention it.", cutTable("Most used software", ["Software", "Papers"], body));
}

/** Numbers by version and year; the more papers, the stronger the shade. */
function versionTable({ name, rows }) {
  const years = [...new Set(rows.map((row) => row.year ?? "no year"))].sort();
  const totals = new Map();
  for (const row of rows) totals.set(row.version, (totals.get(row.version) ?? 0) + row.papers);
  const versions = [...totals.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const most = Math.max(1, ...rows.map((row) => row.papers));
  const at = new Map(rows.map((row) => [`${row.version}\n${row.year ?? "no year"}`, row.papers]));
  const body = versions.map((version) =>
    h("tr", {}, h("th", { scope: "row" }, version),
      years.map((year) => {
        const n = at.get(`${version}\n${year}`) ?? 0;
        return h("td", { class: `heat heat-${n ? Math.ceil((4 * n) / most) : 0}` }, n ? String(n) : "");
      })));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Versions of ${name} by year` },
    table(`Papers by version of ${name} and year`, ["Version", ...years.map(String)], body));
}

function versions(answer) {
  const place = h("div", {});
  const show = (n) => place.replaceChildren(versionTable(answer[n]));
  show(0);
  const options = answer.map(({ name }, n) => h("option", { value: n }, name));
  const field = h("p", { class: "field" }, h("label", { for: "version-of" }, "Software"),
    h("select", { id: "version-of", onchange: (event) => show(Number(event.target.value)) }, options));
  return section("Versions over time", "Papers that name a version, by year of publication.", field, place);
}

function network(answer) {
  const told = h("p", { class: "note told", role: "status" }, "Point at a software, or reach it by Tab and arrow keys, to see what it is used with.");
  const links = [...answer.links].sort((a, b) => b.papers - a.papers).slice(0, 100);
  const rows = links.map((link) =>
    h("tr", {}, h("th", { scope: "row" }, link.from), h("td", {}, link.to), h("td", { class: "n" }, String(link.papers))));
  return section("Used together", "A line joins software of one paper: the wider, the more papers.",
    h("div", {},
      drawNetwork(answer, innerWidth < 640 ? [360, 480] : [720, 460], (text) => { told.textContent = text; })),
    told,
    h("details", {}, h("summary", {}, "The same as a table"), table("Pairs of software", ["Software", "With", "Papers"], rows)));
}

function badlyCited(rows) {
  const body = rows.map((row) => {
    const cell = (n) =>
      h("td", { class: "wide" }, meter(n / row.papers, `${Math.round((100 * n) / row.papers)} %`, "b"));
    return h("tr", {}, h("th", { scope: "row" }, row.name), h("td", { class: "n" }, String(row.papers)),
      cell(row.without_citation), cell(row.without_version));
  });
  const heads = ["Software", "Papers", "No citation", "No version"];
  return section("Cited badly", "Of the papers that mention it, the share that gives no citation, and no version.",
    h("div", { class: "scroll thirds", tabindex: "0", role: "region", "aria-label": "Software cited badly" }, cutTable("Software cited badly", heads, body)));
}

function draw(place, answer) {
  const figures = [["n_papers", "papers"], ["n_software", "software"], ["n_mentions", "mentions"]]
    .filter(([key]) => Number.isFinite(answer[key]))
    .map(([key, label]) => h("li", {}, h("b", {}, answer[key].toLocaleString("en")), label));
  const parts = [h("ul", { class: "figures" }, figures)];
  if (answer.most_used?.length) parts.push(mostUsed(answer.most_used));
  if (answer.badly_cited?.length) parts.push(badlyCited(answer.badly_cited));
  if (answer.co_use?.nodes?.length) parts.push(network(answer.co_use));
  if (answer.versions?.length) parts.push(versions(answer.versions));
  if (parts.length === 1) parts.push(h("p", {}, "The store holds no software yet."));
  place.replaceChildren(...parts);
  return `Corpus of ${count(answer.n_papers ?? 0, "paper")}`;
}

/** Loads the dashboard into its view, once; returns what to say. */
export async function showDashboard() {
  const place = byId("dashboard");
  if (place.dataset.state === "shown") return "";
  place.replaceChildren(h("p", { class: "note" }, "Loading…"));
  try {
    const told = draw(place, await getDashboard());
    place.dataset.state = "shown";
    return told;
  } catch (error) {
    if (error.status !== 404) throw error;
    place.replaceChildren(
      h("p", {}, "This service has no corpus to show. Make a store of your papers and start it with that:"),
      h("pre", {}, h("code", {}, "somex extract papers/ --out out\nsomex graph load store out\nsomex serve --store store")),
    );
    return "There is no corpus.";
  }
}
