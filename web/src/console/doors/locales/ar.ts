/** What the links from mails say, in Arabic. */
import { baseAr } from '../../../base/locales/ar';
import type { Translation } from '../../../base/text';
import type { doorEn } from './en';

export const doorAr: Translation<typeof doorEn> = {
  ...baseAr,
  'door.invited': 'مرحبًا بك في {organisation}',
  'door.invited_hint': 'اختر كيف تسجّل الدخول. عنوانك هو {email}.',
  'door.name': 'اسمك',
  'door.password': 'كلمة مرور جديدة',
  'door.password_hint': '10 أحرف على الأقل. أربع كلمات متتالية يسهل حفظها ويصعب تخمينها.',
  'door.weak': 'كلمة المرور هذه سهلة التخمين. استخدم 10 أحرف على الأقل، لا اسمك ولا صفًا من المفاتيح.',
  'door.taken': 'يسجّل شخص ما الدخول بهذا العنوان بالفعل. سجّل الدخول أو اطلب كلمة مرور جديدة.',
  'door.accept': 'انضمام',
  'door.ready': 'يمكنك تسجيل الدخول الآن',
  'door.ready_hint': 'بالعنوان {email} وكلمة المرور التي اخترتها للتو.',
  'door.to_console': 'إلى تسجيل الدخول',
  'door.over': 'لم يعد هذا الرابط يعمل',
  'door.over_hint': 'استُخدم أو سُحب أو صار قديمًا. اطلب رابطًا جديدًا.',
  'door.forgot': 'تعيين كلمة مرور جديدة',
  'door.forgot_hint': 'أدخل العنوان الذي تسجّل الدخول به. نرسل رابطًا يعمل 30 دقيقة.',
  'door.send': 'إرسال الرابط',
  'door.sent': 'انظر في بريدك',
  'door.sent_hint': 'إن كان شخص يسجّل الدخول بهذا العنوان فالرابط في الطريق. إن لم يصل شيء فاطلب رابطًا من مشرف.',
  'door.reset': 'اختر كلمة مرور جديدة',
  'door.reset_hint': 'سيُسجَّل خروجك من كل مكان سجّلت الدخول فيه.',
  'door.save': 'حفظ كلمة المرور',
  'door.changed': 'تغيّرت كلمة مرورك',
  'door.changed_hint': 'سجّل الدخول بالجديدة.',
};
