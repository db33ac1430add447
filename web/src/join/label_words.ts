/** The words around the label's code, in every language: they arrive with it. */
import { ownWords, type Translation } from '../base/text';

const en = {
  'label.title': 'No printer?',
  'label.number': 'Many shops print the label for you: show this code there. It holds the number of your parcel.',
  'label.link': 'Many shops print the label for you: show this code there. It opens your label.',
  'label.code': 'Your label as a code to scan',
} as const;

const zh: Translation<typeof en> = {
  'label.title': '没有打印机？',
  'label.number': '许多网点可以代打面单：请在那里出示此码。码中是您的包裹单号。',
  'label.link': '许多网点可以代打面单：请在那里出示此码。扫码即可打开您的面单。',
  'label.code': '可扫描的面单码',
};

const es: Translation<typeof en> = {
  'label.title': '¿Sin impresora?',
  'label.number': 'En muchas tiendas le imprimen la etiqueta: muestre allí este código. Contiene el número de su paquete.',
  'label.link': 'En muchas tiendas le imprimen la etiqueta: muestre allí este código. Abre su etiqueta.',
  'label.code': 'Su etiqueta como código para escanear',
};

const de: Translation<typeof en> = {
  'label.title': 'Kein Drucker?',
  'label.number': 'Viele Annahmestellen drucken das Etikett für Sie: Zeigen Sie dort diesen Code. Er enthält die Nummer Ihres Pakets.',
  'label.link': 'Viele Annahmestellen drucken das Etikett für Sie: Zeigen Sie dort diesen Code. Er öffnet Ihr Etikett.',
  'label.code': 'Ihr Etikett als Code zum Scannen',
};

const ar: Translation<typeof en> = {
  'label.title': 'ليست لديك طابعة؟',
  'label.number': 'تطبع متاجر كثيرة الملصق لك: أظهر هذا الرمز هناك. وهو يحمل رقم طردك.',
  'label.link': 'تطبع متاجر كثيرة الملصق لك: أظهر هذا الرمز هناك. وهو يفتح ملصقك.',
  'label.code': 'ملصقك كرمز للمسح',
};

export const l = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
