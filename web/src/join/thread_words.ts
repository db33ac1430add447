/** The words of the buyer's messages, in every language: they arrive when somebody opens them. */
import { ownWords, type Translation } from '../base/text';

const en = {
  'thread.title': 'Messages with {tenant}',
  'thread.none': 'Nothing has been written yet. Ask {tenant} whatever you like; the answer appears here.',
  'thread.you': 'You',
  'thread.in_call': 'In the call',
  'thread.erased': 'Erased',
  'thread.read': 'Read',
  'thread.earlier': 'Show earlier messages',
  'thread.attachments': { one: '{count} attachment', other: '{count} attachments' },
  'thread.write': 'Your message',
  'thread.send': 'Send',
  'thread.loading': 'Loading the messages',
  'thread.failed': 'The messages could not be loaded. This page tries again by itself.',
  'thread.not_sent': 'That did not get through. Your words are still here: please try again.',
  'thread.slow_down': 'That was a lot at once. Please wait a minute, then send it again.',
  'thread.other_device': 'These messages are open on the device that used the link first. Go on there.',
} as const;

const zh: Translation<typeof en> = {
  'thread.title': '与 {tenant} 的消息',
  'thread.none': '还没有消息。有任何问题都可以问 {tenant}，回复会显示在这里。',
  'thread.you': '您',
  'thread.in_call': '通话中',
  'thread.erased': '已删除',
  'thread.read': '已读',
  'thread.earlier': '查看更早的消息',
  'thread.attachments': { other: '{count} 个附件' },
  'thread.write': '您的消息',
  'thread.send': '发送',
  'thread.loading': '正在加载消息',
  'thread.failed': '消息加载失败，页面会自动重试。',
  'thread.not_sent': '没有发送成功。您写的内容还在，请再试一次。',
  'thread.slow_down': '发送得有点频繁，请等一分钟再发。',
  'thread.other_device': '消息已在最先打开链接的设备上使用，请在那台设备上继续。',
};

const es: Translation<typeof en> = {
  'thread.title': 'Mensajes con {tenant}',
  'thread.none': 'Todavía no hay mensajes. Pregunte a {tenant} lo que quiera; la respuesta aparecerá aquí.',
  'thread.you': 'Usted',
  'thread.in_call': 'En la llamada',
  'thread.erased': 'Borrado',
  'thread.read': 'Leído',
  'thread.earlier': 'Ver mensajes anteriores',
  'thread.attachments': { one: '{count} archivo adjunto', other: '{count} archivos adjuntos' },
  'thread.write': 'Su mensaje',
  'thread.send': 'Enviar',
  'thread.loading': 'Cargando los mensajes',
  'thread.failed': 'No se han podido cargar los mensajes. La página lo intenta de nuevo por sí sola.',
  'thread.not_sent': 'No se ha enviado. Su texto sigue aquí: inténtelo de nuevo, por favor.',
  'thread.slow_down': 'Han sido muchos mensajes seguidos. Espere un minuto y envíelo de nuevo.',
  'thread.other_device': 'Estos mensajes están abiertos en el dispositivo que usó el enlace primero. Continúe allí.',
};

const de: Translation<typeof en> = {
  'thread.title': 'Nachrichten mit {tenant}',
  'thread.none': 'Noch hat niemand geschrieben. Fragen Sie {tenant}, was Sie möchten; die Antwort erscheint hier.',
  'thread.you': 'Sie',
  'thread.in_call': 'Im Anruf',
  'thread.erased': 'Gelöscht',
  'thread.read': 'Gelesen',
  'thread.earlier': 'Frühere Nachrichten zeigen',
  'thread.attachments': { one: '{count} Anhang', other: '{count} Anhänge' },
  'thread.write': 'Ihre Nachricht',
  'thread.send': 'Senden',
  'thread.loading': 'Nachrichten werden geladen',
  'thread.failed': 'Die Nachrichten konnten nicht geladen werden. Die Seite versucht es von selbst wieder.',
  'thread.not_sent': 'Das kam nicht durch. Ihr Text steht noch hier: Bitte versuchen Sie es noch einmal.',
  'thread.slow_down': 'Das war viel auf einmal. Bitte warten Sie eine Minute und senden Sie es dann wieder.',
  'thread.other_device': 'Diese Nachrichten sind auf dem Gerät offen, das den Link zuerst benutzt hat. Machen Sie dort weiter.',
};

const ar: Translation<typeof en> = {
  'thread.title': 'الرسائل مع {tenant}',
  'thread.none': 'لا رسائل بعد. اسأل {tenant} ما تشاء؛ يظهر الرد هنا.',
  'thread.you': 'أنت',
  'thread.in_call': 'في المكالمة',
  'thread.erased': 'محذوفة',
  'thread.read': 'قُرئت',
  'thread.earlier': 'عرض رسائل أقدم',
  'thread.attachments': { zero: 'لا مرفقات ({count})', one: 'مرفق واحد ({count})', two: 'مرفقان ({count})', few: '{count} مرفقات', many: '{count} مرفقًا', other: '{count} مرفق' },
  'thread.write': 'رسالتك',
  'thread.send': 'إرسال',
  'thread.loading': 'جارٍ تحميل الرسائل',
  'thread.failed': 'تعذّر تحميل الرسائل. تحاول هذه الصفحة من جديد تلقائيًا.',
  'thread.not_sent': 'لم تصل الرسالة. كلماتك ما زالت هنا: حاول مرة أخرى.',
  'thread.slow_down': 'كان ذلك كثيرًا دفعة واحدة. انتظر دقيقة ثم أرسلها مرة أخرى.',
  'thread.other_device': 'هذه الرسائل مفتوحة على الجهاز الذي استخدم الرابط أولًا. تابع هناك.',
};

export const w = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
