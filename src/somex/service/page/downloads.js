// Downloads: the annotation as it stands on the page, corrections included.

import { convert } from "./api.js";
import { byId, h, save } from "./dom.js";

const GROUPS = [
  ["To read on", [["json", "JSON", "one object a document"], ["csv", "CSV", "tables of software, mentions, relations"]]],
  ["As linked data", [["turtle", "Turtle", "RDF"], ["jsonld", "JSON-LD", "RDF"], ["web-annotation", "Web Annotation", "W3C's model"]]],
  ["To train on", [["jsonl", "JSON Lines", "loses nothing"], ["brat", "BRAT", "text and .ann files"], ["somd", "SOMD", "the shared task's files"]]],
];

function fileName(id, ending) {
  const name = id.split("/").pop().replace(/[^\w.-]+/g, "-").slice(-60);
  return `${name || "somex"}${ending}`;
}

async function fetchFile(papers, keep, to) {
  const documents = papers.map((paper) => paper.toJson(keep));
  if (to !== "json") return convert(documents, to);
  const text = JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2);
  const name = documents.length === 1 ? fileName(documents[0].id, ".json") : "somex.json";
  return { blob: new Blob([`${text}\n`], { type: "application/json" }), name };
}

/** Fills the place of the downloads.
 *
 * `on.papers()` gives what is to be saved, `on.keep()` the mentions that go along, `on.said(text)`
 * and `on.failed(error)` take what happened.
 */
export function startDownloads(on) {
  const get = async (button, to, title) => {
    const papers = on.papers();
    button.setAttribute("aria-busy", "true");
    try {
      const { blob, name, losses = {} } = await fetchFile(papers, on.keep(), to);
      save(blob, name);
      for (const paper of papers) paper.isSaved = true;
      const lost = Object.entries(losses).map(([what, n]) => `${what}: ${n}`).join("; ");
      on.said(`${title} saved as ${name}${lost ? `. It can't hold: ${lost}` : ""}`);
    } catch (error) {
      on.failed(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
  const groups = GROUPS.map(([title, formats]) =>
    h("div", { class: "group" }, h("h3", {}, title), h("div", { class: "buttons" }, formats.map(([to, name, about]) =>
      h("button", { type: "button", "data-to": to, onclick: (event) => get(event.currentTarget, to, name) },
        name, h("small", {}, about))))),
  );
  byId("downloads").replaceChildren(...groups);
}
