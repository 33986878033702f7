// Models that take other inputs than texts and recordings, as JSON.

import { shown } from "./answers.js";
import { predict } from "./server.js";

export const instances = {
  label: "Instance (JSON)",
  button: "Ask",
  isLive: () => false,
  start: ({ example }) => JSON.stringify(example),
  fields: () => [],
  async answer({ model, found }, text, _, signal) {
    let instance;
    try {
      instance = JSON.parse(text);
    } catch (error) {
      throw new Error(`this is no JSON: ${error.message}`);
    }
    found.replaceChildren(shown("", await predict(model, instance, signal), model));
  },
};
