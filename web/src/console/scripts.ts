/** What a page must know of reply scripts: their scenes, and the placeholders that may be left. */
export const SCENES = ['parcel', 'payment', 'product', 'complaint', 'return'] as const;
export type Scene = (typeof SCENES)[number];

const PLACEHOLDERS: ReadonlySet<string> = new Set([
  'buyer_name', 'order_number', 'seller_name', 'agent_name', 'item_title', 'amount_paid', 'amount_refunded',
  'carrier', 'tracking_number', 'return_address', 'deadline',
]);

/** The placeholders that still stand in a text, each once; as the server counts them. */
export function leftIn(text: string): string[] {
  const found = new Set<string>();
  for (const [, name = ''] of text.matchAll(/\{([^{}]*)\}/g)) if (PLACEHOLDERS.has(name)) found.add(name);
  return [...found];
}
