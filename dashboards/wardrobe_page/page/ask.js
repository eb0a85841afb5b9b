// Requests to the service. A refusal is thrown as a Problem, with the one line that a person reads.

import { language } from "./texts.js";

const KEY = "huanhua.token";

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** The answer's JSON; null where there is none. `path` is below the page's own address. */
export function ask(method, path, body) {
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  return answered(path, { method, headers: json, body: body === undefined ? undefined : JSON.stringify(body) });
}

/** Sends a file as it is. */
export function send(path, file) {
  return answered(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
}

async function answered(path, { method, headers, body }) {
  const token = sessionStorage.getItem(KEY);
  const all = { "Accept-Language": language(), ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers };
  let answer;
  try {
    answer = await fetch(path, { method, headers: all, body });
  } catch {
    throw new Problem(0, "");
  }
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, content.detail ?? `${answer.status}`);
  return content;
}

/** What happens to a job, as it happens: `listeners` by an event's name are given its content, `onAway` whether the service is
 * away. Reconnects by itself until it is closed. */
export function openEvents(path, onAway, listeners) {
  const source = new EventSource(path);
  source.onopen = () => onAway(false);
  source.onerror = () => onAway(true);
  for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, ({ data }) => listener(JSON.parse(data)));
  return source;
}

export function studyPath(study, rest = "") {
  return `api/studies/${encodeURIComponent(study)}${rest}`;
}
