/** A week as it is written and as the API takes it: minutes of the day. */
export type Spans = [number, number][];

const SPAN = /^(\d{1,2}):(\d\d)\s*[–-]\s*(\d{1,2}):(\d\d)$/;
const clock = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

export function written(spans: Spans): string {
  return spans.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(', ');
}

/** Null for what is not a day of spans that follow each other. */
export function spansOf(text: string): Spans | null {
  const spans: Spans = [];
  let before = 0;
  for (const part of text.split(',').map((piece) => piece.trim()).filter(Boolean)) {
    const found = SPAN.exec(part);
    if (!found) return null;
    const [from, to] = [Number(found[1]) * 60 + Number(found[2]), Number(found[3]) * 60 + Number(found[4])];
    if (Number(found[2]) > 59 || Number(found[4]) > 59 || from < before || to <= from || to > 1440) return null;
    spans.push([from, to]);
    before = to;
  }
  return spans;
}

export const listOf = (text: string): string[] => text.split(/[,\n]/).map((piece) => piece.trim()).filter(Boolean);
