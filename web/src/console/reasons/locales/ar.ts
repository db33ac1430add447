/** The words of the page for the form’s reasons, in Arabic. */
import type { Translation } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsAr: Translation<typeof reasonsEn> = {
  'reasons.title': 'الأسباب في النموذج',
  'reasons.intro': 'ما الأسباب التي يمكن للمشتري اختيارها، وبأي كلمات. والفئة التي ليست لها أسباب خاصة تعرض ما هو محدَّد لكل ما عداها.',
  'reasons.failed': 'تعذّر تحميل الأسباب',
  'reasons.category': 'الفئة',
  'reasons.all': 'كل ما عداها',
  'reasons.new': 'فئة أخرى',
  'reasons.new_name': 'اسم الفئة كما يرد في طلباتك',
  'reasons.add': 'إضافة',
  'reasons.offered': 'عرض «{reason}»',
  'reasons.words': 'كلماتك الخاصة لـ «{reason}»',
  'reasons.shipped': 'إن تُرك فارغًا: الكلمات الأصلية',
  'reasons.up': 'نقل «{reason}» إلى أعلى',
  'reasons.needed': 'اعرض سببًا واحدًا على الأقل.',
  'reasons.save': 'حفظ',
  'reasons.saved': 'تم الحفظ. يعرض النموذج هذه الأسباب من الآن.',
  'reasons.drop': 'العودة إلى أسباب كل ما عداها',
  'reasons.dropped': 'لم تعد لهذه الفئة أسباب خاصة بها.',
  'reasons.undo': 'تراجع',
};
