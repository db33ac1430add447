/** A package as a verifier reads it: bounded parts, problems noted with their places. */
import { crc32, Malformed, parseCanonical, sha256Hex, type Json } from './encoding';
import { isSignedBy, readJwsBytes, type Jwk, type Jws } from './jws';
import type { Problem, ProblemCode } from './report';
import { fits, type Shape } from './shapes';
import type { Content, Entry } from './zip';

export const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const MAX_PROBLEMS = 1000;

type Bytes = Uint8Array<ArrayBuffer>;

export class Source {
  keys = new Map<string, Jwk>();
  readonly signers = new Set<string>();
  private readonly noted = new Map<string, Problem>();

  constructor(
    readonly content: Content,
    readonly entries: ReadonlyMap<string, Entry>,
    /** Told how many bytes have been read. */
    readonly onRead: (bytes: number) => void,
  ) {}

  get problems(): Problem[] {
    return [...this.noted.values()];
  }

  blame(code: ProblemCode, path: string, at: number | null = null): void {
    if (this.noted.size < MAX_PROBLEMS) this.noted.set(JSON.stringify([code, path, at]), { code, path, at });
  }

  async read(start: number, end: number): Promise<Bytes> {
    const bytes = await this.content.read(start, end);
    this.onRead(bytes.length);
    return bytes;
  }

  /** An entry's SHA-256; its checksum is compared on the way. */
  async digest(entry: Entry): Promise<string> {
    if (entry.size > MAX_TEXT_BYTES) {
      this.blame('too_large', entry.name);
      return '';
    }
    const bytes = await this.read(entry.start, entry.end);
    if (crc32(bytes) !== entry.crc) this.blame('checksum', entry.name);
    return sha256Hex(bytes);
  }

  /** A small file's bytes; null, and a problem, when there is none. */
  async text(path: string): Promise<Bytes | null> {
    const entry = this.entries.get(path);
    if (!entry) {
      this.blame('missing', path);
      return null;
    }
    if (entry.size > MAX_TEXT_BYTES) {
      this.blame('too_large', path);
      return null;
    }
    return this.read(entry.start, entry.end);
  }

  async json<T>(path: string, shape: Shape): Promise<T | null> {
    const bytes = await this.text(path);
    return bytes && this.value<T>(bytes, shape, path);
  }

  /** A canonical JSON text of a shape; null, and a problem, when it is not that. */
  value<T>(bytes: Uint8Array, shape: Shape, path: string, at: number | null = null): T | null {
    let value: Json;
    try {
      value = parseCanonical(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.blame('not_canonical', path, at);
      return null;
    }
    if (!fits(value, shape)) {
      this.blame('format', path, at);
      return null;
    }
    return value as T;
  }

  jws(bytes: Uint8Array, path: string, at: number | null = null): Jws | null {
    try {
      return readJwsBytes(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.blame('not_canonical', path, at);
      return null;
    }
  }

  /** What the operator signed, and the SHA-256 of the signed body; null, and a problem, when it does not fit. */
  async statement<T>(bytes: Uint8Array, typ: string, shape: Shape, path: string, at: number | null = null): Promise<{ said: T; digest: string; kid: string } | null> {
    const jws = this.jws(bytes, path, at);
    if (!jws) return null;
    const key = this.keys.get(jws.kid);
    if (!key) {
      this.blame('unknown_key', path, at);
      return null;
    }
    if (jws.typ !== typ || !(await isSignedBy(jws, key))) {
      this.blame('signature', path, at);
      return null;
    }
    this.signers.add(jws.kid);
    const said = this.value<T>(jws.payload, shape, path, at);
    return said === null ? null : { said, digest: await sha256Hex(jws.payload), kid: jws.kid };
  }
}
