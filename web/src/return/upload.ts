/** One resumable upload (tus 1.0): goes on where it stopped, over lost connections. */
import { signal } from '@preact/signals';

export type UploadState = 'sending' | 'waiting' | 'done' | 'refused';
const PIECE_BYTES = 1024 * 1024;
const RETRY_MS = 2_000;

export class Upload {
  readonly state = signal<UploadState>('sending');
  readonly sent = signal(0);
  readonly picture: string | null;
  private path: string | null = null;
  private ended = false;

  constructor(readonly file: File, private readonly secret: string) {
    this.picture = file.type.startsWith('image/') ? URL.createObjectURL(file) : null;
    void this.run();
    addEventListener('online', this.wake);
  }

  get percent(): number {
    return Math.min(100, Math.round((this.sent.value / Math.max(1, this.file.size)) * 100));
  }

  /** Give it up; the server forgets it too. */
  remove(): void {
    this.end();
    if (this.path) void this.ask('DELETE', this.path).catch(() => undefined);
  }

  private end(): void {
    this.ended = true;
    removeEventListener('online', this.wake);
    if (this.picture) URL.revokeObjectURL(this.picture);
  }

  private resume: () => void = () => undefined;
  private readonly wake = (): void => this.resume();

  private ask(method: string, path: string, headers: Record<string, string> = {}, body?: Blob): Promise<Response> {
    const all = { 'X-Proofcall': '1', 'X-Filing': this.secret, 'Tus-Resumable': '1.0.0', ...headers };
    return fetch(path, { method, headers: all, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(60_000), ...(body ? { body } : {}) });
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      try {
        if (await this.advance()) return;
        this.state.value = 'sending';
      } catch {
        this.state.value = 'waiting';
        await new Promise<void>((resolve) => {
          this.resume = resolve;
          setTimeout(resolve, RETRY_MS);
        });
      }
    }
  }

  /** One step; true when there is no other. Throws what passes. */
  private async advance(): Promise<boolean> {
    if (this.path === null) {
      const name = btoa(String.fromCharCode(...new TextEncoder().encode(this.file.name.slice(-80))));
      const made = await this.ask('POST', '/api/filing/uploads', { 'Upload-Length': String(this.file.size), 'Upload-Metadata': `filename ${name}` });
      if (this.refused(made)) return true;
      this.path = made.headers.get('Location');
      return false;
    }
    if (this.state.peek() === 'waiting') {
      const at = await this.ask('HEAD', this.path);
      if (this.refused(at)) return true;
      this.sent.value = Number(at.headers.get('Upload-Offset'));
    }
    const from = this.sent.peek();
    const piece = this.file.slice(from, from + PIECE_BYTES, 'application/offset+octet-stream');
    const answer = await this.ask('PATCH', this.path, { 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' }, piece);
    if (answer.status !== 409 && this.refused(answer)) return true;
    if (answer.status === 409) throw new Error('wrong offset');
    this.sent.value = Number(answer.headers.get('Upload-Offset'));
    if (this.sent.peek() < this.file.size) return false;
    this.state.value = 'done';
    return true;
  }

  private refused(answer: Response): boolean {
    if (answer.ok) return false;
    if (answer.status >= 500 || answer.status === 429) throw new Error('passing');
    this.state.value = 'refused';
    return true;
  }
}
