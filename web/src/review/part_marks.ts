/** The two marks between which a part is handed over; server wall clock in ms. */
export interface PartMarks {
  readonly inMs: number | null;
  readonly outMs: number | null;
}

export interface MarkedPart {
  readonly fromMs: number;
  readonly toMs: number;
}

export const NO_MARKS: PartMarks = { inMs: null, outMs: null };

/** A beginning after the end takes the end away, since it is of another part. */
export function withIn(marks: PartMarks, ms: number): PartMarks {
  const inMs = Math.round(ms);
  return { inMs, outMs: marks.outMs !== null && marks.outMs > inMs ? marks.outMs : null };
}

export function withOut(marks: PartMarks, ms: number): PartMarks {
  const outMs = Math.round(ms);
  return { inMs: marks.inMs !== null && marks.inMs < outMs ? marks.inMs : null, outMs };
}

export function partOf({ inMs, outMs }: PartMarks): MarkedPart | null {
  return inMs !== null && outMs !== null && inMs < outMs ? { fromMs: inMs, toMs: outMs } : null;
}
