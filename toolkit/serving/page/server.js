// Requests to the server, by the paths that any client uses.

import { part } from "./dom.js";

/** Ask the server; raise an Error with its message where it refuses. */
export async function ask(place, body, signal) {
  const headers = {};
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  const settings = body ? { method: "POST", body: JSON.stringify(body) } : {};
  let response;
  try {
    response = await fetch(place, { ...settings, headers, signal });
  } catch (error) {
    throw signal?.aborted ? error : new Error("the server cannot be reached");
  }
  if (response.ok) return response;
  if (response.status === 401) part("access").hidden = false;
  let message = response.statusText;
  try {
    message = (await response.json()).error;
  } catch { /* no JSON, such as from a proxy */ }
  if (response.status === 404) message += "; load this page again";
  throw new Error(message);
}

/**
 * Return the path of the version of a model that the page knows. When a new version has taken over,
 * whose classes may be others, the server refuses it, and says so.
 */
function path({ name, version }) {
  return `models/${encodeURIComponent(name)}/versions/${version}`;
}

/** Return the answer of a model to one instance, by a signature. */
export async function predict(model, instance, signal, signature_name = "serving_default") {
  const body = { signature_name, instances: [instance] };
  const response = await ask(`v1/${path(model)}:predict`, body, signal);
  try {
    return (await response.json()).predictions[0];
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Error("the answer cannot be shown, as it has a number that is not finite");
  }
}

/** Return the outputs of a signature by name, each with its shape and its values in one list. */
export async function infer(model, signature_name, inputs, signal) {
  const body = { inputs, parameters: { signature_name } };
  const { outputs } = await (await ask(`v2/${path(model)}/infer`, body, signal)).json();
  return Object.fromEntries(outputs.map((output) => [output.name, output]));
}

/** Yield the contents of the events that a path of a model answers with. */
export async function* events(model, word, body, signal) {
  const response = await ask(`v2/${path(model)}/${word}`, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let ended = false;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const blocks = (rest + read.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      ended = block.startsWith("event: end");
      const data = JSON.parse(block.slice(block.indexOf("data: ") + 6));
      if (data.error) throw new Error(data.error);
      yield data;
    }
  }
  if (!ended) throw new Error("the answer was cut off");
}
