// A WHIP client (RFC 9725) of a few lines: publishes this page's camera and microphone.
async ([endpoint, token]) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  window.__whip = pc;
  for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: "sendonly", streams: [stream] });
  await pc.setLocalDescription(await pc.createOffer());
  const authorization = `Bearer ${token}`;
  const posted = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/sdp", Authorization: authorization },
    body: pc.localDescription.sdp,
  });
  if (posted.status !== 201) throw new Error(`${posted.status}: ${await posted.text()}`);
  const session = new URL(posted.headers.get("Location"), location.href);
  const etag = posted.headers.get("ETag");
  await pc.setRemoteDescription({ type: "answer", sdp: await posted.text() });
  const sdp = pc.localDescription.sdp;
  const credentials = sdp.match(/a=ice-(ufrag|pwd):.*/g).slice(0, 2).join("\r\n");
  const mline = sdp.match(/^m=.*$/m)[0];
  const trickle = async (candidate) => {
    const line = candidate ? `a=${candidate.candidate}` : "a=end-of-candidates";
    const answer = await fetch(session, {
      method: "PATCH",
      headers: { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": etag, Authorization: authorization },
      body: `${credentials}\r\n${mline}\r\na=mid:${candidate?.sdpMid ?? "0"}\r\n${line}\r\n`,
    });
    window.__patched = answer.status;
  };
  pc.onicecandidate = ({ candidate }) => trickle(candidate);
  for (const line of sdp.match(/^a=candidate:.*$/gm) ?? []) {
    await trickle({ candidate: line.trim().slice(2), sdpMid: "0" });
  }
  window.__stopWhip = async () => {
    const ended = await fetch(session, { method: "DELETE", headers: { Authorization: authorization } });
    pc.close();
    return ended.status;
  };
  for (let waited = 0; pc.connectionState !== "connected" && waited < 10_000; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return pc.connectionState;
}
