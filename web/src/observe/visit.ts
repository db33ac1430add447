/** An observer's visit, by link or by sign-in: where they are, and what moves them on. */
import { computed, effect, signal } from '@preact/signals';
import { ApiError, get, post, put } from '../base/api';
import type { Desk, ObserveView } from '../base/protocol/desk';
import type { ConsentWords, Joined, StaffConsentWords } from '../base/protocol/joining';
import { loadStaff, staff } from '../base/sign_in';
import { locale } from '../base/text';
import { Call } from '../live/call';
import { IceAccess } from '../live/ice';
import { Stay } from '../live/stay';

export type ProblemName = 'waiting' | 'unknown' | 'revoked' | 'expired' | 'other_device' | 'removed' | 'has_hosted' | 'room_full' | 'not_allowed' | 'network' | 'server';
export type Stage =
  | { at: 'loading' }
  | { at: 'sign_in' }
  | { at: 'problem'; problem: ProblemName }
  | { at: 'ready' }
  | { at: 'call'; call: Call }
  | { at: 'left' }
  | { at: 'replaced' }
  | { at: 'ended' };
/** `picture`: seen and heard; `sound`: heard; `silent`: neither. */
export type Way = 'picture' | 'sound' | 'silent';

const PROBLEMS: Partial<Record<string, ProblemName>> = {
  link_unknown: 'unknown',
  link_revoked: 'revoked',
  link_expired: 'expired',
  other_device: 'other_device',
  already_ended: 'expired',
  no_host_yet: 'waiting',
  removed: 'removed',
  has_hosted: 'has_hosted',
  room_full: 'room_full',
  not_found: 'not_allowed',
  forbidden: 'not_allowed',
  wrong_role: 'not_allowed',
};
const AGAIN_MS = 4_000;
const WAY_KEY = 'proofcall.observe_way';

export class Visit {
  readonly stage = signal<Stage>({ at: 'loading' });
  readonly view = signal<ObserveView | null>(null);
  readonly consent = signal<ConsentWords | null>(null);
  readonly name = signal('');
  readonly way = signal<Way>(storedWay());
  readonly starting = signal(false);
  readonly byLink: boolean;
  readonly tenant = computed(() => this.view.value?.tenant.name ?? '');
  /** Who works here agrees once for each version of the words. */
  private agreed = false;
  private readonly key: string;
  private readonly ice = new IceAccess();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly stay = new Stay({
    ice: this.ice,
    needsHost: true,
    begun: (call) => {
      this.stage.value = { at: 'call', call };
    },
    over: (why) => {
      this.stage.value = { at: why === 'moved' ? 'loading' : why };
      if (why === 'moved') void this.load();
    },
  });

  /** `path` is `/o/{token}` for a guest, `/observe/{session}` for staff. */
  constructor(path: string) {
    this.byLink = path.startsWith('/o/');
    this.key = decodeURIComponent(path.split('/')[2] ?? '');
  }

  async begin(): Promise<void> {
    if (this.byLink) {
      await this.load(true);
      return;
    }
    // An effect must not write what it reads: what follows a sign-in comes after it.
    effect(() => {
      const who = staff.value;
      queueMicrotask(() => {
        if (who) void this.load(true);
        else if (who === null) this.stage.value = { at: 'sign_in' };
      });
    });
    try {
      await loadStaff();
    } catch (error) {
      this.fail(error, () => void this.begin());
    }
  }

  /** Ask where we stand, and go there; after a reload back into the call. */
  async load(mayResume = false): Promise<void> {
    this.cancelTimer();
    try {
      if (this.byLink) {
        const view = await this.lookByLink();
        if (view.name && !this.name.peek()) this.name.value = view.name;
        const problem: ProblemName | null = view.removed ? 'removed' : view.state === 'open' ? null : view.state;
        if (problem) {
          this.stage.value = { at: 'problem', problem };
          if (problem === 'waiting') this.again();
          return;
        }
        if (mayResume && view.session && view.session.presence !== 'left' && (await this.stay.resume(this.newCall(), view.session.id))) return;
      } else {
        await this.lookAsStaff();
        if (mayResume && (await this.stay.resume(this.newCall(), this.key))) return;
      }
      if (this.stage.peek().at !== 'left') this.stage.value = { at: 'ready' };
    } catch (error) {
      this.fail(error, () => void this.load(mayResume));
    }
  }

