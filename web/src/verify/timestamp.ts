/** Time-stamp tokens of RFC 3161: what was stamped, when, and whose signature it is (`recorder/proof/timestamp.py`). */
import { algorithm, isSigned, readCertificate, same, standsUnder, TIME_STAMPING, type Certificate } from './certificate';
import * as der from './der';
import type { Bytes, Items, Moment, Value } from './der';
import { Malformed, toHex } from './encoding';
import type { ProblemCode } from './report';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const RSA = '1.2.840.113549.1.1.1';
const SHA256 = '2.16.840.1.101.3.4.2.1';
const HASHES: { readonly [oid: string]: string } = { [SHA256]: 'SHA-256', '2.16.840.1.101.3.4.2.2': 'SHA-384', '2.16.840.1.101.3.4.2.3': 'SHA-512' };
const RSA_WITH: { readonly [oid: string]: string } = { '1.2.840.113549.1.1.11': 'SHA-256', '1.2.840.113549.1.1.12': 'SHA-384', '1.2.840.113549.1.1.13': 'SHA-512' };
const ECDSA_WITH: { readonly [oid: string]: string } = { '1.2.840.10045.4.3.2': 'SHA-256', '1.2.840.10045.4.3.3': 'SHA-384', '1.2.840.10045.4.3.4': 'SHA-512' };
const MAX_CERTIFICATES = 20;

/** A token that does not hold. */
export class BadTimestamp extends Error {
  constructor(readonly code: ProblemCode) {
    super(code);
  }
}

/** A token whose signature was checked with the certificate it carries: not whose that is. */
export interface Timestamp {
  readonly imprint: string;
  readonly at: Moment;
  readonly signer: Certificate;
  readonly others: readonly Certificate[];
}

/** Check a TimeStampResp, but not who its signer is. */
export async function readTimestamp(response: Bytes): Promise<Timestamp> {
  try {
    return await read(response);
  } catch (error) {
    throw error instanceof Malformed ? new BadTimestamp('tsa_unreadable') : error;
  }
}

/** Insist that the signer's certificate stands under one of the authorities at that time. */
export async function checkChain({ signer, others, at }: Timestamp, authorities: readonly Certificate[]): Promise<void> {
  if (!(await standsUnder(signer, others, authorities, at.ms))) throw new BadTimestamp('tsa_chain');
}

async function read(response: Bytes): Promise<Timestamp> {
  const outer = der.readOnly(response, der.SEQUENCE).items();
  const status = der.smallInteger(outer.take(der.SEQUENCE).items().take(der.INTEGER));
  if (status !== 0 && status !== 1) throw new BadTimestamp('tsa_refused');
  const token = outer.take(der.SEQUENCE).items();
  outer.end();
  insist(der.objectId(token.take(der.OBJECT_ID)) === SIGNED_DATA);
  const signedData = der.readOnly(token.take(0xa0).content, der.SEQUENCE).items();
  token.end();
  signedData.take(der.INTEGER);
  signedData.take(der.SET);
  const inner = signedData.take(der.SEQUENCE).items();
  insist(der.objectId(inner.take(der.OBJECT_ID)) === TST_INFO);
  const content = der.readOnly(inner.take(0xa0).content, der.OCTETS).content;
  inner.end();
  const certificates = readCertificates(signedData.take(0xa0));
  signedData.takeOptional(0xa1);
  const signerInfo = der.readOnly(signedData.take(der.SET).content, der.SEQUENCE).items();
  signedData.end();
  const { imprint, at } = stamped(content);
  const signer = await checkSignature(signerInfo, content, certificates);
  checkPurpose(signer, at);
  return { imprint, at, signer, others: certificates.filter((one) => one !== signer) };
}

function readCertificates(value: Value): Certificate[] {
  const found: Certificate[] = [];
  const items = value.items();
  while (!items.isEmpty) {
    insist(found.length < MAX_CERTIFICATES);
    found.push(readCertificate(items.take(der.SEQUENCE).whole));
  }
  return found;
}

