/** The buyer in the queue and in the call, in Arabic. */
import { callAr } from '../../call/locales/ar';
import type { Translation } from '../../base/text';
import type { laterEn } from './later.en';

export const laterAr: Translation<typeof laterEn> = {
  ...callAr,
  'join.waiting_title': 'أنت في قائمة الانتظار',
  'join.waiting_next': 'أنت التالي',
  'join.waiting_position': 'رقمك في الانتظار {position}',
  'join.waiting_wait': 'نحو {wait}. تُوصل تلقائيًا: أبقِ هذه الصفحة مفتوحة فقط.',
  'join.waiting_unknown': 'تُوصل تلقائيًا فور توفر أحد. أبقِ هذه الصفحة مفتوحة فقط.',
  'join.waiting_nobody': 'لا أحد في المكتب الآن. أبقِ هذه الصفحة مفتوحة أو عد لاحقًا بالرابط نفسه.',
  'join.held_title': 'المفتش هنا',
  'join.held_text': 'لحظة، يجري توصيلك.',
  'join.waiting_write': 'كتابة رسالة',
  'join.leave_queue': 'مغادرة',
  'join.connecting_to': 'جارٍ توصيلك مع {name}…',
  'join.call_with': 'مكالمة مع {name}',
  'join.picture_of': 'صورة {name}',
  'join.finding_from': 'يلاحظ {name}:',
  'join.finding_question': 'هل توافق؟',
  'join.agree': 'أوافق',
  'join.disagree': 'لا أوافق',
  'join.add_note': 'إضافة ملاحظة',
  'join.note_label': 'ملاحظتك',
  'join.hang_up_title': 'هل تريد إنهاء المكالمة؟',
  'join.hang_up_text': 'يمكنك العودة بالرابط نفسه ما دام المفتش هناك.',
  'join.hang_up_yes': 'إنهاء المكالمة',
  'join.hang_up_no': 'البقاء',
  'join.host_left_title': 'اضطر المفتش إلى المغادرة',
  'join.host_left_text': 'تحتفظ بمكانك في قائمة الانتظار.',
};
