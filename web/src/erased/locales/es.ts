/** What is said of an erased case, in Spanish. */
import type { Translation } from '../../base/text';
import type { erasedEn } from './en';

export const erasedEs: Translation<typeof erasedEn> = {
  'erased.title': 'Este caso se ha borrado',
  'erased.order': 'Pedido {number}',
  'erased.by': 'Borrado el {when} por {name}',
  'erased.by_rule': 'Borrado el {when}, al terminar su plazo de conservación',
  'erased.because': 'Motivo',
  'erased.kept_days': { one: 'Su regla conserva un caso {count} día después de cerrarse.', other: 'Su regla conserva un caso {count} días después de cerrarse.' },
  'erased.under_way': 'Se está borrando ahora mismo. Ya nadie puede abrirlo.',
  'erased.unreadable': 'Sus claves se destruyeron el {when}. Nadie puede volver a leerlo y ninguna copia de seguridad lo recupera.',
  'erased.taken': 'Lo que se ha quitado',
  'erased.taken_none': 'No había nada guardado.',
  'erased.count.sessions': { one: '{count} inspección', other: '{count} inspecciones' },
  'erased.count.recordings': { one: '{count} grabación', other: '{count} grabaciones' },
  'erased.count.stills': { one: '{count} foto', other: '{count} fotos' },
  'erased.count.attachments': { one: '{count} archivo adjunto', other: '{count} archivos adjuntos' },
  'erased.count.labels': { one: '{count} etiqueta', other: '{count} etiquetas' },
  'erased.count.packages': { one: '{count} paquete de pruebas', other: '{count} paquetes de pruebas' },
  'erased.count.copies': { one: '{count} copia para mostrar', other: '{count} copias para mostrar' },
  'erased.count.log_entries': { one: 'las palabras de {count} entrada del registro', other: 'las palabras de {count} entradas del registro' },
  'erased.count.mails': { one: '{count} correo', other: '{count} correos' },
  'erased.count.objects': { one: '{count} archivo del almacén', other: '{count} archivos del almacén' },
  'erased.media': '{size} de imagen y sonido',
  'erased.done': 'El almacén borró el último archivo el {when}.',
  'erased.deleting': { one: 'Aún se está borrando {count} archivo del almacén. Ya es ilegible.', other: 'Aún se están borrando {count} archivos del almacén. Ya son ilegibles.' },
  'erased.retained': { one: 'El almacén aún bloquea {count} archivo. Es ilegible y se borra cuando termine el bloqueo; lo intentamos cada día.', other: 'El almacén aún bloquea {count} archivos. Son ilegibles y se borran cuando termine el bloqueo; lo intentamos cada día.' },
  'erased.stays': 'Lo que queda',
  'erased.stays_words': 'Las huellas de lo que se selló. No dicen nada de nadie; un paquete anterior aún puede comprobarse con ellas.',
  'erased.stays_none': 'No se había sellado nada.',
  'erased.manifest': 'Manifiesto {number} de {session}',
};
