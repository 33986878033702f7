// Attention: what a translator looked at for each token it wrote, by the signature `align`.

import { element } from "./dom.js";
import { predict } from "./server.js";

/** Return elements that show the attention of a translation; none where the model has none. */
export async function attention(model, text, translation, signal) {
  if (!model.aligns || !translation) return [];
  const answer = await predict(model, { text, translation }, signal, "align");
  const head = answer.source.map((token) => {
    return element("th", { scope: "col" }, element("span", {}, token || "end"));
  });
  const rows = answer.target.map((token, number) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, token || "end"),
      ...answer.weights[number].map((weight) => {
        const cell = element("td", {}, weight < 0.01 ? "" : (100 * weight).toFixed(0));
        cell.style.setProperty("--share", weight);
        return cell;
      }),
    ),
  );
  const table = element(
    "table",
    { class: "attention" },
    element("thead", {}, element("tr", {}, element("td"), ...head)),
    element("tbody", {}, ...rows),
  );
  const name = "Attention to the source for each written token, in percent";
  const scrolled = { class: "scrolled", tabindex: 0, role: "region", "aria-label": name };
  return [element("h3", {}, name), element("div", scrolled, table)];
}
