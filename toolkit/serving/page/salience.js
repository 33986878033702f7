// Salience: what each token adds to an answer, by the signature `explain`.

import { element, paragraph, table } from "./dom.js";
import { predict } from "./server.js";

const STRONGEST = 0.6; // the opacity of the strongest token, on which text is readable
const MOST_ROWS = 1000; // of the table
const running = new Map(); // by model, its explanation that was asked for last
const HOW =
  "This version has no signature explain. For a task that has explanations, a version that was " +
  "exported with “export --explain” shows here what each token adds to the answer.";

/** Return elements that show what each token of a text adds, or how to get that. */
export async function salience(model, given, signal) {
  if (!model.explains.length) return [element("p", { class: "hint" }, HOW)];
  const instance = Object.fromEntries(model.explains.map((name) => [name, given[name]]));
  const answer = await explained(model, instance, signal);
  const text = given.text ?? given.prompt;
  const parts = answer.tokens
    .map((token, number) => ({
      token,
      start: answer.starts?.[number],
      end: answer.ends?.[number],
      value: answer.attributions[number],
    }))
    .filter(({ token }) => token);
  if (!parts.length) return [];
  const of = "place" in answer ? ` at “${answer.tokens[answer.place]}”` : "";
  const target = "target" in answer ? `“${visible(answer.target)}”` : "the answer";
  return [
    element("h3", {}, `What each token adds to ${target}${of}`),
    coloured(text, parts),
    element("p", { class: "hint" }, scores(answer)),
    legend(),
    listed(parts),
  ];
}

/**
 * Return an explanation. A call goes on in the server when nobody waits for it any more, and can take
 * seconds; so the next one begins when it has ended, and edits in between are left out.
 */
async function explained(model, instance, signal) {
  await running.get(model.name)?.catch(() => {});
  signal.throwIfAborted();
  const answer = predict(model, instance, null, "explain");
  running.set(model.name, answer);
  const found = await answer;
  signal.throwIfAborted();
  return found;
}

/** Return a token, or in its place what it stands for where it would not be seen. */
function visible(token) {
  return token === "" ? "the end of the text" : token.trim() ? token : JSON.stringify(token);
}

/** Return the numbers of an explanation in a line. */
function scores(answer) {
  const key = "value" in answer ? "value" : "log_probability";
  const words =
    `${key.replace("_", " ")} ${answer[key].toFixed(4)}, of the baseline ` +
    `${answer[`baseline_${key}`].toFixed(4)}; error of the sum ` +
    answer.completeness_error.toExponential(0);
  return answer.complete ? words : `${words}, which is too large: take the tokens with care`;
}

/** Return a text in which each token has the colour of what it adds. */
function coloured(text, parts) {
  const largest = Math.max(...parts.map(({ value }) => Math.abs(value))) || 1;
  const drawn = (words, value) => {
    const kind = value < 0 ? "part minus" : "part";
    const made = element("span", { class: kind, title: signed(value) }, words);
    made.style.setProperty("--share", (STRONGEST * Math.abs(value)) / largest);
    return made;
  };
  const letters = placed(text, parts);
  if (!letters) {
    return paragraph(...parts.flatMap(({ token, value }) => [drawn(token, value), " "]));
  }
  const line = paragraph();
  let done = 0;
  for (const { start, end, value } of parts) {
    line.append(letters.slice(done, start).join(""));
    line.append(drawn(letters.slice(start, end).join(""), value));
    done = end;
  }
  line.append(letters.slice(done).join(""));
  return line;
}

/** Return the code points in which the tokens have their places; null where they have none. */
function placed(text, parts) {
  const plain = (words) => words.normalize("NFC").toLowerCase();
  const fits = (letters) =>
    parts.every(({ token, start, end }) => {
      return plain(letters.slice(start, end).join("")) === plain(token);
    });
  // White space is left out of strands before their bases are counted.
  const readings = [Array.from(text), Array.from(text.replace(/\s+/g, ""))];
  return readings.find(fits) ?? null;
}

/** Return a number with its sign. */
function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}

/** Return the meaning of the colours. */
function legend() {
  const sample = (kind, words) => {
    const made = element("span", { class: kind }, words);
    made.style.setProperty("--share", STRONGEST);
    return made;
  };
  return element(
    "p",
    { class: "hint" },
    sample("part", "adds to it"),
    " ",
    sample("part minus", "takes from it (underlined)"),
    " The stronger the colour, the more, compared with the strongest token.",
  );
}

/** Return a table of all tokens that opens. */
function listed(parts) {
  const rows = parts.slice(0, MOST_ROWS).map(({ token, value }) => [
    element("th", { scope: "row" }, visible(token)),
    element("td", { class: "number" }, signed(value)),
  ]);
  const summary = element("summary", {}, "all tokens");
  return element("details", {}, summary, table("what each token adds", ...rows));
}
