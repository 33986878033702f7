// The page of a server: its models, the question, and the answers of one model or of two.

import { element, part } from "./dom.js";
import { instances } from "./instances.js";
import { music } from "./music.js";
import { ask } from "./server.js";
import { speech } from "./speech.js";
import { texts } from "./texts.js";
import { writing } from "./writing.js";

const WAIT = 200; // milliseconds of rest after a key before the question is asked
/**
 * What is known of each kind of model: the label of the field of text, if there is one; the words
 * of the button, if there is one; whether edits are answered at once; what the field begins with;
 * further fields; and what shows an answer in a panel, or an answer to an edit.
 */
const KINDS = { text: texts, writer: writing, speech, music, other: instances };
const state = { models: [], kind: null, panels: [], asked: null, timer: null, question: null };

/** Show a message, or none. */
function complain(message = "") {
  part("problem").textContent = message;
}

/** Ask which models there are, and show those that the address names. */
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

/** Return the models that the address names, by default the first one. */
function named() {
  const names = location.hash.slice(1).split("/").map(decoded);
  const [first, second] = names.map((name) => state.models.find((each) => each.name === name));
  const model = first ?? state.models[0];
  return second && second !== model && isLike(model, second) ? [model, second] : [model];
}

/** Return a message on a model that the address names and that is not served; '' if there is none. */
function unknown() {
  const names = location.hash.slice(1).split("/").map(decoded);
  const name = names.find((each) => each && !state.models.some((model) => model.name === each));
  return name ? `there is no model ${name}` : "";
}

/** Return the name in a part of the address; '' if it is none. */
function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return "";
  }
}

/** Return whether two models take the same input. */
function isLike(one, other) {
  const input = ({ kind, example, conditions }) => JSON.stringify([kind, example, conditions]);
  return input(one) === input(other);
}

/** Show the models that the address names; nothing without models. */
function choose() {
  if (!state.models.length) return;
  const before = state.panels[0]?.model;
  const models = named();
  const [model] = models;
  const isKept = before && isLike(before, model);
  state.asked?.abort();
  clearTimeout(state.timer);
  state.kind = KINDS[model.kind];
  state.panels = models.map((each) => panel(each, models.length > 1));
  part("answers").replaceChildren(...state.panels.map(({ section }) => section));
  link(models);
  complain(unknown());
  part("question").hidden = false;
  part("written").hidden = !state.kind.label;
  part("text-label").textContent = state.kind.label;
  part("send").textContent = state.kind.button;
  part("send").hidden = !state.kind.button;
  part("stop").hidden = true;
  if (!isKept) {
    part("text").value = state.kind.start(model);
    state.question = null;
  }
  if (!isKept || state.kind === texts) {
    part("choices").replaceChildren(...state.kind.fields(models, answer, complain));
  }
  if (before !== model && state.kind.label) part("text").focus({ preventScroll: true });
  if (state.question !== null) answer(state.question);
}

/** Name the models that are shown, and link to the others. */
function link([model, second]) {
  part("models").replaceChildren(
    ...state.models.map((each) => {
      const made = element("a", { href: `#${encodeURIComponent(each.name)}` }, each.name);
      if (each === model) made.setAttribute("aria-current", "page");
      return made;
    }),
  );
  document.title = `${second ? `${model.name} and ${second.name}` : model.name} – models`;
  part("about").textContent = described(model);
  const others = state.models.filter((each) => each !== model && isLike(model, each));
  part("pair").hidden = !others.length;
  const options = ["", ...others.map(({ name }) => name)].map((name) =>
    element("option", { value: name }, name || "no other model"),
  );
  part("second").replaceChildren(...options);
  part("second").value = second?.name ?? "";
}

/** Return a line on a model. */
function described({ name, task, version }) {
  return `${name}: ${task ? `${task}, ` : ""}version ${version}`;
}

/** Return the place for the answers of a model. */
function panel(model, isNamed) {
  const found = element("div", { "aria-live": "polite" });
  const more = element("div", { class: "more" });
  const problem = element("p", { class: "problem", role: "alert" });
  const section = element("section", { "aria-label": `Answer of ${model.name}` });
  if (isNamed) section.append(element("h2", {}, model.name));
  section.append(problem, found, more);
  return { model, section, problem, found, more };
}

/** Return the values of the further fields by their names. */
function settings() {
  const fields = part("choices").querySelectorAll("input[name], select[name]");
  const value = (field) => (field.type === "number" ? Number(field.value) : field.value);
  return Object.fromEntries([...fields].map((field) => [field.name, value(field)]));
}

/** Have all panels answer a question, in the place of one that is not answered yet. */
async function answer(question, shows = state.kind.answer) {
  state.asked?.abort();
  const asked = (state.asked = new AbortController());
  if (shows === state.kind.answer) state.question = question;
  part("stop").hidden = state.kind.button === "" || shows !== state.kind.answer;
  await Promise.all(
    state.panels.map(async (each) => {
      each.problem.textContent = "";
      each.section.setAttribute("aria-busy", "true");
      const before = each.found.firstChild;
      try {
        await shows(each, question, settings(), asked.signal);
      } catch (error) {
        if (asked.signal.aborted) return;
        each.problem.textContent = error.message;
        if (each.found.firstChild === before) each.found.replaceChildren(); // an earlier answer
        each.more.replaceChildren();
      } finally {
        if (state.asked === asked) each.section.removeAttribute("aria-busy");
      }
    }),
  );
  if (state.asked === asked) part("stop").hidden = true;
}

/** Answer an edit when no other follows at once, where the models do. */
function edited() {
  if (!state.kind.isLive(state.panels.map(({ model }) => model))) return;
  clearTimeout(state.timer);
  const text = part("text").value;
  const { answer: usual, edited: shows = usual } = state.kind;
  if (shows === usual) state.question = text;
  else if (!part("stop").hidden) return; // what is being written goes on
  state.timer = setTimeout(() => answer(text, shows), WAIT);
}

part("question").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(state.timer);
  if (state.kind.button) answer(part("text").value);
});
part("text").addEventListener("input", edited);
part("choices").addEventListener("change", edited);
part("stop").addEventListener("click", () => {
  state.asked?.abort();
  part("stop").hidden = true;
});
part("second").addEventListener("change", () => {
  const names = [state.panels[0].model.name, part("second").value].filter(Boolean);
  location.hash = names.map(encodeURIComponent).join("/");
});
part("access").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", part("token").value);
  start();
});
addEventListener("hashchange", choose);
start();
