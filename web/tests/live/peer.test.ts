import { describe, expect, it } from 'vitest';
import { M_LINES, orderVideoCodecs, videoCodecs, withSoundRepair } from '../../src/live/peer';

const h264 = (profile: string, mode: number) => ({ mimeType: 'video/H264', sdpFmtpLine: `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}` });

describe('the codecs of an answer', () => {
  it('are those of the other person’s picture, repair left out', () => {
    const answer = [
      'v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=rtpmap:111 opus/48000/2',
      'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'a=mid:1', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000',
      'm=video 9 UDP/TLS/RTP/SAVPF 102', 'a=mid:3', 'a=rtpmap:102 H264/90000', '',
    ].join('\r\n');
    expect(videoCodecs(answer)).toEqual(['VP8']);
    expect(videoCodecs('v=0\r\n')).toEqual([]);
  });
});

describe('the codecs of an offer', () => {
  it('are constrained-baseline H.264 first, then VP8, then repair', () => {
    const ordered = orderVideoCodecs([
      { mimeType: 'video/VP8' },
      { mimeType: 'video/rtx' },
      { mimeType: 'video/VP9' },
      h264('42001f', 1),
      h264('42e01f', 0),
      h264('42e01f', 1),
      h264('640c1f', 1),
      { mimeType: 'video/AV1' },
    ]);
    expect(ordered).toEqual([h264('42e01f', 1), h264('42001f', 1), { mimeType: 'video/VP8' }, { mimeType: 'video/rtx' }]);
  });

  it('are VP8 alone where there is no H.264', () => {
    expect(orderVideoCodecs([{ mimeType: 'video/rtx' }, { mimeType: 'video/VP8' }]).map((codec) => codec.mimeType)).toEqual(['video/VP8', 'video/rtx']);
  });

  it('are left alone where neither is known', () => {
    const odd = [{ mimeType: 'video/H265' }];
    expect(orderVideoCodecs(odd)).toEqual(odd);
  });
});

describe('the m-lines', () => {
  it('are the five of the architecture, in order', () => {
    expect(M_LINES.map((line) => `${line.kind} ${line.direction}`)).toEqual(['audio sendrecv', 'video sendrecv', 'audio recvonly', 'video recvonly', 'video recvonly']);
  });
});

describe('the sound of an offer', () => {
  const sdp = ['m=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:111 opus/48000/2', ''].join('\r\n');

  it('is repaired on every line, once', () => {
    const repaired = withSoundRepair(sdp);
    expect(repaired.split('\r\n').filter((line) => line === 'a=rtcp-fb:111 nack')).toHaveLength(2);
    expect(repaired.split('\r\n').every((line) => !line.includes('\n'))).toBe(true);
    expect(withSoundRepair(repaired)).toBe(repaired);
  });

  it('is left alone without Opus', () => {
    expect(withSoundRepair('v=0\r\n')).toBe('v=0\r\n');
  });
});
