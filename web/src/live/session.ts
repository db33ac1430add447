/** One session as this browser sees it: state and log in signals, sends that survive outages. */
import { batch, computed, signal } from '@preact/signals';
import { io, type Socket } from 'socket.io-client';
import { actingRole, ApiError, get, newClientId } from '../base/api';
import { learnServerClock, type TimeSample } from '../base/time';
import type { Advice, PeerLost, PictureReport, Quality } from '../base/protocol/connection';
import type { Acknowledgement, ClockAnswer, DeviceAsks, EventPage, Participant, SendBodies, SessionChange, SessionEvent, Snapshot } from '../base/protocol/session';
import type { ConnectionWord } from '../base/protocol/words';
import { retryWaitMs } from './backoff';
import { countersignFor } from './countersigning';
import { EventLog, PAGE_LIMIT } from './event_log';
import { SendQueue, type Outgoing, type SendName } from './send_queue';

/** `replaced`: another tab has taken over; `refused`: we may not be here (any more). */
export type LinkState = 'connecting' | 'open' | 'lost' | 'replaced' | 'refused';

const ACK_LIMIT_MS = 6_000;
const PROBE_LIMIT_MS = 1_500;
const TYPING_SHOWN_MS = 4_000;
const CLOCK_QUESTIONS = 4;
const CLOCK_EVERY_MS = 60_000;

export class LiveSession {
  readonly id: string;
  readonly you: { participant_id: string; role: Snapshot['you']['role'] };
  readonly snapshot;
  readonly state;
  readonly participants;
  readonly handover;
  readonly queue;
  readonly recording;
  readonly events = signal<readonly SessionEvent[]>([]);
  readonly unsent = signal<readonly Outgoing[]>([]);
  readonly link = signal<LinkState>('connecting');
  readonly refusedCode = signal<string | null>(null);
  readonly qualities = signal<Readonly<Record<string, Quality>>>({});
  readonly typing = signal<string | null>(null);
  readonly asking = signal<DeviceAsks | null>(null);
  readonly historyLoaded = signal(false);
  /** The server says that our media is gone. */
  onPeerLost: ((lost: PeerLost) => void) | null = null;
  /** What the server asks our camera for. */
  onAdvice: ((advice: Advice) => void) | null = null;
  onEvent: ((event: SessionEvent) => void) | null = null;

  readonly me = computed<Participant | null>(() => this.participants.value.find((p) => p.id === this.you.participant_id) ?? null);
  /** The other party: the host for a buyer, the buyer for a host. */
  readonly other = computed<Participant | null>(() => {
    const wanted = this.you.role === 'buyer' ? 'host' : 'buyer';
    const all = this.participants.value.filter((p) => p.role === wanted);
    const inCharge = all.filter((p) => p.in_charge);
    const found = inCharge.length > 0 ? inCharge : all;
    return found.find((p) => p.presence === 'here') ?? found.find((p) => p.presence === 'away') ?? found[found.length - 1] ?? null;
  });

  /** The host in charge, once there is one. */
  readonly host = computed<Participant | null>(() => this.participants.value.find((p) => p.in_charge) ?? null);
  /** The host whom the buyer is being handed to. */
  readonly successor = computed<Participant | null>(() => this.participants.value.find((p) => p.role === 'host' && !p.in_charge && p.presence !== 'left') ?? null);
  /** Everybody who watches, heard or not. */
  readonly observers = computed<readonly Participant[]>(() => this.participants.value.filter((p) => p.role === 'observer' && p.presence !== 'left'));
  /** Who is on the second lines: for those who watch or take over it is the host, for the others the other host or who speaks. */
  readonly guest = computed<Participant | null>(() => {
    const me = this.me.value;
    const host = this.host.value;
    if (me?.role === 'observer' || (me?.role === 'host' && !me.in_charge)) return host && host.presence !== 'left' ? host : null;
    return this.successor.value ?? this.observers.value.find((p) => p.voice === 'speaks') ?? null;
  });

  /** Who has stopped the recording of themselves, as the log says; it holds for the rest of the session. */
  readonly unrecorded = computed<ReadonlySet<string>>(
    () => new Set(this.events.value.flatMap((event) => (event.kind === 'consent_withdrawn' && event.actor.participant_id ? [event.actor.participant_id] : []))),
  );

  private readonly socket: Socket;
  private readonly log = new EventLog(0);
  private readonly outbox = new SendQueue();
  private flushing = false;
  private probing = false;
  private filling = false;
  private refill = false;
  private closed = false;
  private typingTimer: ReturnType<typeof setTimeout> | null = null;
  private lastTypingMs = 0;
  private readonly clockTimer: ReturnType<typeof setInterval>;

