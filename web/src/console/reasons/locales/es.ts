import type { Translation } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsEs: Translation<typeof reasonsEn> = {
  'reasons.title': 'Motivos del formulario',
  'reasons.intro': 'Qué motivos puede elegir el comprador y con qué palabras. Una categoría sin motivos propios ofrece los que valen para todo lo demás.',
  'reasons.failed': 'No se han podido cargar los motivos',
  'reasons.category': 'Categoría',
  'reasons.all': 'Todo lo demás',
  'reasons.new': 'Otra categoría',
  'reasons.new_name': 'Nombre de la categoría, tal como figura en sus pedidos',
  'reasons.add': 'Añadir',
  'reasons.offered': 'Ofrecer «{reason}»',
  'reasons.words': 'Palabras propias para «{reason}»',
  'reasons.shipped': 'Vacío: las palabras incluidas',
  'reasons.up': 'Subir «{reason}»',
  'reasons.needed': 'Ofrezca al menos un motivo.',
  'reasons.save': 'Guardar',
  'reasons.saved': 'Guardado. El formulario los ofrece desde ahora.',
  'reasons.drop': 'Volver a todo lo demás',
  'reasons.dropped': 'Esta categoría ya no tiene motivos propios.',
  'reasons.undo': 'Deshacer',
};
