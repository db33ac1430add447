import { describe, expect, it } from 'vitest';
import { inAppBrowser, wayOut } from '../../src/live/in_app';

const ANDROID = 'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const LINK = 'https://calls.example:8443/j/abc';

describe('the browser inside an app', () => {
  it.each([
    ['wechat', `${IPHONE} Mobile/15E148 MicroMessenger/8.0.49 NetType/WIFI Language/zh_CN`],
    ['wechat', `${ANDROID.replace('; wv', '')} MMWEBID/1 MicroMessenger/8.0.49.2600`],
    ['instagram', `${IPHONE} Mobile/15E148 Instagram 330.0.3 (iPhone15,2; iOS 17_5)`],
    ['facebook', `${IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/465.0]`],
    ['facebook', `${ANDROID} [FB_IAB/FB4A;FBAV/465.0;]`],
    ['line', `${IPHONE} Mobile/15E148 Safari Line/14.8.0`],
    ['whatsapp', `${ANDROID} WhatsApp/2.24`],
    ['tiktok', `${ANDROID} trill_340 BytedanceWebview/d8a21c6`],
    ['other', ANDROID],
    ['other', `${IPHONE} Mobile/15E148`],
  ])('is %s', (app, agent) => expect(inAppBrowser(agent)).toBe(app));

  it.each([
    ['Safari', `${IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`],
    ['Chrome on an iPhone', `${IPHONE} CriOS/126.0 Mobile/15E148 Safari/604.1`],
    ['Firefox on an iPhone', `${IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`],
    ['Chrome on Android', ANDROID.replace('; wv', '').replace(' Version/4.0', '')],
    ['Firefox on a desk', 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'],
    ['Chrome on a desk', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'],
    ['Safari on a Mac', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'],
  ])('is not %s', (_name, agent) => expect(inAppBrowser(agent)).toBeNull());

  it('is left by an intent on Android, with the whole address and no other scheme', () => {
    expect(wayOut('instagram', ANDROID, `${LINK}?a=b`)).toBe('intent://calls.example:8443/j/abc?a=b#Intent;scheme=https;action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE;end');
    expect(wayOut('other', ANDROID, 'http://calls.example/j/abc')).toBeNull();
    // What stands after a # could end the intent and begin another.
    expect(wayOut('other', ANDROID, `${LINK}#Intent;package=evil;end`)).toBe('intent://calls.example:8443/j/abc#Intent;scheme=https;action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE;end');
  });

  it('is left by its own door in LINE, and by hand in WeChat and on an iPhone', () => {
    expect(wayOut('line', IPHONE, LINK)).toBe(`${LINK}?openExternalBrowser=1`);
    expect(wayOut('wechat', ANDROID, LINK)).toBeNull();
    expect(wayOut('instagram', IPHONE, LINK)).toBeNull();
  });
});
