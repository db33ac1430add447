// A second way between the two pages of a call, without the server: what the relay's delay is
// compared with. It carries the same tracks in the same codec, and the viewer's page shows either.
//
// Runs in both pages, after network_viewer.js.
window.__direct = (() => {
  "use strict";
  let peer, relayed, direct;
  const gathered = () =>
    new Promise((resolve) => {
      const done = () => peer.iceGatheringState === "complete" && resolve(peer.localDescription.sdp);
      peer.addEventListener("icegatheringstatechange", done);
      done();
    });
  const call = () => window.__peers.findLast((one) => one.connectionState === "connected");
  const view = () => document.querySelector('video[data-test="remote-video"]');
  const codecs = () => {
    const all = RTCRtpReceiver.getCapabilities("video").codecs;
    const used = call().getTransceivers()[1].sender.getParameters().codecs[0];
    // The answer may name another level: profile and packetization are what the encoder minds.
    const told = (one) =>
      /profile-level-id=(\w{4})/.exec(one.sdpFmtpLine)?.[1] + /packetization-mode=\d/.exec(one.sdpFmtpLine)?.[0];
    const same = (one) => one.mimeType === used.mimeType && told(one) === told(used);
    return [...all.filter(same), ...all.filter((one) => one.mimeType === "video/rtx")];
  };
  async function begin() {
    const senders = call().getSenders().filter((one) => one.track);
    const stream = new MediaStream(senders.map((one) => one.track));
    direct = new MediaStream();
    peer = new RTCPeerConnection();
    peer.ontrack = ({ track }) => direct.addTrack(track);
    for (const { track } of senders) peer.addTrack(track, stream);
    for (const line of peer.getTransceivers())
      if (line.sender.track.kind === "video") line.setCodecPreferences(codecs());
  }
  /** The bounds that the call's own sender has at this moment. */
  async function bound() {
    for (const sender of peer.getSenders()) {
      const own = call().getSenders().find((one) => one.track === sender.track).getParameters();
      const parameters = sender.getParameters();
      parameters.degradationPreference = own.degradationPreference;
      parameters.encodings.forEach((encoding, index) => {
        for (const name of ["maxBitrate", "maxFramerate", "scaleResolutionDownBy", "priority", "networkPriority"])
          if (own.encodings[index]?.[name] !== undefined) encoding[name] = own.encodings[index][name];
      });
      await sender.setParameters(parameters);
    }
  }
  return {
    async offer() {
      await begin();
      await peer.setLocalDescription();
      return gathered();
    },
    async answer(sdp) {
      await begin();
      await peer.setRemoteDescription({ type: "offer", sdp });
      await peer.setLocalDescription();
      await bound();
      return gathered();
    },
    async accept(sdp) {
      await peer.setRemoteDescription({ type: "answer", sdp });
      await bound();
    },
    bound,
    show(way) {
      relayed ??= view().srcObject;
      view().srcObject = way === "direct" ? direct : relayed;
    },
  };
})();