  private fail(error: unknown, again: () => void): void {
    if (error instanceof ApiError && error.code === 'not_signed_in' && !this.byLink) {
      staff.value = null;
      return;
    }
    const problem = problemNameOf(error);
    this.stage.value = { at: 'problem', problem };
    if (problem === 'network' || problem === 'waiting') this.again(again);
  }

  private async lookByLink(): Promise<ObserveView> {
    const view = await get<ObserveView>(this.path);
    this.view.value = view;
    this.consent.value = view.consent;
    this.ice.take(view.ice);
    return view;
  }

  private async lookAsStaff(): Promise<void> {
    const desk = await get<Desk>('/api/host/desk');
    this.consent.value = desk.consent;
    this.agreed = desk.consent.agreed !== null;
    this.ice.take(desk.ice);
  }

  private get path(): string {
    return `/api/observe/${encodeURIComponent(this.key)}`;
  }

  private newCall(): Call {
    return new Call({
      devices: navigator.mediaDevices,
      createPeer: this.ice.createPeer,
      facing: 'user',
      sends: this.way.peek() !== 'silent',
      video: this.way.peek() === 'picture',
    });
  }

  /** Come in. */
  async start(): Promise<void> {
    if (this.starting.peek()) return;
    this.starting.value = true;
    this.cancelTimer();
    const way = this.way.peek();
    storeWay(way);
    // Who read for half an hour asks again; without an answer what is there has to do.
    if (this.ice.old) await (this.byLink ? this.lookByLink() : this.lookAsStaff()).catch(() => undefined);
    const call = this.newCall();
    call.prepare();
    const consent = way === 'silent' ? null : { version: this.consent.peek()?.version ?? '', locale: locale.peek() };
    const said = {
      voice: way === 'silent' ? 'silent' : 'speaks',
      locale: locale.peek(),
      ...(this.byLink ? { name: this.name.peek().trim(), consent } : {}),
    };
    const path = this.byLink ? this.path : `/api/sessions/${encodeURIComponent(this.key)}/observe`;
    try {
      if (consent && !this.byLink && !this.agreed) await put<StaffConsentWords>('/api/v1/me/consent', consent, { retries: 2 });
      await call.start((offer, candidates) => post<Joined>(path, { ...said, offer, candidates }, { timeoutMs: 15_000 }));
      this.stay.enter(call);
    } catch (error) {
      call.close();
      // Other words by now: they are shown, and the button agrees to them.
      if (error instanceof ApiError && error.code === 'consent_required') await this.load();
      else this.fail(error, () => void this.load());
    } finally {
      this.starting.value = false;
    }
  }

  async leave(): Promise<void> {
    const stage = this.stage.peek();
    if (stage.at !== 'call') return;
    const session = stage.call.session.peek();
    this.stage.value = { at: 'left' };
    this.stay.leave(stage.call);
    if (session) await post(`/api/sessions/${session.id}/leave`, {}, { retries: 3 }).catch(() => undefined);
  }

  async useHere(): Promise<void> {
    this.stage.value = { at: 'loading' };
    await this.load(true);
  }

  private again(work: () => void = () => void this.load()): void {
    this.cancelTimer();
    this.timer = setTimeout(work, AGAIN_MS);
  }

  private cancelTimer(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}

function problemNameOf(error: unknown): ProblemName {
  if (!(error instanceof ApiError)) return 'server';
  return PROBLEMS[error.code] ?? (error.status === 0 ? 'network' : 'server');
}

/** How this tab came in, for a reload. */
function storedWay(): Way {
  try {
    const found = sessionStorage.getItem(WAY_KEY);
    return found === 'sound' || found === 'silent' ? found : 'picture';
  } catch {
    return 'picture';
  }
}

function storeWay(way: Way): void {
  try {
    sessionStorage.setItem(WAY_KEY, way);
  } catch {
    // Without storage a reload comes in with picture and sound, which the person chose or can switch off.
  }
}
