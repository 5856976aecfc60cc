// Corrections as steps from one state of a paper to the next. Each returns a text for the status
// line and throws an Error, whose text is meant for the user, where the result would be invalid.

import { short, words } from "./dom.js";

const quoted = (paper, mention) => `“${short(paper.textOf(mention), 40)}”`;

function checkFree(paper, start, end, type, except) {
  const taken = paper.mentions.find(
    (other) =>
      other.id !== except && other.start === start && other.end === end && other.type === type,
  );
  if (taken) {
    throw new Error(`${quoted(paper, taken)} is already marked as ${words(type)} there.`);
  }
}

/** Adds a mention; returns `{id, said}`. */
export function addMention(paper, start, end, type) {
  if (end <= start) throw new Error("Select some text first.");
  checkFree(paper, start, end, type, null);
  paper.nAdded += 1;
  const mention = { id: `N${paper.nAdded}`, type, start, end, purpose: null, confidence: 1 };
  const label = `${words(type)} ${quoted(paper, mention)} added`;
  paper.change(label, [...paper.mentions, mention], paper.relations);
  return { id: mention.id, said: label };
}

export function removeMention(paper, id) {
  const mention = paper.byId.get(id);
  const relations = paper.relations.filter((r) => r.head !== id && r.tail !== id);
  const n = paper.relations.length - relations.length;
  const label = `${words(mention.type)} ${quoted(paper, mention)} deleted`;
  const mentions = paper.mentions.filter((other) => other.id !== id);
  paper.change(label, mentions, relations);
  return n ? `${label}, with ${n === 1 ? "its relation" : `its ${n} relations`}` : label;
}

function replaceMention(paper, mention, label, relations = paper.relations) {
  const mentions = paper.mentions.map((other) => (other.id === mention.id ? mention : other));
  paper.change(label, mentions, relations);
}

/** Changes the type; relations that the schema does not allow any more are removed. */
export function retype(paper, schema, id, type) {
  const mention = paper.byId.get(id);
  checkFree(paper, mention.start, mention.end, type, id);
  const purpose = schema.purposeTypes.has(type) ? mention.purpose : null;
  const changed = { ...mention, type, purpose, confidence: 1 };
  const typeOf = (other) => (other === id ? type : paper.byId.get(other).type);
  const relations = paper.relations.filter((r) =>
    schema.allows(r.type, typeOf(r.head), typeOf(r.tail)),
  );
  const n = paper.relations.length - relations.length;
  const label = `${quoted(paper, mention)} is now ${words(type)}`;
  replaceMention(paper, changed, label, relations);
  return n ? `${label}; ${n} ${n === 1 ? "relation" : "relations"} not allowed any more` : label;
}

export function setPurpose(paper, id, purpose) {
  const mention = paper.byId.get(id);
  const label = `purpose of ${quoted(paper, mention)}: ${purpose ? words(purpose) : "none"}`;
  replaceMention(paper, { ...mention, purpose }, label);
  return label;
}

/** Says that a mention is right as it stands. */
export function confirm(paper, id) {
  const mention = paper.byId.get(id);
  const label = `${words(mention.type)} ${quoted(paper, mention)} confirmed`;
  replaceMention(paper, { ...mention, confidence: 1 }, label);
  return label;
}

export function setSpan(paper, id, start, end) {
  const mention = paper.byId.get(id);
  if (start < 0 || end > paper.text.length || end <= start) {
    throw new Error("A mention needs at least one character of the text.");
  }
  checkFree(paper, start, end, mention.type, id);
  const changed = { ...mention, start, end, confidence: 1 };
  const label = `${words(mention.type)} is now ${quoted(paper, changed)}`;
  replaceMention(paper, changed, label);
  return label;
}

const kindOf = (char) => {
  if (/\p{L}/u.test(char)) return "letter";
  return /\p{N}/u.test(char) ? "digit" : "sign";
};

/** The next place for a border: where letters, digits or signs begin or end, but not at blanks. */
export function nextBorder(text, from, step, isStart) {
  for (let at = from + step; at >= 0 && at <= text.length; at += step) {
    const before = text[at - 1] ?? " ", after = text[at] ?? " ";
    if (/[\uDC00-\uDFFF]/.test(after) && /[\uD800-\uDBFF]/.test(before)) continue;
    if (kindOf(before) === kindOf(after) && kindOf(after) !== "sign") continue;
    if (!/\s/.test(isStart ? after : before)) return at;
  }
  return from;
}

export function addRelation(paper, schema, type, head, tail) {
  const from = paper.byId.get(head), to = paper.byId.get(tail);
  if (!schema.allows(type, from.type, to.type)) {
    throw new Error(`${words(type)} can't lead from ${words(from.type)} to ${words(to.type)}.`);
  }
  if (paper.relations.some((r) => r.type === type && r.head === head && r.tail === tail)) {
    throw new Error("That relation is there already.");
  }
  const label = `${quoted(paper, from)} ${words(type)} ${quoted(paper, to)} added`;
  paper.change(label, paper.mentions, [...paper.relations, { type, head, tail, confidence: 1 }]);
  return label;
}

export function removeRelation(paper, relation) {
  const from = paper.byId.get(relation.head), to = paper.byId.get(relation.tail);
  const label = `${quoted(paper, from)} ${words(relation.type)} ${quoted(paper, to)} deleted`;
  paper.change(label, paper.mentions, paper.relations.filter((other) => other !== relation));
  return label;
}
