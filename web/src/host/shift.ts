/** The inspector's shift: the desk, the call they are in, and the way between them. */
import { computed, effect, signal } from '@preact/signals';
import { ApiError, get, newClientId, post, put } from '../base/api';
import type { Desk } from '../base/protocol/desk';
import type { Joined, StaffConsentWords } from '../base/protocol/joining';
import type { Snapshot, VerdictIn } from '../base/protocol/session';
import { loadStaff, mustSetUpFactor, staff } from '../base/sign_in';
import { locale, tb } from '../base/text';
import { toast } from '../base/ui';
import { Call } from '../live/call';
import { watchDesk } from '../live/desk_link';
import { IceAccess } from '../live/ice';
import { PrecheckRun } from '../live/precheck_run';
import type { LiveSession } from '../live/session';
import { Stay } from '../live/stay';
import { t } from './text';

export type Stage = { at: 'loading' } | { at: 'offline' } | { at: 'not_allowed' } | { at: 'desk' } | { at: 'call'; call: Call } | { at: 'replaced' };

const DESK_POLL_MS = 15_000;

export class Shift {
  readonly stage = signal<Stage>({ at: 'loading' });
  readonly desk = signal<Desk | null>(null);
  /** The case being opened: its id, or '' for whoever is next. */
  readonly taking = signal<string | null>(null);
  readonly network = new PrecheckRun('/api/host/precheck');
  private readonly ice = new IceAccess();
  /** The hand-over that is being answered. */
  readonly answering = signal<string | null>(null);
  /** Hand-overs that this person has said no to: those that ring for several go on ringing. */
  private readonly declined = new Set<string>();
  private deskStops: (() => void)[] = [];
  private readonly stay = new Stay({
    ice: this.ice,
    needsHost: true,
    begun: (call) => {
      this.closeDesk();
      this.stage.value = { at: 'call', call };
    },
    over: (why) => {
      if (why === 'replaced') this.stage.value = { at: 'replaced' };
      else void this.back();
    },
  });

  async begin(): Promise<void> {
    effect(() => {
      if (staff.value && !mustSetUpFactor.value) void this.open();
      else this.closeDesk();
    });
    await this.identify();
  }

  async identify(): Promise<void> {
    try {
      await loadStaff();
    } catch {
      this.stage.value = { at: 'offline' };
      setTimeout(() => void this.identify(), 4_000);
    }
  }

