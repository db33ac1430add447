/** What the appointment's part says, in every language of the buyer's page. */
import { ownWords } from '../base/text';

const en = {
  title: 'Or choose a time',
  text: 'We call about the return at a time that suits you. Times are in your time zone ({zone}).',
  booked_title: 'Your call is booked',
  booked_text: '{when} ({zone}). Open this same link then.',
  now: 'It is time: tap the button below.',
  calendar: 'Add to my calendar',
  move: 'Choose another time',
  cancel: 'Cancel the call',
  cancel_title: 'Cancel this call?',
  cancel_text: 'Somebody else can then have this time. You can book again with the same link.',
  keep: 'Keep it',
  other_days: 'More times',
  none: 'There are no free times in the next days. You can join now and wait, or look again later.',
  taken: 'Somebody was faster: this time is gone. Please choose another.',
  failed: 'That did not work. Check your connection and try again.',
} as const;

const zh: Record<keyof typeof en, string> = {
  title: '或者选择一个时间',
  text: '我们在您方便的时间与您视频沟通退货事宜。所示为您所在时区的时间({zone})。',
  booked_title: '通话已预约',
  booked_text: '{when}({zone})。届时请打开同一个链接。',
  now: '时间到了:请点击下方按钮。',
  calendar: '添加到我的日历',
  move: '换一个时间',
  cancel: '取消通话',
  cancel_title: '要取消这次通话吗?',
  cancel_text: '取消后,这个时间会让给其他人。您可以用同一个链接重新预约。',
  keep: '保留',
  other_days: '更多时间',
  none: '最近几天没有空闲时间。您可以现在加入并等候,或稍后再来看看。',
  taken: '有人抢先一步,这个时间已被预约。请另选一个。',
  failed: '操作没有成功。请检查网络后重试。',
};

const es: Record<keyof typeof en, string> = {
  title: 'O elija una hora',
  text: 'Hablamos de la devolución cuando le venga bien. Las horas están en su zona horaria ({zone}).',
  booked_title: 'Su llamada está reservada',
  booked_text: '{when} ({zone}). Abra entonces este mismo enlace.',
  now: 'Ya es la hora: toque el botón de abajo.',
  calendar: 'Añadir a mi calendario',
  move: 'Elegir otra hora',
  cancel: 'Cancelar la llamada',
  cancel_title: '¿Cancelar esta llamada?',
  cancel_text: 'Otra persona podrá usar esta hora. Puede volver a reservar con el mismo enlace.',
  keep: 'Mantenerla',
  other_days: 'Más horas',
  none: 'No hay horas libres en los próximos días. Puede entrar ahora y esperar, o volver a mirar más tarde.',
  taken: 'Alguien se ha adelantado: esta hora ya no está libre. Elija otra.',
  failed: 'No ha funcionado. Compruebe su conexión e inténtelo de nuevo.',
};

const de: Record<keyof typeof en, string> = {
  title: 'Oder wählen Sie eine Zeit',
  text: 'Wir sprechen über die Rückgabe, wann es Ihnen passt. Die Zeiten gelten in Ihrer Zeitzone ({zone}).',
  booked_title: 'Ihr Anruf ist gebucht',
  booked_text: '{when} ({zone}). Öffnen Sie dann denselben Link.',
  now: 'Es ist so weit: Tippen Sie unten auf die Schaltfläche.',
  calendar: 'In meinen Kalender',
  move: 'Andere Zeit wählen',
  cancel: 'Anruf absagen',
  cancel_title: 'Diesen Anruf absagen?',
  cancel_text: 'Die Zeit wird dann für andere frei. Mit demselben Link können Sie neu buchen.',
  keep: 'Behalten',
  other_days: 'Weitere Zeiten',
  none: 'In den nächsten Tagen ist keine Zeit frei. Sie können jetzt beitreten und warten oder später wieder nachsehen.',
  taken: 'Jemand war schneller: Diese Zeit ist vergeben. Bitte wählen Sie eine andere.',
  failed: 'Das hat nicht geklappt. Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.',
};

const ar: Record<keyof typeof en, string> = {
  title: 'أو اختر موعدًا',
  text: 'نتصل بشأن المرتجع في وقت يناسبك. الأوقات بتوقيت منطقتك ({zone}).',
  booked_title: 'حُجزت مكالمتك',
  booked_text: '{when} ({zone}). افتح حينها هذا الرابط نفسه.',
  now: 'حان الوقت: المس الزر أدناه.',
  calendar: 'إضافة إلى تقويمي',
  move: 'اختيار وقت آخر',
  cancel: 'إلغاء المكالمة',
  cancel_title: 'هل تريد إلغاء هذه المكالمة؟',
  cancel_text: 'يصبح هذا الوقت متاحًا لغيرك. يمكنك الحجز مرة أخرى بالرابط نفسه.',
  keep: 'إبقاؤها',
  other_days: 'أوقات أخرى',
  none: 'لا أوقات متاحة في الأيام القادمة. يمكنك الدخول الآن والانتظار، أو المحاولة لاحقًا.',
  taken: 'سبقك شخص آخر: لم يعد هذا الوقت متاحًا. اختر وقتًا آخر.',
  failed: 'لم ينجح ذلك. تحقق من اتصالك وحاول مرة أخرى.',
};

export const ta = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
