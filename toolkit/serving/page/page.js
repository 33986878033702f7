// The page of a server: asks its models as any other client does, by the paths below /v1 and /v2.

const WAIT = 200; // milliseconds of rest after a key before the question is asked
const part = (id) => document.getElementById(id);
const state = { models: [], model: null, asked: null, timer: null };

/** Return a new element with attributes and contents. */
function element(name, attributes = {}, ...contents) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...contents);
  return made;
}

/** Ask the server; raise an Error with its message where it refuses. */
async function ask(path, body, signal) {
  const headers = {};
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  const settings = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const response = await fetch(path, { ...settings, headers, signal });
  if (response.ok) return response;
  if (response.status === 401) part("access").hidden = false;
  let message = response.statusText;
  try {
    message = (await response.json()).error;
  } catch { /* no JSON, such as from a proxy */ }
  throw new Error(message);
}

/** Show a message, or none. */
function complain(message = "") {
  part("problem").textContent = message;
}

/** Show the models, and the one that the address names. */
async function start() {
  try {
    state.models = (await (await ask("page.json")).json()).models;
  } catch (error) {
    complain(error.message);
    return;
  }
  part("access").hidden = true;
  complain();
  choose();
}

/** Show the model that the address names, by default the first one; nothing without models. */
function choose() {
  if (!state.models.length) return;
  const name = decodeURIComponent(location.hash.slice(1));
  const model = state.models.find((each) => each.name === name) ?? state.models[0];
  state.asked?.abort();
  state.model = model;
  part("models").replaceChildren(
    ...state.models.map((each) => {
      const link = element("a", { href: `#${encodeURIComponent(each.name)}` }, each.name);
      if (each === model) link.setAttribute("aria-current", "page");
      return link;
    }),
  );
  document.title = `${model.name} – models`;
  const task = model.task ? `${model.task}, version` : "version";
  part("about").textContent = `${model.name}: ${task} ${model.version}`;
  part("question").hidden = false;
  part("answer").replaceChildren();
  complain();
  const isWriter = model.kind === "writer";
  part("text-label").textContent = { writer: "Beginning", text: "Text", other: "Instances (JSON)" }[
    model.kind
  ];
  part("text").value = model.kind === "other" ? JSON.stringify(model.example) : "";
  part("write").textContent = isWriter ? "Write" : "Ask";
  part("write").hidden = model.kind === "text";
  part("stop").hidden = true;
  part("choices").replaceChildren(...(isWriter ? choices(model) : []));
  part("text").focus({ preventScroll: true });
}

/** Return the fields of the options of a text that is written. */
function choices(model) {
  const numbers = { max_length: [200, 1], temperature: [0.8, 0.1], seed: [0, 1] };
  const fields = Object.entries(numbers).map(([name, [value, step]]) =>
    element(
      "label",
      {},
      `${name.replace("_", " ")} `,
      element("input", { name, type: "number", min: 0, step, value }),
    ),
  );
  if (model.conditions.length) {
    const options = model.conditions.map((each) => element("option", { value: each }, each));
    fields.push(element("label", {}, "condition ", element("select", { name: "condition" }, ...options)));
  }
  return fields;
}

/** Ask the question that stands in the form, instead of one that is not answered yet. */
async function answer() {
  state.asked?.abort();
  const asked = (state.asked = new AbortController());
  complain();
  try {
    await (state.model.kind === "writer" ? write : predict)(part("text").value, asked.signal);
  } catch (error) {
    if (asked.signal.aborted) return;
    complain(error.message);
  }
}

/** Show the answers to a text, or to instances of JSON. */
async function predict(text, signal) {
  const { name, kind } = state.model;
  if (kind === "text" && !text) {
    part("answer").replaceChildren();
    return;
  }
  const instances = kind === "text" ? [text] : JSON.parse(text);
  const path = `v1/models/${encodeURIComponent(name)}:predict`;
  const { predictions } = await (await ask(path, { instances }, signal)).json();
  const shown = predictions.flatMap((each) => show(text, each));
  part("answer").replaceChildren(...shown);
}

/** Return elements that show one answer. */
function show(text, found) {
  if (typeof found !== "object" || Array.isArray(found)) return [raw(found)];
  if ("entity_text" in found) return [marked(text, found)];
  if ("translation" in found) return [element("p", { class: "text" }, found.translation)];
  if ("probabilities" in found) return [bars(found)];
  if ("value" in found) return [element("p", { class: "text" }, String(found.value))];
  if (typeof found.text === "string") return [element("p", { class: "text" }, found.text)];
  return [raw(found)];
}

/** Return JSON as it is. */
function raw(found) {
  return element("pre", {}, JSON.stringify(found));
}

/** Return a table of classes with their probabilities, the likeliest first. */
function bars({ label, probabilities }) {
  const names = state.model.classes;
  const rows = probabilities
    .map((value, number) => [names[number] ?? `class ${number}`, value])
    .sort((one, other) => other[1] - one[1])
    .slice(0, 20)
    .map(([name, value]) => {
      const bar = element("span", { "aria-hidden": "true" });
      bar.style.width = `${100 * value}%`;
      return element(
        "tr",
        {},
        element("th", { scope: "row" }, name),
        element("td", { class: "number" }, `${(100 * value).toFixed(1)} %`),
        element("td", { class: "bar" }, bar),
      );
    });
  return element("table", {}, element("caption", {}, label ?? ""), element("tbody", {}, ...rows));
}

/** Return a text with its entities marked; places are in code points. */
function marked(text, found) {
  const letters = Array.from(text);
  const shown = element("p", { class: "text" });
  let done = 0;
  for (let number = 0; number < found.entity_count; number += 1) {
    const [start, end] = [found.entity_start[number], found.entity_end[number]];
    const score = `${(100 * found.entity_score[number]).toFixed(0)} %`;
    const label = element("small", {}, found.entity_label[number]);
    shown.append(letters.slice(done, start).join(""));
    shown.append(element("mark", { title: score }, letters.slice(start, end).join(""), label));
    done = end;
  }
  shown.append(letters.slice(done).join(""));
  return shown;
}

/** Let a language model go on after a text, and show it as it is written. */
async function write(text, signal) {
  const parameters = {};
  for (const field of part("choices").querySelectorAll("input, select")) {
    parameters[field.name] = field.name === "condition" ? field.value : Number(field.value);
  }
  const shown = element("p", { class: "text", "aria-busy": "true" }, element("b", {}, text));
  part("answer").replaceChildren(shown);
  part("stop").hidden = false;
  try {
    const path = `v2/models/${encodeURIComponent(state.model.name)}/generate_stream`;
    const response = await ask(path, { text_input: text, parameters }, signal);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const events = (rest + read.value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = JSON.parse(event.slice(event.indexOf("data: ") + 6));
        if (data.error) throw new Error(data.error);
        if (data.text_output) shown.append(data.text_output);
      }
    }
  } finally {
    shown.removeAttribute("aria-busy");
    part("stop").hidden = true;
  }
}

part("question").addEventListener("submit", (event) => {
  event.preventDefault();
  answer();
});
part("text").addEventListener("input", () => {
  if (state.model.kind !== "text") return;
  clearTimeout(state.timer);
  state.timer = setTimeout(answer, WAIT);
});
part("stop").addEventListener("click", () => state.asked?.abort());
part("access").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", part("token").value);
  start();
});
addEventListener("hashchange", choose);
start();
