// Language models, which go on after a text.

import { choiceField, element, numberField, paragraph } from "./dom.js";
import { salience } from "./salience.js";
import { events } from "./server.js";

export const writing = {
  label: "Beginning",
  button: "Write",
  isLive: (models) => models.some(({ explains }) => explains.length),
  start: () => "",
  fields([{ conditions }]) {
    const fields = [
      numberField("max_length", 200, 1),
      numberField("temperature", 0.8, "any"),
      numberField("seed", 0, 1),
    ];
    if (conditions.length) {
      fields.push(choiceField("condition", "condition", conditions.map((each) => [each, each])));
    }
    return fields;
  },
  /** Show a text as it is written. */
  async answer({ model, found, more }, text, settings, signal) {
    const line = paragraph(element("b", {}, text));
    found.replaceChildren(line);
    more.replaceChildren();
    const body = { text_input: text, parameters: settings };
    for await (const { text_output } of events(model, "generate_stream", body, signal)) {
      if (text_output) line.append(text_output);
    }
    if (model.explains.length) await writing.edited({ model, more }, text, settings, signal);
    else more.replaceChildren(...(await salience(model, {}, signal)));
  },
  /** Show what each token of the beginning adds to the next one. */
  async edited({ model, more }, prompt, { condition }, signal) {
    const given = { prompt, condition, token: -1 };
    more.replaceChildren(...(prompt ? await salience(model, given, signal) : []));
  },
};
