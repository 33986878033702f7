// Recognisers of speech, which are given a file or the microphone.

import { base64, record, samplesAt, wavFile } from "./audio.js";
import { element, paragraph } from "./dom.js";
import { predict } from "./server.js";

const PAUSE = 1000; // milliseconds after which what has been recorded is asked for again

export const speech = {
  label: "",
  button: "",
  isLive: () => false,
  start: () => "",
  fields(_, ask, complain) {
    const file = element("input", { type: "file", accept: "audio/*" });
    file.addEventListener("change", async () => {
      if (file.files.length) ask(await file.files[0].arrayBuffer());
    });
    const button = element("button", { type: "button" }, "Record");
    let current = null; // what is being recorded

    async function stop() {
      if (!current) return;
      const { recording, stop: end } = current;
      current = null;
      button.textContent = "Record";
      end();
      await ask(recording());
    }

    /** Show the text as it arrives: that of all that has been recorded so far. */
    async function follow() {
      while (current && button.isConnected) {
        await new Promise((resume) => setTimeout(resume, PAUSE));
        if (current && button.isConnected) await ask(current.recording());
      }
      if (current) current.stop(); // another model has been chosen
    }

    button.addEventListener("click", async () => {
      if (current) {
        await stop();
        return;
      }
      complain();
      button.disabled = true; // while the browser asks whether the microphone may be used
      try {
        current = await record(stop);
      } catch (error) {
        complain(error.message);
        return;
      } finally {
        button.disabled = false;
      }
      button.textContent = "Stop recording";
      await follow();
    });
    return [element("label", {}, "A recording ", file), button];
  },
  /** Show the text of a recording. */
  async answer({ model, found }, recording, _, signal) {
    const wav = wavFile(await samplesAt(model.rate, recording), model.rate);
    const { text } = await predict(model, { b64: base64(wav) }, signal);
    found.replaceChildren(text ? paragraph(text) : element("p", { class: "hint" }, "(no words)"));
  },
};
