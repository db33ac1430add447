/** Who else looks at the same case: said and heard by socket, forgotten by itself. Knows no DOM. */
import { signal } from '@preact/signals';
import { newClientId } from '../base/api';

const SAY_EVERY_MS = 10_000;
const FORGOTTEN_AFTER_MS = 25_000;
const WRITES_FOR_MS = 6_000;

export interface Heard {
  readonly case_id: string;
  readonly staff_id: string;
  readonly tab: string;
  readonly name?: string;
  readonly doing: 'looks' | 'writes' | 'away';
  readonly asks?: boolean;
}

export interface Other {
  readonly staffId: string;
  readonly tab: string;
  readonly name: string;
  readonly writes: boolean;
  readonly heardMs: number;
}

export class Others {
  /** One entry a person, writing if any of their tabs writes; never oneself. */
  readonly people = signal<readonly Other[]>([]);
  private readonly tab = newClientId().slice(0, 12);
  private tabs: readonly Other[] = [];
  private writesUntilMs = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly caseId: string,
    private readonly me: string,
    private readonly say: (body: object) => void,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Say that this page shows the case, and ask who else does; also after a lost connection. */
  arrive(): void {
    this.tell(true);
    this.timer ??= setInterval(() => this.beat(), SAY_EVERY_MS / 2);
  }

  leave(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.tabs = [];
    this.people.value = [];
    this.say({ case_id: this.caseId, tab: this.tab, doing: 'away' });
  }

  /** Somebody writes here: the others are told at once, then with the next word. */
  writes(): void {
    const before = this.isWriting;
    this.writesUntilMs = this.nowMs() + WRITES_FOR_MS;
    if (!before) this.tell(false);
  }

  hear(said: Heard): void {
    if (said.case_id !== this.caseId || said.staff_id === this.me) return;
    const rest = this.tabs.filter((one) => one.staffId !== said.staff_id || one.tab !== said.tab);
    this.tabs = said.doing === 'away' ? rest : [...rest, { staffId: said.staff_id, tab: said.tab, name: said.name ?? '', writes: said.doing === 'writes', heardMs: this.nowMs() }];
    this.show();
    if (said.asks && said.doing !== 'away') this.tell(false);
  }

  /** Called every few seconds: forget who is silent, and say that one is still here. */
  beat(): void {
    this.tabs = this.tabs.filter((one) => this.nowMs() - one.heardMs <= FORGOTTEN_AFTER_MS);
    this.show();
    this.tell(false);
  }

  private get isWriting(): boolean {
    return this.nowMs() < this.writesUntilMs;
  }

  private tell(asks: boolean): void {
    this.say({ case_id: this.caseId, tab: this.tab, doing: this.isWriting ? 'writes' : 'looks', asks });
  }

  private show(): void {
    const people = new Map<string, Other>();
    for (const one of this.tabs) people.set(one.staffId, { ...one, writes: one.writes || (people.get(one.staffId)?.writes ?? false) });
    this.people.value = [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
  }
}
