// Models of music, which write piano rolls.

import { element, numberField } from "./dom.js";
import { infer } from "./server.js";

const KEYS = 88;
const LOWEST = 21; // the MIDI pitch of the lowest key

export const music = {
  label: "",
  button: "Write",
  isLive: () => false,
  start: () => "",
  fields: () => [
    numberField("max_length", 64, 1),
    numberField("temperature", 1, "any"),
    numberField("seed", 0, 1),
  ],
  /** Show a new piece as a roll that plays. */
  async answer({ model, found }, _, { max_length, temperature, seed }, signal) {
    const input = (name, datatype, shape, ...data) => ({ name, datatype, shape, data });
    const inputs = [
      input("frames", "FP32", [1, 0, KEYS]),
      input("length", "INT32", [1], 0),
      input("max_length", "INT32", [], max_length),
      input("temperature", "FP32", [], temperature),
      input("seed", "INT32", [2], seed, 0),
    ];
    const { frames } = await infer(model, "generate", inputs, signal);
    found.replaceChildren(roll(notesOf(frames.data), frames.shape[1], model.step_seconds));
  },
};

/** Return the notes of frames, each a pitch, its first frame and the frame after its last. */
function notesOf(frames) {
  const notes = [];
  const steps = frames.length / KEYS;
  for (let key = 0; key < KEYS; key += 1) {
    for (let step = 0; step < steps; step += 1) {
      if (!frames[step * KEYS + key]) continue;
      const start = step;
      while (step < steps && frames[step * KEYS + key]) step += 1;
      notes.push([key + LOWEST, start, step]);
    }
  }
  return notes;
}

/** Return a roll that plays, as reports have them. */
function roll(notes, frames, step) {
  const pitches = notes.length ? notes.map(([pitch]) => pitch) : [LOWEST];
  const low = Math.min(...pitches) - 1;
  const high = Math.max(...pitches) + 2;
  const svg = (name, attributes, ...contents) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...contents);
    return made;
  };
  const path = notes.map(([pitch, start, end]) => {
    return `M${start} ${high - pitch - 1}h${(end - start - 0.1).toFixed(1)}v.8H${start}z`;
  });
  const drawing = svg(
    "svg",
    {
      role: "img",
      "aria-label": `Piano roll of ${notes.length} notes in ${frames} frames`,
      viewBox: `0 0 ${Math.max(1, frames)} ${high - low}`,
      preserveAspectRatio: "none",
    },
    svg("path", { d: path.join("") }),
    svg("line", { y2: high - low, visibility: "hidden" }),
  );
  const button = element("button", { type: "button" }, "play");
  const made = element("div", { class: "roll" }, drawing, element("p", {}, button));
  globalThis.playable(made, { notes, step, frames });
  return made;
}
