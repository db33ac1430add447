// Watches what a page's person sees: when they tapped, and every picture that was presented of the other.
//
// Runs before the page's own scripts. __seen.frames holds for each presented frame
// [Unix ms at which it was submitted for composition, width, height, lumas of the cells of
// frame_code.py]; __peers every peer connection that the page made.
(() => {
  "use strict";
  const COLUMNS = 8, ROWS = 11, CELL = 32, POINTS = 4;
  const LEFT = (1280 - COLUMNS * CELL) / 2, TOP = (720 - ROWS * CELL) / 2;
  window.__seen = { tapMs: null, firstMs: null, frames: [] };
  window.__peers = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...given) {
      super(...given);
      window.__peers.push(this);
    }
  };
  const wallMs = (at) => performance.timeOrigin + at;
  addEventListener("click", (event) => {
    if (event.target.closest?.('[data-test="join"]')) window.__seen.tapMs ??= wallMs(performance.now());
  }, true);
  const canvas = new OffscreenCanvas(COLUMNS * POINTS, ROWS * POINTS);
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });

  function lumas(video) {
    const sx = video.videoWidth / 1280, sy = video.videoHeight / 720;
    context.drawImage(
      video, LEFT * sx, TOP * sy, COLUMNS * CELL * sx, ROWS * CELL * sy, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const cells = [];
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < COLUMNS; column++) {
        let sum = 0;
        // The middle four of sixteen points, green only: luma enough for black and white.
        for (const y of [1, 2])
          for (const x of [1, 2])
            sum += pixels[4 * ((row * POINTS + y) * canvas.width + column * POINTS + x) + 1];
        cells.push(sum >> 2);
      }
    }
    return cells;
  }

  const watched = new WeakSet();
  function watch(video) {
    if (watched.has(video)) return;
    watched.add(video);
    const each = (now, frame) => {
      const at = wallMs(frame.presentationTime ?? now);
      window.__seen.firstMs ??= at;
      window.__seen.frames.push([at, frame.width, frame.height, lumas(video)]);
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }
  new MutationObserver(() => {
    const video = document.querySelector('video[data-test="remote-video"]');
    if (video) watch(video);
  }).observe(document, { childList: true, subtree: true });
})();
