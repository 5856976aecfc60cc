// The service's HTTP interface. Every failure becomes an Error whose text is meant for the user.

export class ServiceError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function problemOf(response) {
  let told = "";
  try {
    const body = await response.json();
    told = [body.title, body.detail].filter((part) => typeof part === "string" && part).join(": ");
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
  let message = told || known[response.status] || `The service answered with ${response.status}.`;
  if (wait && /^\d+$/.test(wait)) message += ` Try again in ${wait} s.`;
  return new ServiceError(message, response.status);
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(`v1/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The service can't be reached. Is `somex serve` still running?", 0);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
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
export async function extractFile(file, signal) {
  const body = new FormData();
  body.append("file", file, file.name);
  return (await request("extract/file", { method: "POST", body, signal })).json();
}

/** Returns `{blob, name}` of documents in another format. */
export async function convert(documents, to) {
  const response = await postJson("convert", { documents, to });
  const told = response.headers.get("Content-Disposition") ?? "";
  const name = /filename="?([^";]+)"?/.exec(told)?.[1] ?? `somex-${to}`;
  return { blob: await response.blob(), name };
}
