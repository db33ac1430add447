/** A small drawing of what each reason means, of the same strokes as the icons. */
export const REASONS = ['damaged', 'defective', 'not_as_described', 'wrong_item', 'missing_parts', 'colour_differs', 'size_fit', 'changed_mind', 'other'] as const;
export type Reason = (typeof REASONS)[number];

const PATHS: Record<Reason, string> = {
  damaged: 'M10 10h28v28H10zM22 10l-3 9 8 4-5 7 4 8',
  defective: 'M12 14h24v18H12zM20 38h8M24 32v6M20 20l8 6M28 20l-8 6',
  not_as_described: 'M8 12h14v24H8zM33 15a7 7 0 1 1-.1 14 7 7 0 0 1 .1-14zM24 40l0 0M33 33v6',
  wrong_item: 'M8 18h12v12H8zM34 16l7 14H27zM22 24h4',
  missing_parts: 'M10 16h28v22H10zM10 16l6-6h16l6 6M20 24h.1M24 28h.1M28 24a4 4 0 0 0-8 0M24 32h.1',
  colour_differs: 'M24 8c7 9 10 13 10 19a10 10 0 0 1-20 0c0-6 3-10 10-19zM24 8v29',
  size_fit: 'M8 18h32v12H8zM14 18v5M20 18v7M26 18v5M32 18v7',
  changed_mind: 'M14 20a10 10 0 1 1 2 14M14 12v8h8M24 20v6l4 3',
  other: 'M16 24h.1M24 24h.1M32 24h.1M24 8a16 16 0 1 1-.1 0z',
};

export function ReasonPicture({ reason }: { reason: Reason }) {
  return <svg class="reason-picture" viewBox="0 0 48 48" aria-hidden="true"><path d={PATHS[reason]} /></svg>;
}
