/** The one thing to do next with a case, for the one prominent button. Pure. */
import type { CaseView } from '../base/protocol/case';
import type { MoveName } from '../base/protocol/words';

export type Step =
  | { readonly kind: 'host' }
  | { readonly kind: 'verdict' }
  | { readonly kind: 'move'; readonly move: MoveName }
  | { readonly kind: 'invite' }
  /** The buyer waits for a person's answer. */
  | { readonly kind: 'answer' }
  | { readonly kind: 'close' }
  /** Nothing but to wait; for what. */
  | { readonly kind: 'wait'; readonly what: 'buyer' | 'call' | 'end' | 'somebody' };

export function stepOf(view: CaseView, roles: readonly string[]): Step {
  const seller = roles.some((role) => role === 'agent' || role === 'admin');
  const hosts = seller || roles.includes('inspector');
  if (view.state === 'closed') return { kind: 'wait', what: 'end' };
  if (view.state === 'waiting') return hosts ? { kind: 'host' } : { kind: 'wait', what: 'call' };
  if (view.state === 'live') return { kind: 'wait', what: 'call' };
  const next = view.next_step;
  if (next === 'decide') return { kind: 'verdict' };
  if (next === 'close') return seller ? { kind: 'close' } : { kind: 'wait', what: 'end' };
  if (next !== null && next !== 'offer') return view.moves.includes(next) ? { kind: 'move', move: next } : { kind: 'wait', what: 'somebody' };
  if (view.link.state !== 'active' && seller && (next === 'offer' || view.state === 'filed' || view.state === 'inspection_offered')) return { kind: 'invite' };
  if (view.state === 'filed') return seller ? { kind: 'answer' } : { kind: 'wait', what: 'somebody' };
  return { kind: 'wait', what: 'buyer' };
}
