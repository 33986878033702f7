// The part of a recording that runs in the browser's thread for audio.

class Recorder extends AudioWorkletProcessor {
  /** Hand on the samples of the first channel. */
  process([[samples]]) {
    if (samples) this.port.postMessage(samples.slice());
    return true;
  }
}

registerProcessor("recorder", Recorder);
