// Piano rolls play by sines with a decay, while a line moves over their drawings.

/**
 * Let the button of a roll play its notes.
 *
 * @param roll The element with a button, and a drawing with a line, a unit a frame wide.
 * @param piece `notes` of a MIDI pitch, the first frame and the frame after the last; `step`, the
 *   seconds of a frame; and `frames`, their number.
 */
function playable(roll, { notes, step, frames }) {
  const button = roll.querySelector("button"), line = roll.querySelector("line");
  let context = null;

  function stop() {
    if (context) context.close();
    context = null;
    button.textContent = "play";
    line.setAttribute("visibility", "hidden");
  }

  function follow(began) {
    if (!context) return;
    const frame = (context.currentTime - began) / step;
    if (frame > frames + 1 || !roll.isConnected) { stop(); return; }
    line.setAttribute("x1", frame);
    line.setAttribute("x2", frame);
    line.setAttribute("visibility", frame < 0 ? "hidden" : "visible");
    requestAnimationFrame(() => follow(began));
  }

  button.addEventListener("click", () => {
    if (context) { stop(); return; }
    context = new AudioContext();
    const began = context.currentTime + 0.1, loudness = context.createGain();
    loudness.gain.value = 0.12;
    loudness.connect(context.destination);
    for (const [pitch, start, end] of notes) {
      const tone = context.createOscillator(), gain = context.createGain();
      const first = began + start * step, last = began + end * step;
      tone.type = "triangle";
      tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
      gain.gain.setValueAtTime(0, first);
      gain.gain.linearRampToValueAtTime(1, first + 0.01);
      gain.gain.setTargetAtTime(0, first + 0.01, 0.6);
      gain.gain.setTargetAtTime(0, last, 0.03);
      tone.connect(gain).connect(loudness);
      tone.start(first);
      tone.stop(last + 0.2);
    }
    button.textContent = "stop";
    follow(began);
  });
}

for (const roll of document.querySelectorAll(".roll")) {
  playable(roll, JSON.parse(roll.querySelector("script").textContent));
}
