/** Which chat app's browser this is, and the ways out of it: pure. */

export type InApp = 'wechat' | 'qq' | 'instagram' | 'facebook' | 'line' | 'whatsapp' | 'tiktok' | 'other';

const APPS: readonly (readonly [InApp, RegExp])[] = [
  ['wechat', /MicroMessenger/i],
  ['qq', /\bQQ\//],
  ['instagram', /Instagram/i],
  ['facebook', /FBAN|FBAV|FB_IAB|MessengerForiOS/],
  ['line', /\bLine\//i],
  ['whatsapp', /WhatsApp/i],
  ['tiktok', /musical_ly|BytedanceWebview|TikTok/i],
  // Any app's window of Android's own web view, and of iOS's, which lacks Safari's name.
  ['other', /; wv\)/],
  ['other', /\((iPhone|iPad|iPod)[^)]*\) AppleWebKit\/[^ ]+ \(KHTML, like Gecko\)(?!.*(Safari|CriOS|FxiOS|EdgiOS)\/)/],
];

/** As people call it everywhere; `wechat` has a name in each language, `other` none. */
export const APP_NAMES: Record<Exclude<InApp, 'other' | 'wechat'>, string> = {
  qq: 'QQ',
  instagram: 'Instagram',
  facebook: 'Facebook',
  line: 'LINE',
  whatsapp: 'WhatsApp',
  tiktok: 'TikTok',
};

/** The app whose built-in browser shows the page; null in a real browser. */
export function inAppBrowser(userAgent: string): InApp | null {
  return APPS.find(([, pattern]) => pattern.test(userAgent))?.[0] ?? null;
}

/** An address that leaves the app for the real browser at one touch, where there is such a thing. */
export function wayOut(app: InApp, userAgent: string, address: string): string | null {
  const url = new URL(address);
  if (url.protocol !== 'https:') return null;
  if (app === 'line') {
    url.searchParams.set('openExternalBrowser', '1');
    return url.href;
  }
  // WeChat and QQ open no intent.
  if (!/Android/i.test(userAgent) || app === 'wechat' || app === 'qq') return null;
  return `intent://${url.host}${url.pathname}${url.search}#Intent;scheme=https;action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE;end`;
}

export function isApple(userAgent: string): boolean {
  return /iPhone|iPad|iPod/.test(userAgent);
}
