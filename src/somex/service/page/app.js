// Puts the page together: views, the papers at hand, and what happens on each action.

import { extractFiles, extractText, getExamples, getModels, getSchema } from "./api.js";
import { Chooser } from "./chooser.js";
import { showDashboard } from "./dashboard.js";
import { renderDocuments, renderFailures } from "./documents.js";
import { byId, count, h, say, short } from "./dom.js";
import { startDownloads } from "./downloads.js";
import * as edits from "./edits.js";
import { Filter } from "./filters.js";
import { renderPanel } from "./panel.js";
import { Paper } from "./paper.js";
import { startPopover } from "./popover.js";
import { Reader } from "./reader.js";
import { Schema } from "./schema.js";
import { renderTable } from "./table.js";

const VIEWS = ["start", "result", "corpus"];
const state = { papers: [], current: 0, chosen: null, schema: null, request: null, failures: [] };
const paper = () => state.papers[state.current];

function fail(error) {
  if (error.name === "AbortError") {
    say("Cancelled");
    return;
  }
  const place = byId("alert");
  const close = h("button", { type: "button", class: "small", "aria-label": "Close the message", onclick: () => { place.hidden = true; } }, "✕");
  place.replaceChildren(h("span", {}, error.message), close);
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

function clearAlert() {
  byId("alert").hidden = true;
}

// Views ---------------------------------------------------------------------------------------

function route() {
  const corpus = location.hash === "#/corpus";
  if (location.hash && !location.hash.startsWith("#/")) return; // a part of the result
  const view = corpus ? "corpus" : state.papers.length ? "result" : "start";
  showView(view);
  if (corpus) showDashboard().then((told) => told && say(told), fail);
}

function showView(view) {
  clearAlert();
  for (const name of VIEWS) byId(`view-${name}`).hidden = name !== view;
  for (const anchor of document.querySelectorAll("header nav a")) {
    const isHere = (anchor.dataset.view === "corpus") === (view === "corpus");
    if (isHere) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  const title = byId(`${view}-title`)?.textContent;
  document.title = view === "start" ? "somex: software in papers" : `${title} – somex`;
}

// Reading -------------------------------------------------------------------------------------

async function read(what, getPapers) {
  if (state.request) return;
  clearAlert();
  state.request = new AbortController();
  byId("extract").disabled = true;
  byId("cancel").hidden = false;
  document.body.setAttribute("aria-busy", "true");
  say(`Reading ${what}…`);
  try {
    if (!state.schema) state.schema = new Schema(await getSchema());
    const { papers, failures } = await getPapers(state.request.signal);
    if (papers.length) showPapers(papers, failures);
    else if (failures.length) throw new Error(failureText(failures));
    else throw new Error("The file holds no document.");
  } catch (error) {
    fail(error);
  } finally {
    state.request = null;
    byId("extract").disabled = false;
    byId("cancel").hidden = true;
    document.body.removeAttribute("aria-busy");
  }
}

function failureText(failures) {
  const [first] = failures;
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : "";
  return `Nothing could be read: ${first.reason}${more}`;
}

function readText(text, id = "pasted-text", title = "Pasted text") {
  if (!text.trim()) {
    fail(new Error("There is no text yet: paste some, open a file, or take an example."));
    byId("text").focus();
    return;
  }
  if (!mayLeave()) return;
  read("the text", async (signal) => {
    const { document: found, seconds, model } = await extractText(text, id, signal);
    return { papers: [new Paper(found, { seconds, model, title })], failures: [] };
  });
}

function readFiles(files) {
  if (!files.length || !mayLeave()) return;
  const what = files.length === 1 ? files[0].name : count(files.length, "file");
  read(what, async (signal) => {
    const tell = ({ n_done: n, n_total: all }) => {
      if (all) say(`${n} of ${count(all, "document")} read`);
    };
    const { documents, failures } = await extractFiles(files, signal, tell);
    return { papers: documents.map((document) => new Paper(document)), failures };
  });
}

function mayLeave() {
  if (state.papers.every((one) => one.isSaved)) return true;
  return confirm("Your corrections are not downloaded yet. Go on without them?");
}

function showPapers(papers, failures) {
  Object.assign(state, { papers, failures, current: 0, chosen: null });
  if (location.hash !== "#/") history.pushState(null, "", "#/");
  showPaper(0);
  byId("result-title").focus();
  const n = papers.reduce((sum, one) => sum + one.mentions.length, 0);
  say(`${count(n, "mention")} found in ${papers.length === 1 ? "the text" : count(papers.length, "document")}`);
}

// The result ----------------------------------------------------------------------------------

function showPaper(n) {
  state.current = n;
  state.chosen = null;
  byId("result-title").textContent = short(paper().title, 120);
  showView("result");
  renderFailures(state.failures);
  byId("all-documents-field").hidden = state.papers.length < 2;
  refresh();
  window.scrollTo(0, 0);
}

/** Draws everything that depends on the annotation. */
function refresh(focusId = document.activeElement?.id) {
  renderDocuments(state.papers, state.current, showPaper);
  filter.show(paper(), state.schema);
  reader.show(paper(), filter.isShown);
  chooser.paper = paper();
  byId("undo").disabled = !paper().nextUndo;
  byId("redo").disabled = !paper().nextRedo;
  byId("undo").title = paper().nextUndo;
  byId("redo").title = paper().nextRedo;
  showChosen();
  showTable();
  if (focusId) byId(focusId)?.focus({ preventScroll: true });
}

function showTable() {
  const rows = renderTable(byId("software"), paper(), state.schema, filter.isShown, (id) => {
    choose(id, false);
    reader.focus(id);
  });
  const lacking = (key) => rows.filter((row) => !row[key]).length;
  const parts = [
    `${rows.length} software`,
    `${lacking("hasVersion")} without version`,
    `${lacking("hasCitation")} without citation`,
    count(paper().mentions.filter(filter.isShown).length, "mention"),
  ];
  const { seconds } = paper().about;
  if (Number.isFinite(seconds)) parts.push(`${seconds.toFixed(2)} s`);
  const n = paper().nCorrections;
  if (n) parts.push(count(n, "correction"));
  byId("summary").textContent = parts.join(" · ");
  byId("download-note").textContent = n
    ? "Your corrections are part of every format."
    : "What you correct above becomes part of every format.";
}

function showChosen() {
  const mention = state.chosen === null ? null : (paper().byId.get(state.chosen) ?? null);
  state.chosen = mention?.id ?? null;
  reader.choose(state.chosen);
  byId("panel").hidden = mention === null;
  if (mention) renderPanel(byId("panel"), paper(), state.schema, mention, panelActions);
  else byId("panel").replaceChildren();
}

function choose(id, moveFocus = true) {
  state.chosen = id;
  showChosen();
  reader.uncover(id);
  if (moveFocus) byId("panel-title").focus({ preventScroll: true });
}

function closePanel() {
  const id = state.chosen;
  state.chosen = null;
  showChosen();
  if (id) reader.focus(id);
}

/** Runs a correction, draws the result and says what was done. */
function correct(step, focusId) {
  try {
    const said = step();
    refresh(focusId);
    say(said);
  } catch (error) {
    refresh();
    fail(error);
    return false;
  }
  clearAlert();
  return true;
}

function removeMention(id) {
  const shown = paper().mentions.filter(filter.isShown);
  const at = shown.findIndex((mention) => mention.id === id);
  const next = shown[at + 1] ?? shown[at - 1];
  correct(() => edits.removeMention(paper(), id));
  if (next) reader.focus(next.id);
  else byId("result-title").focus();
}

const panelActions = {
  close: closePanel,
  go: (id) => {
    choose(id);
    reader.tagOf(id)?.scrollIntoView({ block: "center" });
  },
  retype: (id, type) => correct(() => edits.retype(paper(), state.schema, id, type), "mention-type"),
  purpose: (id, purpose) => correct(() => edits.setPurpose(paper(), id, purpose), "mention-purpose"),
  span: (id, start, end, focusId) => correct(() => edits.setSpan(paper(), id, start, end), focusId),
  confirm: (id) => correct(() => edits.confirm(paper(), id), "panel-title"),
  remove: removeMention,
  relate: (type, head, tail) =>
    correct(() => edits.addRelation(paper(), state.schema, type, head, tail), "add-relation"),
  unrelate: (relation) => correct(() => edits.removeRelation(paper(), relation), "panel-title"),
};

function addMention(start, end, type) {
  correct(() => {
    const { id, said } = edits.addMention(paper(), start, end, type);
    state.chosen = id;
    return said;
  });
  if (state.chosen) byId("panel-title")?.focus({ preventScroll: true });
}

function back(isUndo) {
  const label = isUndo ? paper().undo() : paper().redo();
  if (!label) return;
  refresh();
  say(`${isUndo ? "Undone" : "Done again"}: ${label}`);
}

const reader = new Reader(byId("reader"), {
  choose,
  remove: removeMention,
  select: (span) => chooser.offer(paper(), state.schema, span, chosenMention()),
});
const chosenMention = () => (state.chosen === null ? null : paper().byId.get(state.chosen));
const chooser = new Chooser(reader, {
  add: addMention,
  span: (id, start, end) => correct(() => edits.setSpan(paper(), id, start, end)),
  offer: (span) => chooser.offer(paper(), state.schema, span, chosenMention()),
  cancel: () => byId("mark-words").focus(),
  said: say,
});
const filter = new Filter(() => {
  reader.filter(filter.isShown);
  showTable();
  say(`${count(paper().mentions.filter(filter.isShown).length, "mention")} shown`);
});

// Start ---------------------------------------------------------------------------------------

function startInputs() {
  byId("text-form").addEventListener("submit", (event) => {
    event.preventDefault();
    readText(byId("text").value);
  });
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) readText(byId("text").value);
  });
  byId("file").addEventListener("change", (event) => {
    readFiles([...event.target.files]);
    event.target.value = "";
  });
  byId("cancel").addEventListener("click", () => state.request?.abort());
  byId("new-text").addEventListener("click", () => {
    if (!mayLeave()) return;
    state.papers = [];
    showView("start");
    byId("text").focus();
  });
  byId("undo").addEventListener("click", () => back(true));
  byId("redo").addEventListener("click", () => back(false));
  byId("show-arcs").addEventListener("change", (event) => {
    reader.hasArcs = event.target.checked;
    reader.redraw();
  });
}

