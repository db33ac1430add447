// One end of a call without a server: what the relay's delay is compared with.
//
// The page's camera and sound go to the other page and theirs into a <video>. Each step takes
// and gives SDP with all candidates in it.
window.__peer = (() => {
  "use strict";
  let peer;
  const gathered = () =>
    new Promise((resolve) => {
      const done = () => peer.iceGatheringState === "complete" && resolve(peer.localDescription.sdp);
      peer.addEventListener("icegatheringstatechange", done);
      done();
    });
  async function begin(maxBitrate) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const view = document.createElement("video");
    view.dataset.test = "remote-video";
    view.autoplay = view.muted = true;
    view.style.width = "100vw";
    document.body.append(view);
    const remote = new MediaStream();
    view.srcObject = remote;
    peer = new RTCPeerConnection();
    peer.ontrack = ({ track }) => remote.addTrack(track);
    for (const track of stream.getTracks()) {
      if (track.kind === "video") track.contentHint = "detail";
      const sender = peer.addTrack(track, stream);
      if (track.kind === "audio") continue;
      const parameters = sender.getParameters();
      parameters.degradationPreference = "maintain-resolution";
      for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
      await sender.setParameters(parameters);
    }
  }
  return {
    async offer(maxBitrate) {
      await begin(maxBitrate);
      await peer.setLocalDescription();
      return gathered();
    },
    async answer(maxBitrate, sdp) {
      await begin(maxBitrate);
      await peer.setRemoteDescription({ type: "offer", sdp });
      await peer.setLocalDescription();
      return gathered();
    },
    accept: (sdp) => peer.setRemoteDescription({ type: "answer", sdp }),
  };
})();
