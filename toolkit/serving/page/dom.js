// Elements of the page.

/** Return the part of the page with an id. */
export const part = (id) => document.getElementById(id);

/** Return a new element with attributes and contents. */
export function element(name, attributes = {}, ...contents) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...contents);
  return made;
}

/** Return a field for a number, with its name. */
export function numberField(name, value, step) {
  const field = element("input", { name, type: "number", min: 0, step, value, required: "" });
  return element("label", {}, `${name.replaceAll("_", " ")} `, field);
}

/** Return a field in which one of some values is chosen; each is a value with what is shown. */
export function choiceField(name, label, values) {
  const options = values.map(([value, shown]) => element("option", { value }, shown));
  return element("label", {}, `${label} `, element("select", { name }, ...options));
}

/** Return a table whose caption may be long; its cells are elements. */
export function table(caption, ...rows) {
  const body = rows.map((cells) => element("tr", {}, ...cells));
  return element("table", {}, element("caption", {}, caption), element("tbody", {}, ...body));
}

/** Return a text as a paragraph that keeps its lines, in its own direction. */
export function paragraph(...contents) {
  return element("p", { class: "text", dir: "auto" }, ...contents);
}
