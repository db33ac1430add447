/** The late part of a call's sound, as one file to load. */
export { SoundPrompts } from './sound_prompts';
export { SoundSheet } from './sound_sheet';
