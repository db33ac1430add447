/** What the console shows, as its address says: a case, the form, or a part at `/console/…`. */
import { signal } from '@preact/signals';

export interface Route {
  readonly caseId: string | null;
  readonly form: boolean;
  /** A page of its own beside the cases: `policies`. */
  readonly part: string | null;
  /** What that page shows. */
  readonly item: string | null;
}

export function routeOf(path: string, search: string): Route {
  const query = new URLSearchParams(search);
  const part = /^\/console\/([a-z-]+)$/.exec(path)?.[1] ?? null;
  return { caseId: query.get('case'), form: query.has('new'), part, item: query.get('item') };
}

export function addressOf(route: Partial<Route>): string {
  if (route.part) return `/console/${route.part}${route.item ? `?item=${encodeURIComponent(route.item)}` : ''}`;
  if (route.form) return '/console?new=1';
  return route.caseId ? `/console?case=${encodeURIComponent(route.caseId)}` : '/console';
}

const here = (): Route => routeOf(location.pathname, location.search);
export const route = signal<Route>(here());
addEventListener('popstate', () => { route.value = here(); });

/** Asked before this page is left for another of ours; what it is given goes on when the person says so. */
let guard: ((goOn: () => void) => boolean) | null = null;
export function guardLeaving(wanted: typeof guard): void {
  guard = wanted;
}

export function go(next: Partial<Route>): void {
  const goOn = (): void => {
    history.pushState(null, '', addressOf(next));
    route.value = here();
    scrollTo(0, 0);
  };
  if (guard === null || guard(goOn)) goOn();
}

/** For links of this page: a plain click stays in it, with a modifier the browser opens a tab. */
export function follow(next: Partial<Route>): (event: MouseEvent) => void {
  return (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(next);
  };
}
