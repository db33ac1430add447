import { describe, expect, it } from 'vitest';
import type { Ice, Precheck } from '../../src/base/protocol/connection';
import { isOld } from '../../src/live/ice';
import { echoAnswer, rateBps } from '../../src/live/precheck';
import { hintOf } from '../../src/live/precheck_run';

const fine: Precheck = { websocket: true, udp: true, relay: 'udp', rtt_ms: 40, uplink_bps: 4_000_000, downlink_bps: 9_000_000, took_ms: 900 };

describe('what a check is worth a word for', () => {
  it('is nothing where live video gets through', () => {
    expect(hintOf(fine)).toBeNull();
    expect(hintOf({ ...fine, udp: false, relay: 'tls' })).toBeNull();
    expect(hintOf({ ...fine, udp: true, relay: 'none' })).toBeNull();
  });

  it('is a network without any way for media, or for live messages', () => {
    expect(hintOf({ ...fine, udp: false, relay: 'none' })).toBe('blocked');
    expect(hintOf({ ...fine, udp: false, relay: null })).toBe('blocked');
    expect(hintOf({ ...fine, websocket: false })).toBe('blocked');
  });

  it('is a line too slow to read a label over', () => {
    expect(hintOf({ ...fine, uplink_bps: 90_000 })).toBe('slow');
  });

  it('is nothing where nothing was found out', () => {
    expect(hintOf({ websocket: null, udp: null, relay: null, rtt_ms: null, uplink_bps: null, downlink_bps: null, took_ms: 5_000 })).toBeNull();
  });
});

describe('rates', () => {
  it('are of the bytes alone, without the way there and back', () => {
    expect(rateBps(25_000, 900, 400)).toBe(400_000);
  });

  it('have an end where the line was too quick to tell', () => {
    expect(rateBps(160_000, 3, 4)).toBe(100_000_000);
  });
});

describe('the answer of the echo', () => {
  it('names each address once, in both families', () => {
    const sdp = echoAnswer({ ufrag: 'u', pwd: 'p', addresses: [{ host: '203.0.113.9', port: 40_000 }, { host: '2001:db8::9', port: 40_001 }] });
    expect(sdp.match(/a=candidate:.*/g)).toEqual(['a=candidate:1 1 udp 2130706431 203.0.113.9 40000 typ host', 'a=candidate:2 1 udp 2130706430 2001:db8::9 40001 typ host']);
    expect(sdp).toContain('a=ice-lite\r\n');
  });
});

describe('credentials', () => {
  const takenMs = Date.parse('2026-11-25T12:00:00Z');
  const ice: Ice = { servers: [], expires_at: '2026-11-25T12:30:00+00:00' };

  it('are replaced when half of their time is over', () => {
    expect(isOld(ice, takenMs, takenMs + 14 * 60_000)).toBe(false);
    expect(isOld(ice, takenMs, takenMs + 15 * 60_000)).toBe(true);
  });

  it('that never expire are kept', () => {
    expect(isOld({ ...ice, expires_at: null }, takenMs, takenMs + 1e9)).toBe(false);
  });
});
