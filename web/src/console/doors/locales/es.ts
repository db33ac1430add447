/** What the links from mails say, in another language. */
import { baseEs } from '../../../base/locales/es';
import type { Translation } from '../../../base/text';
import type { doorEn } from './en';

export const doorEs: Translation<typeof doorEn> = {
  ...baseEs,
  'door.invited': 'Le damos la bienvenida a {organisation}',
  'door.invited_hint': 'Elija cómo entrar. Su dirección es {email}.',
  'door.name': 'Su nombre',
  'door.password': 'Contraseña nueva',
  'door.password_hint': 'Al menos 10 caracteres. Cuatro palabras seguidas son fáciles de recordar y difíciles de adivinar.',
  'door.weak': 'Esa contraseña es demasiado fácil. Use al menos 10 caracteres, no su nombre ni una fila de teclas.',
  'door.taken': 'Alguien ya entra con esta dirección. Inicie sesión o pida una contraseña nueva.',
  'door.accept': 'Unirse',
  'door.ready': 'Ya puede iniciar sesión',
  'door.ready_hint': 'Con {email} y la contraseña que acaba de elegir.',
  'door.to_console': 'Ir a iniciar sesión',
  'door.over': 'Este enlace ya no sirve',
  'door.over_hint': 'Se ha usado, se ha retirado o es demasiado antiguo. Pida uno nuevo.',
  'door.forgot': 'Crear una contraseña nueva',
  'door.forgot_hint': 'Escriba la dirección con la que entra. Le enviamos un enlace que sirve 30 minutos.',
  'door.send': 'Enviar el enlace',
  'door.sent': 'Mire su correo',
  'door.sent_hint': 'Si alguien entra con esta dirección, el enlace está en camino. Si no llega nada, pida un enlace a un administrador.',
  'door.reset': 'Elija una contraseña nueva',
  'door.reset_hint': 'Se cerrará su sesión en todos los dispositivos.',
  'door.save': 'Guardar contraseña',
  'door.changed': 'Su contraseña ha cambiado',
  'door.changed_hint': 'Inicie sesión con la nueva.',
};
