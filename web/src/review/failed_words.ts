/** How far a part or a copy is that is not there, in words. */
import { t } from './text';

const KNOWN = {
  nothing_sealed: 'part.not_sealed',
  nothing_recorded: 'part.not_recorded',
  no_picture: 'copy.no_picture',
  not_drawable: 'copy.not_drawable',
  too_large: 'copy.too_large',
  bucket_refused: 'made.bucket_refused',
} as const;

export interface Ordered {
  readonly state: 'waiting' | 'wanted' | 'ready' | 'failed';
  readonly failure: string | null;
}

export const isUnderWay = (one: Ordered): boolean => one.state === 'waiting' || one.state === 'wanted';

export function progressWords(one: Ordered, percent: number, otherwise: 'part.not_made' | 'copy.not_made'): string {
  if (one.state === 'waiting') return t('part.waiting');
  if (one.state === 'wanted') return t('part.making', { percent: String(percent) });
  return one.state === 'failed' ? failedWords(one.failure, otherwise) : '';
}

function failedWords(failure: string | null, otherwise: 'part.not_made' | 'copy.not_made'): string {
  return t(Object.entries(KNOWN).find(([code]) => code === failure)?.[1] ?? otherwise);
}
