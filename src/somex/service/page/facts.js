// What is known of a mention and of the software of a paper, as rows of words.

import { collapse, words } from "./dom.js";

const unique = (values) => [...new Set(values)];

/** Key that spellings of a name share, as in the CSV tables and the report. */
export function nameKey(text) {
  const folded = text.normalize("NFKC").toLowerCase();
  return folded.replace(/[^\p{L}\p{N}\p{M}+#]/gu, "") || collapse(folded);
}

/** Texts that relations attach to a mention: relation type -> mentions, in reading order. */
export function attributesOf(paper, id, isShown = () => true) {
  const found = new Map();
  for (const relation of paper.relations) {
    if (relation.tail !== id) continue;
    const head = paper.byId.get(relation.head);
    if (!isShown(head)) continue;
    found.set(relation.type, [...(found.get(relation.type) ?? []), head]);
  }
  for (const heads of found.values()) heads.sort((a, b) => a.start - b.start);
  return found;
}

export const textsOf = (paper, mentions) =>
  unique((mentions ?? []).map((mention) => collapse(paper.textOf(mention))));

/** "98.2 %"; only what is certain is "100 %". */
export const percent = (confidence) =>
  confidence >= 1 ? "100 %" : `${Math.min(99.9, confidence * 100).toFixed(1)} %`;

/** Label and value of each fact of a mention. */
export function factsOf(paper, mention) {
  const rows = [["confidence", percent(mention.confidence)]];
  if (mention.purpose) rows.push(["purpose", words(mention.purpose)]);
  for (const [type, heads] of attributesOf(paper, mention.id)) {
    rows.push([words(type).replace(/ of$/, ""), textsOf(paper, heads).join(", ")]);
  }
  for (const relation of paper.relations) {
    if (relation.head !== mention.id) continue;
    rows.push([words(relation.type), collapse(paper.textOf(paper.byId.get(relation.tail)))]);
  }
  for (const reference of paper.referencesOf(mention)) {
    rows.push(["reference", reference.text]);
    if (reference.doi) rows.push(["DOI", reference.doi]);
  }
  for (const url of paper.urlsOf(mention)) rows.push(["link", url]);
  const section = paper.sectionOf(mention);
  if (section) rows.push(["section", collapse(section)]);
  return rows;
}

function summaryOf(paper, mentions, isShown) {
  const found = { versions: [], releases: [], developers: [], urls: [], licences: [], citations: [] };
  const kinds = {
    Version_of: "versions",
    Release_of: "releases",
    Developer_of: "developers",
    URL_of: "urls",
    License_of: "licences",
    Citation_of: "citations",
  };
  const dois = [], others = [];
  for (const mention of mentions) {
    const attributes = attributesOf(paper, mention.id, isShown);
    for (const [type, heads] of attributes) {
      if (type in kinds) found[kinds[type]].push(...textsOf(paper, heads));
      if (/^(Abbreviation|AlternativeName)_of$/.test(type)) others.push(...textsOf(paper, heads));
    }
    const citing = attributes.get("Citation_of") ?? [];
    dois.push(...citing.flatMap((c) => paper.referencesOf(c).map((r) => r.doi)).filter(Boolean));
    found.urls.push(...paper.urlsOf(mention));
  }
  for (const kind of Object.keys(found)) found[kind] = unique(found[kind]);
  return { ...found, dois: unique(dois), others: unique(others) };
}

/** Mentions of one software together: as the service resolved them, what was corrected by name. */
function groupsOf(paper, schema, isShown) {
  const resolved = new Map();
  for (const { id, mentions } of paper.source.software ?? []) {
    for (const mention of mentions) resolved.set(mention, `software ${id}`);
  }
  const groups = new Map(), keys = new Map();
  const add = (key, mention) => groups.set(key, [...(groups.get(key) ?? []), mention]);
  const isNamed = (mention) => schema.softwareTypes.has(mention.type);
  const isAsFound = (mention) => mention.source?.text === paper.textOf(mention);
  const shown = paper.mentions.filter(isShown);
  for (const mention of shown) {
    const key = isAsFound(mention) ? resolved.get(mention.id) : undefined;
    if (key === undefined || !schema.purposeTypes.has(mention.type)) continue;
    add(key, mention);
    if (isNamed(mention)) keys.set(nameKey(paper.textOf(mention)), key);
  }
  const grouped = new Set([...groups.values()].flat());
  for (const mention of shown) {
    if (!isNamed(mention) || grouped.has(mention)) continue;
    const name = nameKey(paper.textOf(mention));
    add(keys.get(name) ?? name, mention);
  }
  return [...groups.values()].filter((mentions) => mentions.some(isNamed));
}

/** The software of a paper in reading order, mentions of one software together. */
export function softwareOf(paper, schema, isShown = () => true) {
  const found = groupsOf(paper, schema, isShown).map((group) => {
    const mentions = group.sort((a, b) => a.start - b.start);
    const named = mentions.filter((mention) => schema.softwareTypes.has(mention.type));
    const names = unique(named.map((mention) => collapse(paper.textOf(mention))));
    const facts = summaryOf(paper, mentions, isShown);
    return {
      ...facts,
      name: names[0],
      mentions,
      type: named[0].type,
      others: unique([...names, ...facts.others]).filter((other) => other !== names[0]),
      purposes: unique(mentions.map((m) => m.purpose).filter(Boolean)),
      hasVersion: facts.versions.length + facts.releases.length > 0,
      hasCitation: facts.citations.length > 0,
    };
  });
  return found.sort((a, b) => a.mentions[0].start - b.mentions[0].start);
}
