/** The buyer's visit: where they are, from the link to the thanks, and what moves them on. */
import { computed, signal } from '@preact/signals';
import { ApiError, get, post } from '../base/api';
import type { Joined, JoinView } from '../base/protocol/joining';
import type { Direction, OfferWord } from '../base/protocol/words';
import { locale, preferredLocale, setLocale } from '../base/text';
import { Call } from '../live/call';
import { IceAccess } from '../live/ice';
import { PrecheckRun } from '../live/precheck_run';
import { Stay } from '../live/stay';

/** Why there is no call, each with its own page. */
export type ProblemName =
  | 'unknown'
  | 'expired'
  | 'revoked'
  | 'other_device'
  | 'asking'
  | 'device_refused'
  | 'closed'
  | 'erased'
  | 'media_unavailable'
  | 'recording_unavailable'
  | 'network'
  | 'server'
  | 'unsupported';

export type Stage =
  | { at: 'loading' }
  | { at: 'problem'; problem: ProblemName }
  | { at: 'ready' }
  | { at: 'offer' }
  | { at: 'call'; call: Call }
  | { at: 'left' }
  | { at: 'replaced' }
  | { at: 'ended' };

const PROBLEMS: Partial<Record<string, ProblemName>> = {
  link_unknown: 'unknown',
  not_found: 'unknown',
  link_expired: 'expired',
  link_revoked: 'revoked',
  other_device: 'other_device',
  device_refused: 'device_refused',
  case_closed: 'closed',
  erased: 'erased',
  media_unavailable: 'media_unavailable',
  recording_unavailable: 'recording_unavailable',
};

export function problemNameOf(error: unknown): ProblemName {
  if (!(error instanceof ApiError)) return 'server';
  const named = PROBLEMS[error.code];
  if (named) return named;
  return error.status === 0 ? 'network' : 'server';
}

const ASKING_POLL_MS = 2_000;
const READY_POLL_MS = 10_000;
const LEFT_POLL_MS = 5_000;
/** Network addresses found longer ago than this may no longer be ours. */
const PREPARED_FRESH_MS = 90_000;

function newCall(direction: Direction, ice: IceAccess): Call {
  return new Call({
    devices: navigator.mediaDevices,
    createPeer: ice.createPeer,
    // Whoever shows goods shows them with the rear camera; otherwise the host sees a face.
    facing: direction === 'buyer_shows' ? 'environment' : 'user',
  });
}

export class Visit {
  readonly token: string;
  readonly stage = signal<Stage>({ at: 'loading' });
  readonly view = signal<JoinView | null>(null);
  readonly starting = signal(false);
  /** Asking was refused because nobody is there to answer. */
  readonly nobodyToAsk = signal(false);
  readonly seller = computed(() => this.view.value?.tenant.name ?? '');
  readonly network: PrecheckRun;
  private readonly ice = new IceAccess();
  private prepared: { call: Call; atMs: number } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly stay = new Stay({
    ice: this.ice,
    needsHost: false,
    begun: (call) => {
      this.cancelTimer();
      this.network.end();
      this.stage.value = { at: 'call', call };
    },
    over: (why) => {
      this.stage.value = { at: why === 'moved' ? 'loading' : why };
      if (why !== 'replaced') void this.load();
    },
  });

  constructor(token: string) {
    this.token = token;
    this.network = new PrecheckRun(`${this.path}/precheck`);
  }

  get path(): string {
    return `/api/join/${encodeURIComponent(this.token)}`;
  }

  async begin(): Promise<void> {
    if (typeof RTCPeerConnection === 'undefined') {
      this.stage.value = { at: 'problem', problem: 'unsupported' };
      return;
    }
    window.addEventListener('online', () => {
      const stage = this.stage.peek();
      if (stage.at === 'problem' && stage.problem === 'network') void this.load();
      this.dropPrepared();
      if (stage.at === 'ready') this.network.begin(true);
    });
    window.addEventListener('pagehide', () => this.dropPrepared());
    await this.load(true);
  }

  /** Ask the server where we stand, and go there. */
  async load(mayResume = false): Promise<void> {
    this.cancelTimer();
    try {
      const view = await get<JoinView>(this.path);
      await setLocale(preferredLocale(view.case.buyer_locale)).catch(() => undefined);
      this.view.value = view;
      this.ice.take(view.ice);
      await this.settle(view, mayResume);
    } catch (error) {
      const problem = problemNameOf(error);
      // A passing failure does not take away a page that is still right.
      const at = this.stage.peek().at;
      if ((problem === 'network' || problem === 'server') && (at === 'ready' || at === 'offer' || at === 'left' || at === 'ended')) this.again(READY_POLL_MS);
      else {
        this.stage.value = { at: 'problem', problem };
        if (problem === 'network') this.again(4_000);
      }
    }
  }