  constructor(snapshot: Snapshot) {
    this.id = snapshot.id;
    this.you = snapshot.you;
    this.snapshot = signal(snapshot);
    this.state = signal(snapshot.state);
    this.participants = signal<readonly Participant[]>(snapshot.participants);
    this.handover = signal(snapshot.handover);
    this.queue = signal(snapshot.queue);
    this.recording = signal(snapshot.recording);
    this.socket = io({
      transports: ['websocket'],
      auth: { session_id: this.id, role: actingRole() ?? this.you.role },
      reconnectionDelay: 400,
      reconnectionDelayMax: 5_000,
      timeout: 8_000,
      autoConnect: false,
    });
    this.listen();
    countersignFor(this.socket, this.id, this.you);
    this.clockTimer = setInterval(() => void this.askTime(), CLOCK_EVERY_MS);
    this.socket.connect();
    void this.fill();
  }

  /** Say something; it is queued while offline, and a repeat is harmless. Returns its client id. */
  send<Name extends SendName>(name: Name, body: SendBodies[Name]): string {
    const clientId = newClientId();
    this.outbox.push(name, body, clientId, Date.now());
    this.publishOutbox();
    void this.flush();
    return clientId;
  }

  sendAgain(clientId: string): void {
    this.outbox.again(clientId);
    this.publishOutbox();
    void this.flush();
  }

  /** Say that this person is writing, at most every 2 s. */
  sendTyping(): void {
    const now = Date.now();
    if (now - this.lastTypingMs < 2_000 || !this.socket.connected) return;
    this.lastTypingMs = now;
    this.socket.volatile.emit('typing', {});
  }

  /** Tell the server how the picture goes; worth nothing later, so it is never kept. */
  report(body: PictureReport): void {
    if (this.socket.connected) this.socket.volatile.emit('report', body);
  }

  /** Take what a fresh answer says over what we knew. */
  apply(snapshot: Snapshot): void {
    batch(() => {
      this.snapshot.value = snapshot;
      this.applyChange(snapshot);
    });
    void this.fill();
  }

  /** Reconnect now rather than later (the network has come back). */
  nudge(): void {
    if (this.closed || this.link.peek() === 'replaced' || this.link.peek() === 'refused') return;
    if (!this.socket.connected) this.reopen();
    else void this.refresh();
  }

  /** Find out at once whether the socket still lives, and open another if not. */
  probe(): void {
    if (this.closed || this.probing || this.link.peek() === 'replaced' || this.link.peek() === 'refused') return;
    if (!this.socket.connected) {
      if (this.link.peek() === 'lost') this.reopen();
      return;
    }
    this.probing = true;
    this.socket
      .timeout(PROBE_LIMIT_MS)
      .emitWithAck('clock', {})
      .catch(() => this.reopen())
      .finally(() => (this.probing = false));
  }

