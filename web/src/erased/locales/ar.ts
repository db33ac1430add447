/** What is said of an erased case, in Arabic. */
import type { Translation } from '../../base/text';
import type { erasedEn } from './en';

export const erasedAr: Translation<typeof erasedEn> = {
  'erased.title': 'مُحيت هذه الحالة',
  'erased.order': 'الطلب {number}',
  'erased.by': 'مُحيت في {when} بواسطة {name}',
  'erased.by_rule': 'مُحيت في {when} عند انتهاء مدة الاحتفاظ بها',
  'erased.because': 'السبب',
  'erased.kept_days': { zero: 'تحفظ قاعدتها الحالة {count} يوم بعد إغلاقها.', one: 'تحفظ قاعدتها الحالة يومًا واحدًا ({count}) بعد إغلاقها.', two: 'تحفظ قاعدتها الحالة يومين ({count}) بعد إغلاقها.', few: 'تحفظ قاعدتها الحالة {count} أيام بعد إغلاقها.', many: 'تحفظ قاعدتها الحالة {count} يومًا بعد إغلاقها.', other: 'تحفظ قاعدتها الحالة {count} يوم بعد إغلاقها.' },
  'erased.under_way': 'يجري محوها الآن. لا يمكن لأحد فتحها بعد الآن.',
  'erased.unreadable': 'أُتلفت مفاتيحها في {when}. لا يمكن لأحد قراءة شيء منها مرة أخرى، ولا تعيدها أي نسخة احتياطية.',
  'erased.taken': 'ما أُزيل',
  'erased.taken_none': 'لم يكن هناك شيء محفوظ.',
  'erased.count.sessions': { zero: 'لا عمليات فحص ({count})', one: 'عملية فحص واحدة ({count})', two: 'عمليتا فحص ({count})', few: '{count} عمليات فحص', many: '{count} عملية فحص', other: '{count} عملية فحص' },
  'erased.count.recordings': { zero: 'لا تسجيلات ({count})', one: 'تسجيل واحد ({count})', two: 'تسجيلان ({count})', few: '{count} تسجيلات', many: '{count} تسجيلًا', other: '{count} تسجيل' },
  'erased.count.stills': { zero: 'لا صور ({count})', one: 'صورة واحدة ({count})', two: 'صورتان ({count})', few: '{count} صور', many: '{count} صورة', other: '{count} صورة' },
  'erased.count.attachments': { zero: 'لا مرفقات ({count})', one: 'مرفق واحد ({count})', two: 'مرفقان ({count})', few: '{count} مرفقات', many: '{count} مرفقًا', other: '{count} مرفق' },
  'erased.count.labels': { zero: 'لا ملصقات ({count})', one: 'ملصق واحد ({count})', two: 'ملصقان ({count})', few: '{count} ملصقات', many: '{count} ملصقًا', other: '{count} ملصق' },
  'erased.count.packages': { zero: 'لا حزم أدلة ({count})', one: 'حزمة أدلة واحدة ({count})', two: 'حزمتا أدلة ({count})', few: '{count} حزم أدلة', many: '{count} حزمة أدلة', other: '{count} حزمة أدلة' },
  'erased.count.copies': { zero: 'لا نسخ للعرض ({count})', one: 'نسخة واحدة للعرض ({count})', two: 'نسختان للعرض ({count})', few: '{count} نسخ للعرض', many: '{count} نسخة للعرض', other: '{count} نسخة للعرض' },
  'erased.count.log_entries': { zero: 'لا كلمات في السجل ({count})', one: 'كلمات قيد واحد في السجل ({count})', two: 'كلمات قيدين في السجل ({count})', few: 'كلمات {count} قيود في السجل', many: 'كلمات {count} قيدًا في السجل', other: 'كلمات {count} قيد في السجل' },
  'erased.count.mails': { zero: 'لا رسائل بريد ({count})', one: 'رسالة بريد واحدة ({count})', two: 'رسالتا بريد ({count})', few: '{count} رسائل بريد', many: '{count} رسالة بريد', other: '{count} رسالة بريد' },
  'erased.count.objects': { zero: 'لا ملفات في المخزن ({count})', one: 'ملف واحد في المخزن ({count})', two: 'ملفان في المخزن ({count})', few: '{count} ملفات في المخزن', many: '{count} ملفًا في المخزن', other: '{count} ملف في المخزن' },
  'erased.media': '{size} من الصورة والصوت',
  'erased.done': 'حذف المخزن آخر ملف في {when}.',
  'erased.deleting': { zero: 'لا ملفات قيد الحذف ({count}).', one: 'ملف واحد ({count}) ما زال يُحذف من المخزن، وهو غير مقروء بالفعل.', two: 'ملفان ({count}) ما زالا يُحذفان من المخزن، وهما غير مقروءين بالفعل.', few: '{count} ملفات ما زالت تُحذف من المخزن، وهي غير مقروءة بالفعل.', many: '{count} ملفًا ما زالت تُحذف من المخزن، وهي غير مقروءة بالفعل.', other: '{count} ملف ما زالت تُحذف من المخزن، وهي غير مقروءة بالفعل.' },
  'erased.retained': { zero: 'لا ملفات مقفلة ({count}).', one: 'ما زال المخزن يقفل ملفًا واحدًا ({count}). لا يمكن قراءته، ويُحذف عند انتهاء القفل؛ نحاول كل يوم.', two: 'ما زال المخزن يقفل ملفين ({count}). لا يمكن قراءتهما، ويُحذفان عند انتهاء القفل؛ نحاول كل يوم.', few: 'ما زال المخزن يقفل {count} ملفات. لا يمكن قراءتها، وتُحذف عند انتهاء القفل؛ نحاول كل يوم.', many: 'ما زال المخزن يقفل {count} ملفًا. لا يمكن قراءتها، وتُحذف عند انتهاء القفل؛ نحاول كل يوم.', other: 'ما زال المخزن يقفل {count} ملف. لا يمكن قراءتها، وتُحذف عند انتهاء القفل؛ نحاول كل يوم.' },
  'erased.stays': 'ما يبقى',
  'erased.stays_words': 'بصمات ما خُتم. لا تقول شيئًا عن أي شخص، ويمكن التحقق من حزمة سابقة بمقارنتها بها.',
  'erased.stays_none': 'لم يُختم منها شيء.',
  'erased.manifest': 'البيان {number} من {session}',
};
