/** The tenant's reply scripts as the editor holds them. Pure but for asking the server. */
import { call, get, post, put, putIfStill } from '../../base/api';
import type { Scene } from '../scripts';

export interface Reply {
  readonly name: string;
  readonly scene: Scene;
  readonly locale: string;
  readonly title: string;
  readonly words: string;
  /** The tenant's own, not as it was shipped. */
  readonly own: boolean;
}

export type Draft = Omit<Reply, 'own'>;

const NAME = /^[a-z0-9_]{1,60}$/;

export function nameIsWrong(name: string): boolean {
  return !NAME.test(name);
}

export function placeOf(reply: Pick<Reply, 'name' | 'locale'>): string {
  return `${reply.name}.${reply.locale}`;
}

/** By scene as the server has them, those of one language that contain all words. */
export function found(replies: readonly Reply[], words: string, scene: Scene | '', locale: string): Reply[] {
  const wanted = words.toLowerCase().split(/\s+/);
  return replies.filter((one) => (scene === '' || one.scene === scene) && one.locale === locale && wanted.every((word) => `${one.title} ${one.words}`.toLowerCase().includes(word)));
}

export function differs(draft: Draft, reply: Reply | null): boolean {
  if (reply === null) return draft.title.trim() !== '' || draft.words.trim() !== '';
  return draft.title !== reply.title || draft.words !== reply.words || draft.scene !== reply.scene;
}

const pathOf = ({ name, locale }: Pick<Reply, 'name' | 'locale'>): string => `/api/v1/scripts/${encodeURIComponent(name)}/${encodeURIComponent(locale)}`;

export const readReplies = async (): Promise<readonly Reply[]> => (await get<{ items: Reply[] }>('/api/v1/scripts')).items;
const bodyOf = (draft: Draft) => ({ scene: draft.scene, title: draft.title.trim(), words: draft.words.trim() });
export const saveReply = (draft: Draft): Promise<void> => put(pathOf(draft), bodyOf(draft));
/** As `saveReply`, if nobody else changed it since it was read. */
export const changeReply = (before: Reply | null, draft: Draft): Promise<void> => putIfStill(pathOf(draft), before, bodyOf(draft));
export const dropReply = (reply: Reply): Promise<void> => call('DELETE', pathOf(reply));
export const previewIn = (caseId: string, words: string): Promise<{ words: string; empty: string[] }> => post(`/api/v1/cases/${encodeURIComponent(caseId)}/script-preview`, { words });