function startDrop() {
  const isFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const cover = byId("drop");
  addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    cover.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) cover.hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    cover.hidden = true;
    readFiles([...event.dataTransfer.files]);
  });
}

function startKeys() {
  addEventListener("keydown", (event) => {
    const isTyping = event.target.matches?.("textarea, input[type=text]");
    if (isTyping || !state.papers.length || byId("view-result").hidden) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      back(!event.shiftKey);
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "y") {
      event.preventDefault();
      back(false);
    } else if (event.key === "Escape" && state.chosen && byId("panel").contains(event.target)) {
      closePanel();
    }
  });
  addEventListener("beforeunload", (event) => {
    if (!state.papers.every((one) => one.isSaved)) event.preventDefault();
  });
}

function startColours() {
  const choice = byId("colours");
  choice.value = document.documentElement.dataset.colours ?? "";
  choice.addEventListener("change", () => {
    document.documentElement.dataset.colours = choice.value;
    try {
      localStorage.setItem("somex-colours", choice.value);
    } catch {
      // without storage, the choice holds until the page is closed
    }
  });
}

async function startService() {
  const examples = getExamples().then((answer) => {
    const items = answer.map(({ id, title, text }) =>
      h("li", {}, h("button", { type: "button", "data-example": id, onclick: () => { byId("text").value = text; readText(text, id, title); } },
        h("b", {}, title), h("span", {}, short(text, 110)))));
    byId("examples").replaceChildren(...items);
  });
  const models = getModels().then((answer) => {
    const [first] = Array.isArray(answer) ? answer : (answer.models ?? []);
    if (first) byId("model").textContent = `Model: ${first.name ?? first}.`;
  });
  try {
    state.schema = new Schema(await getSchema());
    await Promise.all([examples, models]);
  } catch (error) {
    fail(error);
  }
}

if (innerWidth < 960) byId("filter").open = false;
startInputs();
startDrop();
startKeys();
startColours();
startPopover();
startDownloads({
  papers: () => (byId("all-documents").checked ? state.papers : [paper()]),
  keep: () => (byId("only-shown").checked ? filter.isShown : () => true),
  said: say,
  failed: fail,
});
addEventListener("hashchange", route);
route();
startService();
