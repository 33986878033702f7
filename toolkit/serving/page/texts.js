// Models that answer a text: classes, a number, entities, a translation.

import { shown } from "./answers.js";
import { attention } from "./attention.js";
import { choiceField } from "./dom.js";
import { salience } from "./salience.js";
import { predict } from "./server.js";

export const texts = {
  label: "Text",
  button: "",
  isLive: () => true,
  start: () => "",
  fields(models) {
    const explained = models.filter(({ explains }) => explains.includes("target"));
    const classes = explained
      .filter(({ explains }) => !explains.includes("token")) // the targets of others are tags
      .flatMap((model) => model.classes);
    if (!classes.length) return [];
    const values = [...new Set(classes)].map((name) => [name, name]);
    return [choiceField("target", "Explain", [["", "the answer"], ...values])];
  },
  async answer({ model, found, more }, text, { target = "" }, signal) {
    if (!text) {
      found.replaceChildren();
      more.replaceChildren();
      return;
    }
    const answer = await predict(model, text, signal);
    found.replaceChildren(shown(text, answer, model));
    const asked = model.classes.includes(target) ? target : "";
    const further =
      "translation" in answer
        ? attention(model, text, answer.translation, signal)
        : salience(model, { text, target: asked, token: -1 }, signal);
    more.replaceChildren(...(await further));
  },
};
