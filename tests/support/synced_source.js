// A camera and microphone whose pictures carry the wall clock and whose beeps fall on whole seconds.
//
// Runs in a page before its own scripts, with window.__syncedSource =
// {camera: 1 | 2, width, height, fps, hz, held} set. It replaces getUserMedia: video
// is a canvas with the cells of frame_code.py (counter + 1 a picture, clock =
// the Unix milliseconds of its drawing, flash for the first 100 ms of each
// second), audio an oscillator that sounds in just those 100 ms. With held
// (held_code.py) a hand holds a label with a QR code beside the cells.
(() => {
  "use strict";
  // Blank and insecure pages have no devices to replace.
  if (!navigator.mediaDevices) return;
  const { camera, width, height, fps, hz, held } = window.__syncedSource;
  const COLUMNS = 8, ROWS = 11, CELL = 32, MARGIN = 8, RING = 16;
  const LEFT = (1280 - COLUMNS * CELL) / 2, TOP = (720 - ROWS * CELL) / 2;
  const scenes = {
    1: { name: "BUYER", wall: "#ebc396", table: "#a5693c", box: "#cd965f" },
    2: { name: "HOST", wall: "#a0bed7", table: "#5f7d96", box: "#8caab9" },
  };
  const scene = scenes[camera];

  const nowMs = () => performance.timeOrigin + performance.now();
  const gray = (value) => value ^ (value >> 1n);

  function crc16(bits) {
    let crc = 0xffff;
    for (const bit of "0".repeat(72 - bits.length) + bits) {
      const carry = (crc >> 15) ^ Number(bit);
      crc = (crc << 1) & 0xffff;
      if (carry) crc ^= 0x1021;
    }
    return crc;
  }

  function cellsOf(counter, clockMs, flash) {
    const field = (value, size) => value.toString(2).padStart(size, "0");
    const payload =
      field(camera, 4) + (flash ? "1" : "0") + "0" +
      field(gray(BigInt(counter) & 0xfffffn), 20) + field(gray(BigInt(clockMs)), 42);
    const bits = payload + field(crc16(payload), 16);
    const cells = [];
    let next = 0;
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < COLUMNS; column++) {
        const corner = (row === 0 || row === ROWS - 1) && (column === 0 || column === COLUMNS - 1);
        cells.push(corner ? column === 0 : bits[next++] === "1");
      }
    }
    return cells;
  }

  const labels = new Map();

  // The code is drawn large and scaled down, so that its edges fall between pixels as a lens has them.
  function labelOf(index) {
    const kept = labels.get(index);
    if (kept) return kept;
    const scale = 2;
    const label = new OffscreenCanvas(held.labelWidth * scale, held.labelHeight * scale);
    const context = label.getContext("2d", { alpha: false });
    context.scale(scale, scale);
    context.fillStyle = "#f0eee8";
    context.fillRect(0, 0, held.labelWidth, held.labelHeight);
    context.fillStyle = "#202020";
    context.font = "15px sans-serif";
    context.fillText("SERIAL NUMBER", held.margin, 24);
    context.font = "10px sans-serif";
    for (let line = 0; line < 6; line++)
      context.fillText("Keep dry. Do not bend. Lot 7.", held.codeWidth + 2 * held.margin, 48 + line * 15);
    const modules = held.modules, one = held.codeWidth / modules;
    const large = new OffscreenCanvas(modules * 10, modules * 10);
    const dots = large.getContext("2d", { alpha: false });
    dots.fillStyle = "#f0eee8";
    dots.fillRect(0, 0, modules * 10, modules * 10);
    dots.fillStyle = "#181818";
    for (let row = 0; row < modules; row++)
      for (let column = 0; column < modules; column++)
        if (held.codes[index][row * modules + column] === "1") dots.fillRect(column * 10, row * 10, 10, 10);
    context.imageSmoothingQuality = "high";
    context.drawImage(large, held.margin, 34 + one, held.codeWidth, held.codeWidth);
    labels.set(index, label);
    if (labels.size > 4) labels.delete(labels.keys().next().value);
    return label;
  }

  function drawHeld(context, clockMs) {
    const seconds = clockMs / 1000;
    const x = held.x + held.swing * Math.sin((2 * Math.PI * seconds) / 1.7);
    const y = held.y + held.swing * 0.7 * Math.sin((2 * Math.PI * seconds) / 2.3);
    const label = labelOf(Math.floor(clockMs / held.everyMs) % held.codes.length);
    context.imageSmoothingQuality = "high";
    context.drawImage(label, x, y, held.labelWidth, held.labelHeight);
  }

  function draw(context, counter, clockMs) {
    const flash = clockMs % 1000 < 100;
    context.setTransform(width / 1280, 0, 0, height / 720, 0, 0);
    const fill = (colour, x, y, w, h) => {
      context.fillStyle = colour;
      context.fillRect(x, y, w, h);
    };
    fill(scene.wall, 0, 0, 1280, 540);
    fill(scene.table, 0, 540, 1280, 180);
    fill(scene.box, 430, 90, 420, 600);
    const outer = MARGIN + RING;
    fill("#fafafa", LEFT - outer, TOP + ROWS * CELL + outer, COLUMNS * CELL + 2 * outer, 76);
    fill("#c800c8", LEFT - outer, TOP - outer, COLUMNS * CELL + 2 * outer, ROWS * CELL + 2 * outer);
    fill("#f5f5f5", LEFT - MARGIN, TOP - MARGIN, COLUMNS * CELL + 2 * MARGIN, ROWS * CELL + 2 * MARGIN);
    cellsOf(counter, clockMs, flash).forEach((white, index) => {
      const x = LEFT + (index % COLUMNS) * CELL, y = TOP + Math.floor(index / COLUMNS) * CELL;
      fill(white ? "#f5f5f5" : "#0a0a0a", x, y, CELL, CELL);
    });
    fill(flash ? "#ffffff" : "#282828", 1080, 60, 140, 100);
    if (held) drawHeld(context, clockMs);
    context.fillStyle = "#c84646";
    context.beginPath();
    context.arc(60 + ((counter * 4) % 300), 620, 26, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#141414";
    context.font = "bold 34px sans-serif";
    context.textAlign = "center";
    context.fillText(`${scene.name} ${String(counter).padStart(6, "0")}`, 640, TOP + ROWS * CELL + outer + 52);
    context.textAlign = "left";
    context.fillText(new Date(clockMs).toISOString().slice(11, 23), 60, 60);
  }

  let counter = 0;

  function videoTrack() {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { alpha: false });
    draw(context, counter, Math.floor(nowMs()));
    const track = canvas.captureStream().getVideoTracks()[0];
    const timer = setInterval(() => {
      if (track.readyState === "ended") {
        clearInterval(timer);
        return;
      }
      counter += 1;
      draw(context, counter, Math.floor(nowMs()));
    }, 1000 / fps);
    return track;
  }

  function audioTrack() {
    const audio = new AudioContext({ latencyHint: "interactive", sampleRate: 48000 });
    const out = audio.createMediaStreamDestination();
    out.channelCount = 1;
    const tone = new OscillatorNode(audio, { frequency: hz });
    const gate = new GainNode(audio, { gain: 0 });
    tone.connect(gate).connect(out);
    tone.start();
    const track = out.stream.getAudioTracks()[0];
    // currentTime moves in steps, just after a block was rendered, so the
    // largest difference seen lately is the true one.
    let leads = [], scheduled = 0;
    const timer = setInterval(() => {
      if (track.readyState === "ended") {
        clearInterval(timer);
        void audio.close();
        return;
      }
      if (audio.state !== "running") {
        leads = [];
        void audio.resume();
        return;
      }
      const wallMs = nowMs();
      leads.push(audio.currentTime - wallMs / 1000);
      if (leads.length > 100) leads.shift();
      const second = Math.ceil(wallMs / 1000);
      // Scheduled shortly before it sounds, when the mapping is known best.
      if (leads.length >= 10 && second !== scheduled && second * 1000 - wallMs < 60) {
        scheduled = second;
        const at = second + Math.max(...leads);
        gate.gain.setValueAtTime(0, at);
        gate.gain.linearRampToValueAtTime(0.4, at + 0.005);
        gate.gain.setValueAtTime(0.4, at + 0.095);
        gate.gain.linearRampToValueAtTime(0, at + 0.1);
      }
    }, 10);
    return track;
  }

  async function getUserMedia(constraints = {}) {
    if (!constraints.audio && !constraints.video) throw new TypeError("audio or video must be asked for");
    const tracks = [];
    if (constraints.audio) tracks.push(audioTrack());
    if (constraints.video) tracks.push(videoTrack());
    return new MediaStream(tracks);
  }
  navigator.mediaDevices.getUserMedia = getUserMedia;
})();
