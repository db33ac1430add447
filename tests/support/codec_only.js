// Restricts a page's WebRTC to one video codec: window.__onlyCodec is "H264" or "VP8".
(() => {
  "use strict";
  const wanted = `video/${window.__onlyCodec}`.toLowerCase();
  const helpers = ["video/rtx", "video/red", "video/ulpfec", "video/flexfec-03"];
  const allowed = (codec) => {
    const type = codec.mimeType.toLowerCase();
    return !type.startsWith("video/") || type === wanted || helpers.includes(type);
  };
  for (const side of [RTCRtpReceiver, RTCRtpSender]) {
    const original = side.getCapabilities.bind(side);
    side.getCapabilities = (kind) => {
      const capabilities = original(kind);
      if (capabilities) capabilities.codecs = capabilities.codecs.filter(allowed);
      return capabilities;
    };
  }
  const setPreferences = RTCRtpTransceiver.prototype.setCodecPreferences;
  RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
    this.__chosen = true;
    return setPreferences.call(this, codecs.filter(allowed));
  };
  const restrict = (connection) => {
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.receiver.track.kind !== "video" || transceiver.__chosen) continue;
      transceiver.__chosen = true;
      setPreferences.call(transceiver, RTCRtpReceiver.getCapabilities("video").codecs);
    }
  };
  for (const name of ["createOffer", "createAnswer"]) {
    const original = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...args) {
      restrict(this);
      return original.apply(this, args);
    };
  }
  // setLocalDescription without an argument makes its own offer or answer.
  const setLocal = RTCPeerConnection.prototype.setLocalDescription;
  RTCPeerConnection.prototype.setLocalDescription = function (...args) {
    if (args.length === 0 || args[0] === undefined) restrict(this);
    return setLocal.apply(this, args);
  };
})();
