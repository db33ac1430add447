/** The words of the buyer's own data, in every language: they arrive with them. */
import { ownWords, type Translation } from '../base/text';

const en = {
  'data.title': 'Your data',
  'data.words': 'Everything that is kept about you in this return, as one file: details, messages, pictures, consents, and who looked.',
  'data.order': 'Gather my data',
  'data.making': 'Your data are being gathered: {percent} %',
  'data.fetch': 'Save my data ({size} MB, {date})',
  'data.kept_until': 'Kept until {date}, then deleted.',
  'data.expired': 'The file of {date} was kept for a week and is deleted. Order it again if you need it.',
  'data.failed': 'That did not work. Please try again.',
  'data.enough': 'You have asked for this often today. Please come back tomorrow.',
} as const;

const zh: Translation<typeof en> = {
  'data.title': '您的数据',
  'data.words': '本次退货中保存的有关您的全部内容，一个文件：资料、消息、图片、同意记录以及谁查看过。',
  'data.order': '整理我的数据',
  'data.making': '正在整理您的数据：{percent}%',
  'data.fetch': '保存我的数据（{size} MB，{date}）',
  'data.kept_until': '保存至 {date}，之后删除。',
  'data.expired': '{date} 的文件已保存一周并被删除。如需要请重新索取。',
  'data.failed': '未成功，请重试。',
  'data.enough': '您今天已多次请求，请明天再来。',
};

const es: Translation<typeof en> = {
  'data.title': 'Sus datos',
  'data.words': 'Todo lo que se guarda sobre usted en esta devolución, en un archivo: datos, mensajes, imágenes, consentimientos y quién miró.',
  'data.order': 'Reunir mis datos',
  'data.making': 'Se están reuniendo sus datos: {percent} %',
  'data.fetch': 'Guardar mis datos ({size} MB, {date})',
  'data.kept_until': 'Se conserva hasta {date}; después se borra.',
  'data.expired': 'El archivo de {date} se conservó una semana y se ha borrado. Vuelva a pedirlo si lo necesita.',
  'data.failed': 'No ha funcionado. Inténtelo de nuevo.',
  'data.enough': 'Hoy ya los ha pedido varias veces. Vuelva mañana.',
};

const de: Translation<typeof en> = {
  'data.title': 'Ihre Daten',
  'data.words': 'Alles, was zu dieser Rücksendung über Sie gespeichert ist, in einer Datei: Angaben, Nachrichten, Bilder, Einwilligungen und wer hineingesehen hat.',
  'data.order': 'Meine Daten zusammenstellen',
  'data.making': 'Ihre Daten werden zusammengestellt: {percent} %',
  'data.fetch': 'Meine Daten sichern ({size} MB, {date})',
  'data.kept_until': 'Aufbewahrt bis {date}, dann gelöscht.',
  'data.expired': 'Die Datei vom {date} wurde eine Woche aufbewahrt und ist gelöscht. Bestellen Sie sie neu, wenn Sie sie brauchen.',
  'data.failed': 'Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.',
  'data.enough': 'Sie haben heute schon mehrmals danach gefragt. Bitte kommen Sie morgen wieder.',
};

const ar: Translation<typeof en> = {
  'data.title': 'بياناتك',
  'data.words': 'كل ما هو محفوظ عنك في هذا الإرجاع في ملف واحد: التفاصيل والرسائل والصور والموافقات ومن اطّلع عليها.',
  'data.order': 'جمع بياناتي',
  'data.making': 'جارٍ جمع بياناتك: {percent}٪',
  'data.fetch': 'حفظ بياناتي ({size} م.ب، {date})',
  'data.kept_until': 'يُحفظ حتى {date} ثم يُحذف.',
  'data.expired': 'حُفظ ملف {date} أسبوعًا ثم حُذف. اطلبه من جديد إن احتجت إليه.',
  'data.failed': 'لم ينجح ذلك. يُرجى المحاولة مرة أخرى.',
  'data.enough': 'طلبت ذلك عدة مرات اليوم. يُرجى العودة غدًا.',
};

export const d = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
