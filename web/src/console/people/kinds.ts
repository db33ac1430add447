/** What the server says of people, mails and the access log. */
import type { StaffRole } from '../../base/protocol/words';

export interface Person { readonly id: string; readonly name: string; readonly email: string; readonly roles: readonly StaffRole[]; readonly locale: string; readonly second_factor: boolean; readonly disabled: boolean }
export interface OpenInvitation { readonly id: string; readonly email: string; readonly roles: readonly StaffRole[]; readonly expires_at: string; readonly expired: boolean }
export interface People { readonly people: readonly Person[]; readonly invitations: readonly OpenInvitation[]; readonly second_factor_required: boolean }
export interface Invited { readonly accept_url: string; readonly expires_at: string; readonly mailed: boolean }
export type MailState = 'queued' | 'sent' | 'refused' | 'no_server';
export interface Mail { readonly id: string; readonly to: string; readonly subject: string; readonly state: MailState; readonly created_at: string; readonly sent_at: string | null; readonly tries: number; readonly last_words: string | null }
export interface Login { readonly id: string; readonly device: string; readonly created_at: string; readonly last_seen_at: string; readonly this_one: boolean }
export interface AccessEntry { readonly seq: number; readonly at: string; readonly kind: string; readonly actor: string; readonly name: string; readonly organisation: string | null; readonly what: string; readonly subject_id: string }
export const ROLES: readonly StaffRole[] = ['agent', 'inspector', 'reviewer', 'admin'];
