/** Which case the console shows, as its address says. */
import { signal } from '@preact/signals';

export interface Route {
  readonly caseId: string | null;
  readonly form: boolean;
}

export function routeOf(search: string): Route {
  const query = new URLSearchParams(search);
  return { caseId: query.get('case'), form: query.has('new') };
}

export function addressOf(route: Partial<Route>): string {
  if (route.form) return '/console?new=1';
  return route.caseId ? `/console?case=${encodeURIComponent(route.caseId)}` : '/console';
}

export const route = signal<Route>(routeOf(location.search));
addEventListener('popstate', () => { route.value = routeOf(location.search); });

export function go(next: Partial<Route>): void {
  history.pushState(null, '', addressOf(next));
  route.value = routeOf(location.search);
  scrollTo(0, 0);
}

/** For links of this page: a plain click stays in it, with a modifier the browser opens a tab. */
export function follow(next: Partial<Route>): (event: MouseEvent) => void {
  return (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(next);
  };
}
