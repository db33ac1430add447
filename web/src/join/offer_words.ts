/** What an offer says, in every language of the buyer's pages. */
import { ownWords } from '../base/text';

const en = {
  discount_text: 'You keep the item, and the money comes back the way you paid.',
  discount_yes: 'Keep it and take the money',
  spare_part_text: 'You keep the item, and we send you the part within a working day.',
  spare_part_yes: 'Send me the part',
  guidance_text: 'You keep the item, and we write to you within a working day. You can still object afterwards.',
  guidance_yes: 'Help me with instructions',
  no: 'No, thank you',
  failed: 'That did not get through. Please try again.',
} as const;
type Words = Record<keyof typeof en, string>;

const zh: Words = {
  discount_text: '商品归您，款项将按原支付方式退回。',
  discount_yes: '留下商品并接受退款',
  spare_part_text: '商品归您，我们会在一个工作日内寄出配件。',
  spare_part_yes: '请寄配件给我',
  guidance_text: '商品归您，我们会在一个工作日内给您写信。之后您仍可提出异议。',
  guidance_yes: '请给我操作指导',
  no: '不用了，谢谢',
  failed: '没有发送成功，请再试一次。',
};

const es: Words = {
  discount_text: 'Se queda con el artículo y recibe el dinero por el mismo medio con el que pagó.',
  discount_yes: 'Quedármelo y recibir el dinero',
  spare_part_text: 'Se queda con el artículo y le enviamos la pieza en un día laborable.',
  spare_part_yes: 'Envíenme la pieza',
  guidance_text: 'Se queda con el artículo y le escribimos en un día laborable. Después todavía puede reclamar.',
  guidance_yes: 'Ayúdenme con instrucciones',
  no: 'No, gracias',
  failed: 'No se ha enviado. Inténtelo de nuevo, por favor.',
};

const de: Words = {
  discount_text: 'Sie behalten den Artikel, und das Geld kommt auf dem Weg zurück, auf dem Sie bezahlt haben.',
  discount_yes: 'Behalten und Geld nehmen',
  spare_part_text: 'Sie behalten den Artikel, und wir schicken Ihnen das Teil innerhalb eines Werktags.',
  spare_part_yes: 'Schicken Sie mir das Teil',
  guidance_text: 'Sie behalten den Artikel, und wir schreiben Ihnen innerhalb eines Werktags. Widersprechen können Sie danach immer noch.',
  guidance_yes: 'Helfen Sie mir mit einer Anleitung',
  no: 'Nein, danke',
  failed: 'Das kam nicht an. Bitte versuchen Sie es noch einmal.',
};

const ar: Words = {
  discount_text: 'تحتفظ بالمنتج، ويعود إليك المبلغ بالطريقة التي دفعت بها.',
  discount_yes: 'أحتفظ به وأستلم المبلغ',
  spare_part_text: 'تحتفظ بالمنتج، ونرسل إليك القطعة خلال يوم عمل.',
  spare_part_yes: 'أرسلوا إليّ القطعة',
  guidance_text: 'تحتفظ بالمنتج، ونكتب إليك خلال يوم عمل. ويمكنك الاعتراض بعد ذلك أيضًا.',
  guidance_yes: 'ساعدوني بالإرشادات',
  no: 'لا، شكرًا',
  failed: 'لم يصل ذلك. حاول مرة أخرى من فضلك.',
};

export const to = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
