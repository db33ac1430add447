/** What a page must know of reply scripts: their scenes, and the placeholders that may be left. */
export const SCENES = ['parcel', 'payment', 'product', 'complaint', 'return'] as const;
export type Scene = (typeof SCENES)[number];

/** The languages in which replies are shipped. */
export const LANGUAGES: readonly string[] = ['en', 'zh-Hans', 'es', 'de', 'ar'];

export const PLACEHOLDERS = [
  'buyer_name', 'order_number', 'seller_name', 'agent_name', 'item_title', 'amount_paid', 'amount_refunded',
  'carrier', 'tracking_number', 'return_address', 'deadline',
] as const;
const KNOWN: ReadonlySet<string> = new Set(PLACEHOLDERS);

/** The placeholders that still stand in a text, each once; as the server counts them. */
export function leftIn(text: string): string[] {
  const found = new Set<string>();
  for (const [, name = ''] of text.matchAll(/\{([^{}]*)\}/g)) if (KNOWN.has(name)) found.add(name);
  return [...found];
}

/** What stands in braces and is no placeholder, and braces without a partner; as the server refuses them. */
export function unknownIn(text: string): string[] {
  const unknown = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name).filter((name) => !KNOWN.has(name));
  const rest = text.replace(/\{[^{}]*\}/g, '');
  return [...unknown, ...['{', '}'].filter((brace) => rest.includes(brace))];
}