function stamped(content: Bytes): { imprint: string; at: Moment } {
  const info = der.readOnly(content, der.SEQUENCE).items();
  insist(der.smallInteger(info.take(der.INTEGER)) === 1);
  info.take(der.OBJECT_ID);
  const imprint = info.take(der.SEQUENCE).items();
  const hash = algorithm(imprint.take(der.SEQUENCE));
  const hashed = imprint.take(der.OCTETS).content;
  imprint.end();
  if (hash !== SHA256 || hashed.length !== 32) throw new BadTimestamp('tsa_imprint');
  der.integerBytes(info.take(der.INTEGER));
  const at = der.readTime(info.take(der.GENERALIZED_TIME));
  info.takeOptional(der.SEQUENCE);
  info.takeOptional(der.BOOLEAN);
  const nonce = info.takeOptional(der.INTEGER);
  info.takeOptional(0xa0);
  info.takeOptional(0xa1);
  info.end();
  if (nonce) der.integerBytes(nonce);
  return { imprint: toHex(hashed), at };
}

async function checkSignature(info: Items, content: Bytes, certificates: readonly Certificate[]): Promise<Certificate> {
  info.take(der.INTEGER);
  if (!info.takeOptional(0x80)) info.take(der.SEQUENCE);
  const hash = HASHES[algorithm(info.take(der.SEQUENCE))];
  const attributes = info.take(0xa0);
  const signedWith = algorithm(info.take(der.SEQUENCE));
  const signature = info.take(der.OCTETS).content;
  info.takeOptional(0xa1);
  info.end();
  if (!hash) throw new BadTimestamp('tsa_algorithm');
  const said = readAttributes(attributes);
  const type = said.get(CONTENT_TYPE);
  insist(type !== undefined && der.objectId(type) === TST_INFO);
  const digest = said.get(MESSAGE_DIGEST)?.content;
  if (!digest || !same(digest, new Uint8Array(await crypto.subtle.digest(hash, content)))) throw new BadTimestamp('tsa_signature');
  const signer = await namedSigner(said, certificates);
  const { kind } = signer.key;
  const fits = kind === 'rsa' ? signedWith === RSA || RSA_WITH[signedWith] === hash : kind === 'ec' && ECDSA_WITH[signedWith] === hash;
  if (!fits) throw new BadTimestamp('tsa_algorithm');
  const holds = await isSigned(signer.key, hash, signature, attributes.asTag(der.SET));
  if (!holds) throw new BadTimestamp(holds === null ? 'tsa_algorithm' : 'tsa_signature');
  return signer;
}

/** Each attribute's one value, by its type. */
function readAttributes(value: Value): Map<string, Value> {
  const found = new Map<string, Value>();
  const items = value.items();
  while (!items.isEmpty) {
    const attribute = items.take(der.SEQUENCE).items();
    const name = der.objectId(attribute.take(der.OBJECT_ID));
    const values = attribute.take(der.SET).items();
    attribute.end();
    const one = values.takeAny();
    insist(!found.has(name) && values.isEmpty);
    found.set(name, one);
  }
  return found;
}

/** The certificate whose digest is signed (RFC 5035, or RFC 2634 with SHA-1). */
async function namedSigner(said: ReadonlyMap<string, Value>, certificates: readonly Certificate[]): Promise<Certificate> {
  const newer = said.get(SIGNING_CERTIFICATE_V2);
  const listed = newer ?? said.get(SIGNING_CERTIFICATE);
  if (!listed) throw new Malformed('no certificate is named');
  const first = listed.items().take(der.SEQUENCE).items().take(der.SEQUENCE).items();
  const named = newer ? first.takeOptional(der.SEQUENCE) : null;
  if (named && algorithm(named) !== SHA256) throw new BadTimestamp('tsa_algorithm');
  const wanted = first.take(der.OCTETS).content;
  for (const one of certificates) {
    if (same(new Uint8Array(await crypto.subtle.digest(newer ? 'SHA-256' : 'SHA-1', one.whole)), wanted)) return one;
  }
  throw new BadTimestamp('tsa_signature');
}

/** The extension is critical and names time-stamping alone (RFC 3161, section 2.3). */
function checkPurpose(signer: Certificate, at: Moment): void {
  const { purposes } = signer;
  if (!purposes?.critical || purposes.listed.length !== 1 || purposes.listed[0] !== TIME_STAMPING) throw new BadTimestamp('tsa_purpose');
  if (at.ms < signer.from.ms || at.ms > signer.until.ms) throw new BadTimestamp('tsa_validity');
}

function insist(holds: boolean): void {
  if (!holds) throw new Malformed('not what a time-stamp says');
}
