/** What the links from mails say, in English. */
import { baseEn } from '../../../base/locales/en';

export const doorEn = {
  ...baseEn,
  'door.invited': 'Welcome to {organisation}',
  'door.invited_hint': 'Choose how you sign in. Your address is {email}.',
  'door.name': 'Your name',
  'door.password': 'New password',
  'door.password_hint': 'At least 10 characters. Four words in a row are easy to keep and hard to guess.',
  'door.weak': 'That password is too easy to guess. Take at least 10 characters, not your name or a row of keys.',
  'door.taken': 'Somebody signs in with this address already. Sign in, or ask for a new password.',
  'door.accept': 'Join',
  'door.ready': 'You can sign in now',
  'door.ready_hint': 'With {email} and the password you have just chosen.',
  'door.to_console': 'Go to sign-in',
  'door.over': 'This link no longer works',
  'door.over_hint': 'It was used, taken back, or is too old. Ask for a new one.',
  'door.forgot': 'Set a new password',
  'door.forgot_hint': 'Enter the address you sign in with. We send a link that works for 30 minutes.',
  'door.send': 'Send the link',
  'door.sent': 'Look into your mail',
  'door.sent_hint': 'If somebody signs in with this address, the link is on its way. If nothing comes, ask an admin for a link.',
  'door.reset': 'Choose a new password',
  'door.reset_hint': 'Everywhere you are signed in, you will be signed out.',
  'door.save': 'Save password',
  'door.changed': 'Your password is changed',
  'door.changed_hint': 'Sign in with the new one.',
} as const;
