// A document with its annotation, its corrections and the way back through them.

import { Offsets } from "./offsets.js";

const inOrder = (a, b) => a.start - b.start || a.end - b.end || a.type.localeCompare(b.type);

/** Mentions have `start` and `end` in UTF-16 units of `text`, and ids that no correction changes. */
export class Paper {
  #past = [];
  #future = [];

  /** Takes a document of the form somex.document/1. */
  constructor(document, about = {}) {
    this.source = document;
    this.about = about;
    this.id = document.id;
    this.text = document.text;
    this.offsets = new Offsets(document.text);
    const mentions = document.mentions.map((mention) => ({
      id: mention.id,
      type: mention.type,
      start: this.offsets.toUnits(mention.char_start),
      end: this.offsets.toUnits(mention.char_end),
      purpose: mention.purpose ?? null,
      confidence: mention.confidence ?? 1,
      source: mention,
    }));
    const relations = document.relations.map((relation) => ({
      ...relation,
      confidence: relation.confidence ?? 1,
    }));
    this.#take({ mentions, relations, label: "" });
    this.isSaved = true;
    this.nAdded = 0;
  }

  #take(state) {
    this.state = { ...state, mentions: [...state.mentions].sort(inOrder) };
    this.byId = new Map(this.state.mentions.map((mention) => [mention.id, mention]));
  }

  get title() {
    return this.about.title || this.source.provenance?.title || this.id;
  }

  get mentions() {
    return this.state.mentions;
  }

  get relations() {
    return this.state.relations;
  }

  get nCorrections() {
    return this.#past.length;
  }

  get nextUndo() {
    return this.state.label;
  }

  get nextRedo() {
    return this.#future.at(-1)?.label ?? "";
  }

  textOf(mention) {
    return this.text.slice(mention.start, mention.end);
  }

  /** Takes a corrected state; `label` says what was done. */
  change(label, mentions, relations) {
    this.#past.push(this.state);
    this.#future = [];
    this.#take({ mentions, relations, label });
    this.isSaved = false;
  }

  /** Undoes the last correction and returns what it was; empty where there is none. */
  undo() {
    const before = this.#past.pop();
    if (before === undefined) return "";
    const { label } = this.state;
    this.#future.push(this.state);
    this.#take(before);
    this.isSaved = this.#past.length === 0;
    return label;
  }

  redo() {
    const after = this.#future.pop();
    if (after === undefined) return "";
    this.#past.push(this.state);
    this.#take(after);
    this.isSaved = false;
    return after.label;
  }

  /** The section that holds a mention, the innermost; null where there is none. */
  sectionOf(mention) {
    const start = this.offsets.toPoints(mention.start);
    const end = this.offsets.toPoints(mention.end);
    const holding = (this.source.sections ?? []).filter(
      (part) => part.char_start <= start && end <= part.char_end,
    );
    holding.sort((a, b) => a.char_end - a.char_start - (b.char_end - b.char_start));
    return holding[0]?.name ?? null;
  }

  /** Entries of the bibliography that the call-outs in a mention point at. */
  referencesOf(mention) {
    const start = this.offsets.toPoints(mention.start);
    const end = this.offsets.toPoints(mention.end);
    const ids = new Set(
      (this.source.call_outs ?? [])
        .filter((call) => call.char_start < end && start < call.char_end)
        .flatMap((call) => call.references),
    );
    return (this.source.references ?? []).filter((reference) => ids.has(reference.id));
  }

  /** URLs of the hyperlinks that a mention lies on. */
  urlsOf(mention) {
    const start = this.offsets.toPoints(mention.start);
    const end = this.offsets.toPoints(mention.end);
    const urls = (this.source.links ?? [])
      .filter((link) => link.char_start < end && start < link.char_end)
      .map((link) => link.url);
    return [...new Set(urls)];
  }

  /** The document as it now stands; `keep` chooses the mentions that go along. */
  toJson(keep = () => true) {
    const kept = this.mentions.filter(keep);
    const { mentions: _m, relations: _r, software, ...rest } = this.source;
    const isAsFound = this.nCorrections === 0 && kept.length === this.mentions.length;
    const idOf = (mention, n) => (isAsFound ? mention.id : `T${n + 1}`);
    const ids = new Map(kept.map((mention, n) => [mention.id, idOf(mention, n)]));
    const made = { ...rest };
    made.mentions = kept.map((mention) => this.#mentionToJson(mention, ids.get(mention.id)));
    made.relations = this.relations
      .filter((relation) => ids.has(relation.head) && ids.has(relation.tail))
      .map((relation) => ({
        type: relation.type,
        head: ids.get(relation.head),
        tail: ids.get(relation.tail),
        confidence: relation.confidence,
      }));
    if (isAsFound && software !== undefined) made.software = software;
    if (this.nCorrections > 0 && made.model) made.model = { ...made.model, corrected: true };
    return made;
  }

  #mentionToJson(mention, id) {
    const { source } = mention;
    const json = {
      id,
      type: mention.type,
      char_start: this.offsets.toPoints(mention.start),
      char_end: this.offsets.toPoints(mention.end),
      text: this.textOf(mention),
      purpose: mention.purpose,
      confidence: mention.confidence,
    };
    const isSameSpan =
      source && source.char_start === json.char_start && source.char_end === json.char_end;
    for (const key of ["origins", "references", "urls"]) {
      if (isSameSpan && source[key] !== undefined) json[key] = source[key];
    }
    return json;
  }
}
