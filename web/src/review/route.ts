/** Which inspection the page shows, as its address says. */
import { signal } from '@preact/signals';

export interface Route {
  readonly sessionId: string | null;
  readonly caseId: string | null;
  /** Server wall clock (ms) to begin at. */
  readonly atMs: number | null;
}

export function routeOf(search: string): Route {
  const query = new URLSearchParams(search);
  const at = Number(query.get('at'));
  return { sessionId: query.get('session'), caseId: query.get('case'), atMs: Number.isFinite(at) && at > 0 ? at : null };
}

export function addressOf(route: Partial<Route>): string {
  const query = new URLSearchParams();
  if (route.sessionId) query.set('session', route.sessionId);
  else if (route.caseId) query.set('case', route.caseId);
  if (route.atMs) query.set('at', String(Math.round(route.atMs)));
  const text = query.toString();
  return text ? `/review?${text}` : '/review';
}

export const route = signal<Route>(routeOf(location.search));
addEventListener('popstate', () => { route.value = routeOf(location.search); });

export function go(next: Partial<Route>): void {
  history.pushState(null, '', addressOf(next));
  route.value = routeOf(location.search);
  scrollTo(0, 0);
}