  /** Where this person belongs: back in their call, or at the desk. */
  async open(takeOver = false): Promise<void> {
    try {
      const desk = await get<Desk>('/api/host/desk');
      this.desk.value = desk;
      this.ice.take(desk.ice);
      if (desk.mine && (takeOver || this.stage.peek().at !== 'replaced')) {
        await this.enter(desk.mine.session_id);
        return;
      }
      this.toDesk();
      if (this.wanted.peek() === null) return;
      history.replaceState(null, '', location.pathname);
      // Nobody agrees by following a link: they read first, and one button does both.
      if (desk.consent.agreed) await this.takeWanted();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) staff.value = null;
      else if (error.code === 'consent_required') {
        this.toDesk();
        this.tellTakeTrouble(error);
      } else if (error.status === 403 || error.status === 404) this.stage.value = { at: 'not_allowed' };
      else {
        this.stage.value = { at: 'offline' };
        setTimeout(() => void this.open(takeOver), 4_000);
      }
    }
  }

  async refresh(): Promise<void> {
    try {
      const desk = await get<Desk>('/api/host/desk');
      this.desk.value = desk;
      this.ice.take(desk.ice);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) staff.value = null;
    }
  }

  async setReady(ready: boolean): Promise<void> {
    const before = this.desk.peek();
    if (before) this.desk.value = { ...before, ready };
    try {
      if (ready) await this.agree();
      this.desk.value = await put<Desk>('/api/host/ready', { ready }, { retries: 2 });
    } catch (error) {
      this.desk.value = before;
      if (error instanceof ApiError && error.code === 'consent_required') {
        toast(t('host.consent_changed'));
        await this.refresh();
      } else toast(tb('base.error_network'));
    }
  }

  /** Agree to the words on recording that the desk shows: once for each version of them. */
  private async agree(): Promise<void> {
    const shown = this.desk.peek()?.consent;
    if (!shown || shown.agreed) return;
    // Whoever does something else first is not taken to that case later.
    this.wanted.value = null;
    const consent = await put<StaffConsentWords>('/api/v1/me/consent', { version: shown.version, locale: locale.peek() }, { retries: 2 });
    const desk = this.desk.peek();
    if (desk) this.desk.value = { ...desk, consent };
  }

  /** Take somebody, or with null whoever has waited longest. */
  async take(caseId: string | null): Promise<void> {
    if (this.taking.peek() !== null) return;
    this.taking.value = caseId ?? '';
    try {
      await this.agree();
      const { session } = await post<{ session: Snapshot }>('/api/host/take', { case_id: caseId });
      await this.enter(session.id);
    } catch (error) {
      this.tellTakeTrouble(error);
      await this.refresh();
    } finally {
      this.taking.value = null;
    }
  }

  /** What rings at this desk and was not declined. */
  readonly rings = computed(() => (this.desk.value?.rings ?? []).filter((ring) => !this.declined.has(ring.handover_id)));

  /** Say yes, and be in the call beside the host who asked, or no. */
  async answer(handoverId: string, answer: 'yes' | 'no'): Promise<void> {
    if (this.answering.peek() !== null) return;
    this.answering.value = handoverId;
    try {
      if (answer === 'no') this.declined.add(handoverId);
      else await this.agree();
      const answered = await post<{ session?: Snapshot }>(`/api/handovers/${handoverId}`, { answer }, { retries: 2 });
      if (answered.session) await this.enter(answered.session.id);
      else await this.refresh();
    } catch (error) {
      if (answer === 'yes') this.tellTakeTrouble(error);
      await this.refresh();
    } finally {
      this.answering.value = null;
    }
  }

  /** The call is somebody else's now. */
  async handedOver(session: LiveSession, name: string): Promise<void> {
    const stage = this.stage.peek();
    if (stage.at !== 'call' || stage.call.session.peek() !== session) return;
    toast(t('host.handover_done', { name }));
    await this.leave(stage.call);
  }

  /** From the console: a case to show now. It is asked for once, so that a reload takes nobody. */
  readonly wanted = signal(new URLSearchParams(location.search).get('take'));

  async takeWanted(): Promise<void> {
    const wanted = this.wanted.peek();
    this.wanted.value = null;
    if (wanted !== null) await this.take(wanted);
  }

  private tellTakeTrouble(error: unknown): void {
    const code = error instanceof ApiError ? error.code : '';
    if (code === 'handover_over') toast(t('host.handover_over'));
    else if (code === 'already_taken') toast(t('host.already_taken'));
    else if (code === 'queue_empty') toast(t('host.queue_empty'));
    else if (code === 'consent_required') toast(t('host.consent_changed'));
    else if (code === 'one_at_a_time') {
      toast(t('host.one_at_a_time'));
      void this.open();
    } else toast(tb(error instanceof ApiError && error.status === 0 ? 'base.error_network' : 'base.error_server'));
  }

  /** Into a session that is ours: media, socket, picture. */
  private async enter(sessionId: string): Promise<void> {
    this.network.end();
    const snapshot = await get<Snapshot>(`/api/sessions/${sessionId}`);
    const call = new Call({
      devices: navigator.mediaDevices,
      createPeer: this.ice.createPeer,
      // Whoever shows goods shows them with the rear camera; otherwise the buyer sees a face.
      facing: snapshot.direction === 'warehouse_shows' ? 'environment' : 'user',
    });
    call.prepare();
    try {
      await call.start((offer, candidates) => this.join(sessionId, offer, candidates));
    } catch (error) {
      call.close();
      throw error;
    }
    this.stay.enter(call);
  }

  private join(sessionId: string, offer: string, candidates: unknown[]): Promise<Joined> {
    return post<Joined>(
      `/api/sessions/${sessionId}/join`,
      { offer, candidates, precheck: this.network.found.peek() },
      { timeoutMs: 15_000 },
    );
  }

  private async leave(call: Call): Promise<void> {
    if (this.stay.leave(call)) await this.back();
  }

  private async back(): Promise<void> {
    this.stage.value = { at: 'loading' };
    await this.open();
  }

  /** Finish with a verdict; throws ApiError when it was not saved. */
  async end(call: Call, verdict: VerdictIn): Promise<void> {
    const session = call.session.peek();
    if (!session) return;
    try {
      await post(`/api/sessions/${session.id}/end`, { ...verdict, client_id: this.endId }, { retries: 3, timeoutMs: 15_000 });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'already_ended') throw error;
    }
    this.endId = newClientId();
    toast(t('host.ended_toast'));
    await this.leave(call);
  }

  /** One id until it has succeeded, so that a repeat ends nothing twice. */
  private endId = newClientId();

  async release(call: Call): Promise<void> {
    const session = call.session.peek();
    if (!session) return;
    await post(`/api/sessions/${session.id}/release`, {}, { retries: 2 });
    toast(t('host.released_toast'));
    await this.leave(call);
  }

  private toDesk(): void {
    this.stage.value = { at: 'desk' };
    this.network.begin();
    if (this.deskStops.length > 0) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void this.refresh();
    }, DESK_POLL_MS);
    this.deskStops = [watchDesk(() => void this.refresh()), () => clearInterval(timer)];
  }

  private closeDesk(): void {
    for (const stop of this.deskStops.splice(0)) stop();
  }
}
