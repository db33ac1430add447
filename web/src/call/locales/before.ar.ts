/** Words before a call, that every page with a call has, in Arabic. */
import type { Translation } from '../../base/text';
import type { beforeEn } from './before.en';

export const beforeAr: Translation<typeof beforeEn> = {
  'call.what_we_keep': 'ما الذي يُسجَّل',
  'call.consent_title': 'على ماذا توافق',
  'call.net_blocked_title': 'هذه الشبكة تحجب الفيديو المباشر',
  'call.net_blocked_text': 'انتقل إلى بيانات الهاتف أو شبكة Wi-Fi أخرى. إن كنت تستخدم VPN فأوقفه. يمكنك البدء مع ذلك والكتابة.',
  'call.net_slow_title': 'اتصالك بطيء هنا',
  'call.net_slow_text': 'اقترب من جهاز Wi-Fi أو من نافذة، أو بدّل بين Wi-Fi وبيانات الهاتف. يمكنك البدء مع ذلك.',
};
