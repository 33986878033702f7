// Recordings: samples of a file, and of the microphone.

const LONGEST = 60; // seconds of a recording of the microphone

/**
 * Return the samples of a file in any format that the browser knows, at a rate, the mean of its
 * channels; the browser resamples them.
 */
export async function samplesAt(rate, bytes) {
  const context = new OfflineAudioContext(1, 1, rate);
  let decoded;
  try {
    decoded = await context.decodeAudioData(bytes.slice(0));
  } catch {
    throw new Error("this is no recording that the browser can read");
  }
  const samples = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel += 1) {
    const values = decoded.getChannelData(channel);
    for (let n = 0; n < samples.length; n += 1) samples[n] += values[n] / decoded.numberOfChannels;
  }
  return samples;
}

/** Return samples from -1 to 1 as the bytes of a WAV file with one channel of 16 bits. */
export function wavFile(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const word = (place, letters) =>
    [...letters].forEach((letter, n) => view.setUint8(place + n, letter.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // the size of the format
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true); // bytes a second
  view.setUint16(32, 2, true); // bytes a frame
  view.setUint16(34, 16, true); // bits
  word(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, n) => {
    view.setInt16(44 + 2 * n, Math.max(-32768, Math.min(32767, Math.round(32768 * sample))), true);
  });
  return view.buffer;
}

/** Return bytes in base64. */
export function base64(bytes) {
  const parts = [];
  const all = new Uint8Array(bytes);
  for (let n = 0; n < all.length; n += 8192) {
    parts.push(String.fromCharCode(...all.subarray(n, n + 8192)));
  }
  return btoa(parts.join(""));
}

/**
 * Begin to record the microphone, for at most a minute.
 *
 * @param ended Called when the time is over.
 * @returns `recording()`, what has been recorded so far as a WAV file, and `stop()`.
 */
export async function record(ended) {
  if (!navigator.mediaDevices) {
    throw new Error("browsers give the microphone only to pages of localhost or over HTTPS");
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch (error) {
    throw new Error(`the microphone cannot be used: ${error.message}`);
  }
  const context = new AudioContext();
  const parts = [];
  const release = () => {
    stream.getTracks().forEach((track) => track.stop());
    context.close();
  };
  try {
    await context.audioWorklet.addModule("recorder.js");
    const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => parts.push(data);
    context.createMediaStreamSource(stream).connect(node);
  } catch (error) {
    release();
    throw new Error(`the microphone cannot be used: ${error.message}`);
  }
  const over = setTimeout(ended, 1000 * LONGEST);
  return {
    recording() {
      const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      parts.reduce((place, part) => (samples.set(part, place), place + part.length), 0);
      return wavFile(samples, context.sampleRate);
    },
    stop() {
      clearTimeout(over);
      release();
    },
  };
}
