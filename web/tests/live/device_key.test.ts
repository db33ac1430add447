/** What a device signs: only checkpoints of its own session, by a key that cannot leave it. */
import { afterEach, expect, it, vi } from 'vitest';
import { DeviceKey } from '../../src/live/device_key';
import { canonical, sha256Hex, toBase64url, utf8 } from '../../src/verify/encoding';
import { checkPublicJwk, isSignedBy, readJws } from '../../src/verify/jws';

afterEach(() => vi.restoreAllMocks());

const body = canonical({ format: 'proofcall-checkpoint-1', session_id: 'ses_1', number: 1 });
const checkpoint = (payload: string) => `e30.${toBase64url(utf8(payload))}.AA`;

async function signsWell(key: DeviceKey): Promise<void> {
  const jws = readJws((await key.countersign(checkpoint(body), 'ses_1', 'par_1')) ?? '');
  expect(await isSignedBy(jws, await checkPublicJwk({ ...key.jwk }))).toBe(true);
  const said = JSON.parse(new TextDecoder().decode(jws.payload)) as unknown;
  expect(said).toEqual({ checkpoint_sha256: await sha256Hex(utf8(body)), participant_id: 'par_1' });
}

it('a checkpoint is countersigned with Ed25519', async () => {
  const key = await DeviceKey.make();
  expect(key.jwk['kty']).toBe('OKP');
  await signsWell(key);
});

it('a browser without Ed25519 countersigns with P-256', async () => {
  const real = crypto.subtle.generateKey.bind(crypto.subtle) as (...given: unknown[]) => Promise<CryptoKeyPair>;
  vi.spyOn(crypto.subtle, 'generateKey').mockImplementation(((kind: { name: string }, ...rest: unknown[]) =>
    kind.name === 'Ed25519' ? Promise.reject(new DOMException('no', 'NotSupportedError')) : real(kind, ...rest)) as never);
  const key = await DeviceKey.make();
  expect(key.jwk['crv']).toBe('P-256');
  await signsWell(key);
});

it('the private half cannot be taken out', async () => {
  const made = vi.spyOn(crypto.subtle, 'generateKey');
  await DeviceKey.make();
  const pair = (await made.mock.results[0]?.value) as CryptoKeyPair;
  expect(pair.privateKey.extractable).toBe(false);
});

it('nothing else is signed', async () => {
  const key = await DeviceKey.make();
  expect(await key.countersign(checkpoint(body), 'ses_2', 'par_1')).toBeNull();
  expect(await key.countersign(checkpoint('{"format":"other","session_id":"ses_1"}'), 'ses_1', 'par_1')).toBeNull();
  await expect(key.countersign('not a checkpoint', 'ses_1', 'par_1')).rejects.toThrow();
});
