// Answers of models, drawn.

import { element, paragraph, table } from "./dom.js";

const MOST_CLASSES = 20; // that a table shows
const HUE_STEP = 137.508; // degrees from one label's hue to the next: the golden angle

/** Return an element that shows the answer of a model to a text. */
export function shown(text, answer, model) {
  if (typeof answer !== "object" || Array.isArray(answer)) return raw(answer);
  if ("entity_text" in answer) return marked(text, answer, model.classes);
  if ("translation" in answer) return paragraph(answer.translation);
  if ("probabilities" in answer) return bars(answer, model.classes);
  if ("value" in answer) return paragraph(String(answer.value));
  if (typeof answer.text === "string") return paragraph(answer.text);
  return raw(answer);
}

/** Return JSON as it is. */
function raw(answer) {
  return element("pre", {}, JSON.stringify(answer));
}

/** Return a share as a percentage. */
export function percent(share, digits = 0) {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Return a table of classes with their probabilities, the likeliest first. */
function bars({ label, probabilities }, names) {
  const rows = probabilities
    .map((value, number) => [names[number] ?? `class ${number}`, value])
    .sort((one, other) => other[1] - one[1])
    .slice(0, MOST_CLASSES)
    .map(([name, value]) => {
      const bar = element("span", { "aria-hidden": "true" });
      bar.style.width = `${100 * value}%`;
      return [
        element("th", { scope: "row" }, name),
        element("td", { class: "number" }, percent(value, 1)),
        element("td", { class: "bar" }, bar),
      ];
    });
  return table(label ?? "", ...rows);
}

/** Return a text with its entities marked; places are in code points. */
function marked(text, answer, labels) {
  const letters = Array.from(text);
  const drawn = paragraph();
  let done = 0;
  for (let number = 0; number < answer.entity_count; number += 1) {
    const [start, end] = [answer.entity_start[number], answer.entity_end[number]];
    const label = answer.entity_label[number];
    const title = percent(answer.entity_score[number]);
    const words = letters.slice(start, end).join("");
    const mark = element("mark", { title }, words, element("small", {}, label));
    mark.style.setProperty("--hue", Math.max(0, labels.indexOf(label)) * HUE_STEP);
    drawn.append(letters.slice(done, start).join(""), mark);
    done = end;
  }
  drawn.append(letters.slice(done).join(""));
  return drawn;
}
