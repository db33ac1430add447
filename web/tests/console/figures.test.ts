import { describe, expect, it } from 'vitest';
import { casesQuery, figuresQuery, minorOf, seriesOf, USUAL, type Figures } from '../../src/console/figures/shapes';

const day = (date: string, cases: number) => ({ day: date, cases, by_video: 0, resolved: 0 });

describe('figures as they are drawn and asked for', () => {
  it('draws every day of the span, one without a case as zero', () => {
    const found = seriesOf([day('2026-02-27', 2), day('2026-03-02', 1)], '2026-02-26T13:00:00Z', '2026-03-02T09:00:00Z');
    expect(found[1]).toEqual([0, 2, 0, 0, 1]);
    expect(found[0][0]).toBe(Date.parse('2026-02-26T00:00:00Z') / 1000);
    expect(seriesOf([], '2026-02-26T13:00:00Z', '2026-02-26T13:00:00Z')[1]).toEqual([0]);
  });

  it('takes amounts as people write them, and no others', () => {
    expect(['7', '7.5', '7,50', ' 0.05 '].map(minorOf)).toEqual([700, 750, 750, 5]);
    expect(['', '-1', '1.234', 'x', '1e3', '123456'].map(minorOf)).toEqual([null, null, null, null, null, null]);
  });

  it('asks for a span that ends now, with the assumptions', () => {
    const query = new URLSearchParams(figuresQuery(30, 'product', USUAL, Date.parse('2026-03-31T00:00:00Z')));
    expect(query.get('since')).toBe('2026-03-01T00:00:00.000Z');
    expect(query.get('by')).toBe('product');
    expect(query.get('postage_minor')).toBe('700');
  });

  it('asks for the cases of exactly one number; a value that is not known is left out', () => {
    const figures = { since: 'a', until: 'b' } as Figures;
    expect(casesQuery({ title: '', by: 'carrier', value: null }, figures, null)).toBe('since=a&until=b&step=opened&by=carrier');
    expect(casesQuery({ title: '', by: 'product', value: 'A&B', step: 'resolved', video: true }, figures, 'c')).toBe('since=a&until=b&step=resolved&by=product&value=A%26B&video=true&cursor=c');
  });
});
