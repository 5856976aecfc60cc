// The service's HTTP interface. Every failure becomes an Error whose text is meant for the user.

import { byId } from "./dom.js";

let key = ""; // of this visit; never stored

export class ServiceError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const sentence = (text) => {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) || !first ? first : `${first}.`;
};

async function problemOf(response) {
  let told = "";
  try {
    const body = await response.json();
    told = sentence(body.detail || body.title || "");
  } catch {
    told = "";
  }
  const wait = response.headers.get("Retry-After");
  const known = {
    413: "That is larger than this service takes.",
    429: "The service has much to do.",
    503: "The service is not ready or has much to do.",
    504: "That took longer than this service allows.",
  };
  const general = known[response.status];
  let message = [general, told].filter(Boolean).join(" ");
  if (!message) message = `The service answered with ${response.status}.`;
  if (wait && /^\d+$/.test(wait)) message += ` Try again in ${wait} s.`;
  return new ServiceError(message, response.status);
}

async function request(path, options = {}) {
  let response;
  try {
    const headers = key ? { ...options.headers, "X-API-Key": key } : options.headers;
    response = await fetch(`v1/${path}`, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The service can't be reached. Is `somex serve` still running?", 0);
  }
  if (response.status === 401 && (await askKey())) return request(path, options);
  if (!response.ok) throw await problemOf(response);
  return response;
}

let asked = null; // one question at a time, however many requests wait for it

/** Asks for the key that the service needs; false where the user gives none. */
function askKey() {
  asked ??= new Promise((resolve) => {
    const dialog = byId("key-dialog");
    dialog.addEventListener("close", () => {
      asked = null;
      key = dialog.returnValue === "use" ? byId("key").value.trim() : "";
      byId("key").value = "";
      resolve(Boolean(key));
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
  return asked;
}

const getJson = async (path) => (await request(path)).json();

const postJson = (path, body, signal) =>
  request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });

export const getSchema = () => getJson("schema");
export const getExamples = () => getJson("examples");
export const getModels = () => getJson("models");
export const getDashboard = () => getJson("dashboard");

/** Returns `{document, seconds, model}`. */
export async function extractText(text, id, signal) {
  return (await postJson("extract", { text, id }, signal)).json();
}

/** Returns `{documents, failures}` of one file. */
async function extractFile(file, signal) {
  const body = new FormData();
  body.append("file", file, file.name);
  return (await request("extract/file", { method: "POST", body, signal })).json();
}

const DIRECT_BYTES = 1_000_000; // a single file up to this size is read at once, others as a job
const ARCHIVE = /\.(zip|tar|tgz|gz|jsonl|ndjson)$/i;

const wait = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });

/** Returns `{documents, failures}` of files; `tell(job)` is called as the work goes on. */
export async function extractFiles(files, signal, tell) {
  const [first] = files;
  const isSmall = files.length === 1 && first.size <= DIRECT_BYTES && !ARCHIVE.test(first.name);
  return isSmall ? extractFile(first, signal) : extractAsJob(files, signal, tell);
}

async function extractAsJob(files, signal, tell) {
  const body = new FormData();
  for (const file of files) body.append("files", file, file.name);
  let job = await (await request("jobs", { method: "POST", body, signal })).json();
  try {
    for (let pause = 300; job.status === "queued" || job.status === "running"; pause = Math.min(2000, pause * 1.3)) {
      await wait(pause, signal);
      job = await (await request(`jobs/${job.id}`, { signal })).json();
      tell(job);
    }
    if (job.status === "failed") throw new ServiceError(sentence(job.error ?? "The job failed"), 0);
    return await (await request(`jobs/${job.id}/result`, { signal })).json();
  } finally {
    request(`jobs/${job.id}`, { method: "DELETE" }).catch(() => {}); // what is over is not kept
  }
}

/** Returns `{blob, name, losses}` of documents in another format. */
export async function convert(documents, to) {
  const response = await postJson("convert", { documents, to });
  const told = response.headers.get("Content-Disposition") ?? "";
  const name = /filename="?([^";]+)"?/.exec(told)?.[1] ?? `somex-${to}`;
  const losses = JSON.parse(response.headers.get("X-Somex-Losses") ?? "{}");
  return { blob: await response.blob(), name, losses };
}
