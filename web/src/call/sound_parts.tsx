/** The late part of a call's sound, as one file to load. */
import './sound.css';

export { SoundPrompts } from './sound_prompts';
export { SoundSheet } from './sound_sheet';
