/** This device's key, made at joining and never leaving it, and the checkpoints that it countersigns. */
import { canonical, fromBase64url, parseCanonical, sha256, sha256Hex, toBase64url, utf8 } from '../verify/encoding';

const KINDS = [
  { key: { name: 'Ed25519' }, alg: 'EdDSA', sign: { name: 'Ed25519' }, members: ['crv', 'kty', 'x'] },
  // For browsers that have no Ed25519 yet.
  { key: { name: 'ECDSA', namedCurve: 'P-256' }, alg: 'ES256', sign: { name: 'ECDSA', hash: 'SHA-256' }, members: ['crv', 'kty', 'x', 'y'] },
] as const;

/** A call may begin under one version of the server and go on under the next. */
const FORMATS = ['proofcall-checkpoint-2', 'proofcall-checkpoint-1'];

type Kind = (typeof KINDS)[number];

export class DeviceKey {
  private constructor(
    private readonly kind: Kind,
    private readonly secret: CryptoKey,
    /** The public half, by the members that define it. */
    readonly jwk: { readonly [member: string]: string },
    private readonly kid: string,
  ) {}

  static async make(): Promise<DeviceKey> {
    let reason: unknown;
    for (const kind of KINDS) {
      try {
        const pair = (await crypto.subtle.generateKey(kind.key, false, ['sign', 'verify'])) as CryptoKeyPair;
        const exported = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as unknown as { [member: string]: string };
        const jwk = Object.fromEntries(kind.members.map((member) => [member, exported[member] as string]));
        return new DeviceKey(kind, pair.privateKey, jwk, toBase64url(await sha256(utf8(canonical(jwk)))));
      } catch (error) {
        reason = error;
      }
    }
    throw reason;
  }

  /** Sign that this device was given a checkpoint of this session; null for anything else. */
  async countersign(checkpoint: string, sessionId: string, participantId: string): Promise<string | null> {
    const body = fromBase64url(checkpoint.split('.')[1] ?? '');
    const said = parseCanonical(body);
    if (said === null || typeof said !== 'object' || Array.isArray(said)) return null;
    if (!FORMATS.includes(String(said['format'])) || said['session_id'] !== sessionId) return null;
    const head = canonical({ alg: this.kind.alg, kid: this.kid, typ: 'proofcall-countersignature+json' });
    const payload = canonical({ checkpoint_sha256: await sha256Hex(body), participant_id: participantId });
    const signed = `${toBase64url(utf8(head))}.${toBase64url(utf8(payload))}`;
    const signature = new Uint8Array(await crypto.subtle.sign(this.kind.sign, this.secret, utf8(signed)));
    return `${signed}.${toBase64url(signature)}`;
  }
}
