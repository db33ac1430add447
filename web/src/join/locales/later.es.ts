/** The buyer in the queue and in the call, in Spanish. */
import type { Translation } from '../../base/text';
import { callEs } from '../../call/locales/es';
import type { laterEn } from './later.en';

export const laterEs: Translation<typeof laterEn> = {
  ...callEs,
  'join.waiting_title': 'Está en la cola',
  'join.waiting_next': 'Es su turno',
  'join.waiting_position': 'Número {position} en la cola',
  'join.waiting_wait': 'Tiempo aproximado: {wait}. Se conectará solo: basta con dejar esta página abierta.',
  'join.waiting_unknown': 'Se conectará solo en cuanto haya alguien libre. Basta con dejar esta página abierta.',
  'join.waiting_nobody': 'Ahora mismo no hay nadie. Deje esta página abierta o vuelva más tarde con el mismo enlace.',
  'join.held_title': 'Su inspector ya está aquí',
  'join.held_text': 'Un momento, le estamos conectando.',
  'join.waiting_write': 'Escribir algo ya',
  'join.leave_queue': 'Salir',
  'join.connecting_to': 'Conectándole con {name}…',
  'join.call_with': 'Llamada con {name}',
  'join.picture_of': 'Imagen de {name}',
  'join.finding_from': '{name} anota:',
  'join.finding_question': '¿Está de acuerdo?',
  'join.agree': 'De acuerdo',
  'join.disagree': 'No estoy de acuerdo',
  'join.add_note': 'Añadir una nota',
  'join.note_label': 'Su nota',
  'join.hang_up_title': '¿Terminar la llamada?',
  'join.hang_up_text': 'Puede volver con el mismo enlace mientras su inspector siga ahí.',
  'join.hang_up_yes': 'Terminar',
  'join.hang_up_no': 'Quedarme',
  'join.host_left_title': 'Su inspector ha tenido que ausentarse',
  'join.host_left_text': 'Conserva su sitio en la cola.',
};
