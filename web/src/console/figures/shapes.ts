/** What the figures' routes answer (docs/protocol.md), and how the page asks for it. */
import type { CaseState, Outcome } from '../../base/protocol/words';

export const DIMENSIONS = ['reason', 'product', 'category', 'market', 'language', 'carrier', 'policy_version', 'outcome', 'liability', 'state'] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export const STEPS = ['opened', 'offered', 'answered', 'live', 'inspected', 'decided', 'resolved', 'refunded', 'closed'] as const;
export type Step = (typeof STEPS)[number];

export interface Row {
  readonly value: string | null;
  readonly cases: number;
  readonly decided: number;
  readonly resolved: number;
  readonly by_video: number;
  readonly answer_s: number | null;
  readonly answered_in_time: number;
  readonly answered: number;
  readonly decision_s: number | null;
  readonly decided_in_time: number;
  readonly refund_s: number | null;
}

export interface Worth {
  readonly currency: string;
  readonly by_video_decided: number;
  readonly by_video_resolved: number;
  readonly without_decided: number;
  readonly without_resolved: number;
  readonly avoided: number | null;
  readonly postage_minor: number | null;
  readonly handling_minor: number | null;
  readonly goods_minor: number | null;
  readonly total_minor: number | null;
}

export interface Day {
  readonly day: string;
  readonly cases: number;
  readonly by_video: number;
  readonly resolved: number;
}

export interface Figures {
  readonly since: string;
  readonly until: string;
  readonly by: Dimension;
  readonly total: Row;
  readonly by_video: Row;
  readonly without_video: Row;
  readonly steps: Readonly<Record<Step, number>>;
  readonly days: readonly Day[];
  readonly rows: readonly Row[];
  readonly rows_left: number;
  readonly worth: readonly Worth[];
}

export interface CaseOfFigure {
  readonly id: string;
  readonly order_number: string;
  readonly state: CaseState;
  readonly outcome: Outcome | null;
  readonly opened_at: string;
}

/** Which cases a number counts. */
export interface Behind {
  readonly title: string;
  readonly by?: Dimension;
  readonly value?: string | null;
  readonly step?: Step;
  readonly video?: boolean;
}

export interface Assumed {
  readonly postage_minor: number;
  readonly handling_minor: number;
  readonly lost_percent: number;
}

export const USUAL: Assumed = { postage_minor: 700, handling_minor: 400, lost_percent: 30 };

export function figuresQuery(days: number, by: Dimension, assumed: Assumed, nowMs: number): string {
  const query = new URLSearchParams({ since: new Date(nowMs - days * 86_400_000).toISOString(), by });
  for (const [name, value] of Object.entries(assumed)) query.set(name, String(value));
  return query.toString();
}

export function casesQuery(behind: Behind, figures: Figures, cursor: string | null): string {
  const query = new URLSearchParams({ since: figures.since, until: figures.until, step: behind.step ?? 'opened' });
  if (behind.by !== undefined) {
    query.set('by', behind.by);
    if (behind.value !== null && behind.value !== undefined) query.set('value', behind.value);
  }
  if (behind.video !== undefined) query.set('video', String(behind.video));
  if (cursor !== null) query.set('cursor', cursor);
  return query.toString();
}

/** `7.5` → 750; null for what is no amount. */
export function minorOf(text: string): number | null {
  const trimmed = text.trim().replace(',', '.');
  if (!/^\d{1,5}(\.\d{1,2})?$/.test(trimmed)) return null;
  return Math.round(Number(trimmed) * 100);
}

/** Every day of the span (UTC), those without a case as zeros: seconds, then the three counts. */
export function seriesOf(days: readonly Day[], since: string, until: string): [number[], number[], number[], number[]] {
  const known = new Map(days.map((day) => [Date.parse(`${day.day}T00:00:00Z`) / 1000, day]));
  const series: [number[], number[], number[], number[]] = [[], [], [], []];
  const first = Math.floor(Date.parse(since) / 86_400_000) * 86_400;
  for (let at = first; at * 1000 < Date.parse(until); at += 86_400) {
    const day = known.get(at);
    series[0].push(at);
    series[1].push(day?.cases ?? 0);
    series[2].push(day?.by_video ?? 0);
    series[3].push(day?.resolved ?? 0);
  }
  return series;
}
