// Small helpers for elements, numbers and words.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: `h("p", { class: "note", onclick: f }, "text", child)`. */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else made.setAttribute(name, String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Makes an SVG element. */
export function s(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

/** "1 mention", "2 mentions", "1,204 mentions". */
export const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

/** A text with each run of white space as one blank. */
export const collapse = (text) => text.split(/\s+/).filter(Boolean).join(" ");

/** The first `most` characters of a text, with an ellipsis where more follow. */
export function short(text, most = 60) {
  const points = [...collapse(text)];
  return points.length <= most ? points.join("") : `${points.slice(0, most - 1).join("")}…`;
}

/** A name of the schema as words: `PlugIn_of` is "plug-in of". */
export function words(name) {
  const [first, ...rest] = name.split("_");
  const known = { URL: "URL", PlugIn: "plug-in" };
  const spelled = known[first] ?? (first.match(/[A-Z]?[a-z]+/g) ?? [first]).join(" ").toLowerCase();
  return [spelled, ...rest].join(" ");
}

/** An address that the page may link to: http and https only; else null. */
export const webHref = (text) => (/^https?:\/\/\S+$/i.test(text.trim()) ? text.trim() : null);

export const doiHref = (doi) => `https://doi.org/${encodeURI(doi).replace(/[?#]/g, encodeURIComponent)}`;

/** A link that opens beside the page, or the bare text where it is no web address. */
export function link(text, href = webHref(text)) {
  return href === null ? text : h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** Saves a blob as a file. */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  const anchor = h("a", { href, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** Tells what happened: screen readers read it, others see it for a while. */
export function say(text) {
  const place = byId("status");
  place.textContent = "";
  clearTimeout(say.timer);
  setTimeout(() => {
    place.textContent = text;
  }, 30);
  say.timer = setTimeout(() => {
    place.textContent = "";
  }, 5000);
}
