// The list of documents, where a file held more than one, and of what could not be read.

import { byId, count, h } from "./dom.js";

/** Shows the papers as a list to choose from; `choose(n)` is called with the place of one. */
export function renderDocuments(papers, current, choose) {
  const place = byId("documents");
  place.hidden = papers.length < 2;
  const items = papers.map((paper, n) => {
    const about = count(paper.mentions.length, "mention");
    const button = h("button", { type: "button", "aria-current": n === current ? "true" : null, onclick: () => choose(n) },
      paper.title, h("small", {}, about));
    return h("li", {}, button);
  });
  byId("documents-title").textContent = count(papers.length, "document");
  byId("document-list").replaceChildren(...items);
}

/** Tells which parts of a file could not be read. */
export function renderFailures(failures) {
  const place = byId("failures");
  place.hidden = failures.length === 0;
  const items = failures.slice(0, 50).map((failure) => {
    const name = failure.id;
    return h("li", {}, h("b", {}, name), ": ", failure.reason);
  });
  byId("failure-list").replaceChildren(...items);
  byId("failures-title").textContent = `${count(failures.length, "part")} could not be read`;
}