  private async settle(view: JoinView, mayResume: boolean): Promise<void> {
    switch (view.state) {
      case 'other_device':
        this.stage.value = { at: 'problem', problem: 'other_device' };
        return;
      case 'asking':
        this.stage.value = { at: 'problem', problem: 'asking' };
        this.again(ASKING_POLL_MS);
        return;
      case 'offer':
        this.stage.value = { at: 'offer' };
        this.again(READY_POLL_MS);
        return;
      case 'ended':
        this.dropPrepared();
        this.stage.value = { at: 'ended' };
        if (!view.outcome) this.again(READY_POLL_MS);
        return;
      case 'open':
        break;
    }
    const left = this.stage.peek().at === 'left';
    if (view.session && view.session.state !== 'ended' && mayResume && (await this.stay.resume(newCall(view.case.direction, this.ice), view.session.id))) return;
    this.stage.value = { at: left ? 'left' : 'ready' };
    this.keepPrepared(view.case.direction);
    this.network.begin();
    this.again(left ? LEFT_POLL_MS : READY_POLL_MS);
  }

  /** The one green button: consent, camera and joining in one tap. */
  async start(): Promise<void> {
    const view = this.view.peek();
    if (!view || this.starting.peek()) return;
    this.starting.value = true;
    this.network.end();
    this.cancelTimer();
    this.keepPrepared(view.case.direction);
    const call = this.prepared?.call ?? newCall(view.case.direction, this.ice);
    this.prepared = null;
    const language = locale.peek();
    try {
      await call.start((offer, candidates) =>
        post<Joined>(
          this.path,
          { consent: { version: view.consent.version, locale: language }, locale: language, offer, candidates, precheck: this.network.found.peek(), public_key: null },
          { timeoutMs: 15_000 },
        ),
      );
      this.stay.enter(call);
    } catch (error) {
      call.close();
      if (error instanceof ApiError && error.code === 'consent_required') await this.load();
      else this.stage.value = { at: 'problem', problem: problemNameOf(error) };
    } finally {
      this.starting.value = false;
    }
  }

  async hangUp(): Promise<void> {
    const stage = this.stage.peek();
    if (stage.at !== 'call') return;
    const session = stage.call.session.peek();
    this.stage.value = { at: 'left' };
    this.stay.leave(stage.call);
    if (session) await post(`/api/sessions/${session.id}/hang-up`, {}, { retries: 3 }).catch(() => undefined);
    await this.load();
  }

  async askHost(): Promise<void> {
    try {
      await post(`${this.path}/ask`, {});
      this.nobodyToAsk.value = false;
      await this.load();
    } catch (error) {
      if (error instanceof ApiError && error.code === 'no_host') this.nobodyToAsk.value = true;
      else this.stage.value = { at: 'problem', problem: problemNameOf(error) };
    }
  }

  /** The buyer does not agree; false when that did not get through. */
  async appeal(words: string): Promise<boolean> {
    try {
      this.view.value = await post<JoinView>(`${this.path}/appeal`, { words });
      return true;
    } catch {
      return false;
    }
  }

  /** The buyer's word on an offer; false when that did not get through. */
  async answerOffer(word: OfferWord): Promise<boolean> {
    try {
      await post<JoinView>(`${this.path}/offer`, { word });
      await this.load();
      return true;
    } catch (error) {
      // What somebody else has decided meanwhile is shown; what got lost may be tried again.
      if (error instanceof ApiError && error.status === 409) await this.load();
      return false;
    }
  }

  /** Take the call over from the other tab. */
  async useHere(): Promise<void> {
    this.stage.value = { at: 'loading' };
    await this.load(true);
  }

  private keepPrepared(direction: Direction): void {
    if (this.prepared && Date.now() - this.prepared.atMs < PREPARED_FRESH_MS) return;
    this.dropPrepared();
    const call = newCall(direction, this.ice);
    call.prepare();
    this.prepared = { call, atMs: Date.now() };
  }

  private dropPrepared(): void {
    this.prepared?.call.close();
    this.prepared = null;
  }

  private again(ms: number): void {
    this.cancelTimer();
    this.timer = setTimeout(() => {
      if (this.starting.peek() || this.stage.peek().at === 'call') return;
      if (document.visibilityState === 'visible') void this.load();
      else this.again(ms);
    }, ms);
  }

  private cancelTimer(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}