  /** An attempt that hangs in the old network is given up for a new one. */
  private reopen(): void {
    if (this.closed || this.link.peek() === 'replaced' || this.link.peek() === 'refused') return;
    this.socket.disconnect();
    this.socket.connect();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.clockTimer);
    this.socket.disconnect();
  }

  private listen(): void {
    const { socket } = this;
    let hasConnected = false;
    socket.on('connect', () => {
      batch(() => {
        this.link.value = 'open';
        this.refusedCode.value = null;
      });
      // What we missed between the first answer and now, or while away.
      if (hasConnected) void this.refresh();
      else void this.fill();
      hasConnected = true;
      void this.flush();
      void this.askTime();
    });
    socket.on('disconnect', (reason) => {
      if (this.closed || this.link.peek() === 'replaced') return;
      this.link.value = 'lost';
      // The library comes back by itself unless the server has ended it.
      if (reason === 'io server disconnect') this.reconnectLater();
    });
    socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
      if (this.closed) return;
      const code = error.data?.code;
      if (code === 'not_found' || code === 'not_signed_in' || code === 'bad_auth') {
        batch(() => {
          this.link.value = 'refused';
          this.refusedCode.value = code;
        });
        return;
      }
      this.link.value = 'lost';
      if (!socket.active) this.reconnectLater();
    });
    socket.on('event', (event: SessionEvent) => {
      this.show(this.log.add(event));
      if (this.log.hasHole) setTimeout(() => void this.fill(), 60);
    });
    socket.on('session', (change: SessionChange) => {
      const moved = change.state !== this.state.peek();
      batch(() => this.applyChange(change));
      // Since when it is live, and what became of it, stands only in the whole snapshot.
      if (moved) void this.refresh();
    });
    socket.on('quality', (quality: Quality) => {
      this.qualities.value = { ...this.qualities.value, [quality.participant_id]: quality };
    });
    socket.on('adapt', (advice: Advice) => this.onAdvice?.(advice));
    socket.on('typing', ({ participant_id }: { participant_id: string }) => {
      if (participant_id === this.you.participant_id) return;
      this.typing.value = participant_id;
      if (this.typingTimer) clearTimeout(this.typingTimer);
      this.typingTimer = setTimeout(() => (this.typing.value = null), TYPING_SHOWN_MS);
    });
    socket.on('device.asks', (asks: DeviceAsks) => (this.asking.value = asks));
    socket.on('peer.lost', (lost: PeerLost) => this.onPeerLost?.(lost));
    socket.on('replaced', () => {
      this.link.value = 'replaced';
      socket.disconnect();
    });
  }

  private reconnectLater(attempt = 2): void {
    setTimeout(() => {
      if (!this.closed && !this.socket.connected && this.link.peek() === 'lost') this.socket.connect();
    }, retryWaitMs(attempt, Math.random()));
  }

  private applyChange(change: SessionChange): void {
    // What the log of the session says of a connection is newer than the last measurement.
    const before = new Map(this.participants.peek().map((p) => [p.id, p.connection]));
    const changed = change.participants.filter((p) => before.get(p.id) !== p.connection);
    if (changed.length > 0) {
      const qualities = { ...this.qualities.peek() };
      for (const p of changed) delete qualities[p.id];
      this.qualities.value = qualities;
    }
    this.state.value = change.state;
    this.participants.value = change.participants;
    this.handover.value = change.handover;
    this.queue.value = change.queue;
    this.recording.value = change.recording;
  }

  /** Ask for the whole state again, then for the events we lack. */
  private async refresh(): Promise<void> {
    try {
      this.apply(await get<Snapshot>(`/api/sessions/${this.id}`));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.link.value = 'refused';
    }
  }

  private async fill(): Promise<void> {
    if (this.filling) {
      this.refill = true;
      return;
    }
    this.filling = true;
    try {
      for (let attempt = 0; !this.closed; ) {
        this.refill = false;
        const after = this.log.after;
        try {
          const page = await get<EventPage>(`/api/sessions/${this.id}/events?after=${after}`);
          this.show(this.log.fill(after, page.events, page.last_seq));
          this.historyLoaded.value = true;
          if (page.events.length < PAGE_LIMIT && !this.refill) return;
        } catch (error) {
          if (error instanceof ApiError && !error.passing) return;
          await new Promise((resolve) => setTimeout(resolve, retryWaitMs(++attempt, Math.random())));
        }
      }
    } finally {
      this.filling = false;
    }
  }

  private show(events: readonly SessionEvent[]): void {
    if (events.length === 0) return;
    batch(() => {
      this.events.value = [...this.events.value, ...events];
      for (const event of events) this.outbox.seen(event.client_id);
      this.publishOutbox();
    });
    for (const event of events) {
      if (event.kind === 'message' && event.actor.participant_id === this.typing.peek()) this.typing.value = null;
      this.onEvent?.(event);
    }
  }

  private async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      for (let item = this.outbox.next(); item && this.socket.connected && !this.closed; item = this.outbox.next()) {
        let answer: Acknowledgement | null = null;
        try {
          const sent = this.socket.timeout(ACK_LIMIT_MS).emitWithAck(item.name, { client_id: item.client_id, ...item.body });
          answer = (await sent) as Acknowledgement;
        } catch {
          // No acknowledgement in time: it stays first in the queue.
        }
        this.outbox.settle(item.client_id, answer);
        this.publishOutbox();
        if (answer && !answer.ok && this.outbox.next()?.client_id === item.client_id) {
          await new Promise((resolve) => setTimeout(resolve, 800));
        }
      }
    } finally {
      this.flushing = false;
    }
  }

  /** Compare this device's clock with the server's, for the moments that markers name. */
  private async askTime(): Promise<void> {
    const samples: TimeSample[] = [];
    for (let asked = 0; asked < CLOCK_QUESTIONS && this.socket.connected; asked += 1) {
      const sentMs = Date.now();
      try {
        const answer = (await this.socket.timeout(ACK_LIMIT_MS).emitWithAck('clock', {})) as ClockAnswer;
        if (answer.ok) samples.push({ serverMs: answer.now_ms, sentMs, receivedMs: Date.now() });
      } catch {
        // The next minute asks again; until then the best that is known holds.
        break;
      }
    }
    learnServerClock(samples);
  }

  private publishOutbox(): void {
    this.unsent.value = [...this.outbox.all];
  }

  /** The video format that somebody sends, as the server saw it begin; null while that is not known. */
  codecOf(participantId: string): string | null {
    let codec: string | null = null;
    for (const event of this.events.value) {
      if ((event.kind === 'peer_connected' || event.kind === 'bench_attached') && event.payload.participant_id === participantId) codec = event.payload.codec;
    }
    return codec;
  }

  /** How somebody's connection is, in a word; the server's latest figure before the snapshot's. */
  connectionOf(participantId: string): ConnectionWord | null {
    const quality = this.qualities.value[participantId];
    return quality?.word ?? this.participants.value.find((p) => p.id === participantId)?.connection ?? null;
  }
}
