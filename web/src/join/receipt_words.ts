/** The words of the receipt, in every language: they arrive with it, after the call. */
import { ownWords, type Translation } from '../base/text';

const en = {
  'receipt.title': 'Your receipt of the recording',
  'receipt.words': 'Keep it. With it anybody can check later that the recording of this call was not changed.',
  'receipt.code': 'The receipt as a code to scan',
  'receipt.sealed': 'Sealed on {date}.',
  'receipt.keep': 'Save the receipt',
  'receipt.waits': 'Your receipt is being made…',
} as const;

const zh: Translation<typeof en> = {
  'receipt.title': '您的录像回执',
  'receipt.words': '请妥善保存。凭此回执，任何人日后都可以核验本次通话的录像未被更改。',
  'receipt.code': '可扫描的回执码',
  'receipt.sealed': '封存于 {date}。',
  'receipt.keep': '保存回执',
  'receipt.waits': '正在生成您的回执…',
};

const es: Translation<typeof en> = {
  'receipt.title': 'Su recibo de la grabación',
  'receipt.words': 'Guárdelo. Con él, cualquiera podrá comprobar más adelante que la grabación de esta llamada no se ha modificado.',
  'receipt.code': 'El recibo como código para escanear',
  'receipt.sealed': 'Sellado el {date}.',
  'receipt.keep': 'Guardar el recibo',
  'receipt.waits': 'Se está preparando su recibo…',
};

const de: Translation<typeof en> = {
  'receipt.title': 'Ihr Beleg der Aufnahme',
  'receipt.words': 'Bewahren Sie ihn auf. Damit kann jeder später prüfen, dass die Aufnahme dieses Gesprächs nicht verändert wurde.',
  'receipt.code': 'Der Beleg als Code zum Scannen',
  'receipt.sealed': 'Versiegelt am {date}.',
  'receipt.keep': 'Beleg sichern',
  'receipt.waits': 'Ihr Beleg wird erstellt …',
};

const ar: Translation<typeof en> = {
  'receipt.title': 'إيصال التسجيل الخاص بك',
  'receipt.words': 'احتفظ به. به يستطيع أي شخص أن يتحقق لاحقًا من أن تسجيل هذه المكالمة لم يتغيّر.',
  'receipt.code': 'الإيصال كرمز للمسح',
  'receipt.sealed': 'خُتم في {date}.',
  'receipt.keep': 'حفظ الإيصال',
  'receipt.waits': 'جارٍ إعداد إيصالك…',
};

export const r = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
