/** What helps a weak connection, in Spanish; loaded when it is needed. */
import type { Help } from '../help_words';

export const help: Record<Help, string> = {
  own_weak: 'Su conexión es débil. Su imagen sigue nítida, pero se mueve menos. Acérquese al wifi para mejorarla.',
  own_stills: 'Su conexión es muy débil. Le oyen y ven más o menos una imagen por segundo. Acérquese al wifi o cambie entre wifi y datos móviles.',
  own_down: 'Su conexión es débil y lo que ve puede llegar con retraso. Acérquese al wifi para mejorarla.',
  own_thinned: 'Su conexión es muy débil. Oye todo y ve una imagen nueva cada pocos segundos. Acérquese al wifi o cambie entre wifi y datos móviles.',
  other_weak: 'La conexión de {name} es débil. La imagen sigue nítida, pero se mueve menos.',
  other_stills: 'La conexión de {name} es muy débil. Verá más o menos una imagen por segundo; el sonido va primero.',
  other_thinned: 'La conexión de {name} es muy débil: le oye y ve una imagen nueva cada pocos segundos. Mantenga el artículo quieto un momento.',
};
