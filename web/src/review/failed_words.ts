/** Why a part or a copy could not be made, in words. */
import { t } from './text';

const KNOWN = {
  nothing_sealed: 'part.not_sealed',
  nothing_recorded: 'part.not_recorded',
  no_picture: 'copy.no_picture',
  too_large: 'copy.too_large',
  bucket_refused: 'made.bucket_refused',
} as const;

export function failedWords(failure: string | null, otherwise: 'part.not_made' | 'copy.not_made'): string {
  return t(Object.entries(KNOWN).find(([code]) => code === failure)?.[1] ?? otherwise);
}
