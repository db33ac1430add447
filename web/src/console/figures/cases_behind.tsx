/** The cases that a number counts, page by page. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../../base/api';
import { endedLogin, failureWords } from '../../base/sign_in';
import { shortDate } from '../../base/time';
import { Button, Dialog, Skeleton } from '../../base/ui';
import { addressOf, follow } from '../route';
import { casesQuery, type Behind, type CaseOfFigure, type Figures } from './shapes';
import { tf } from './text';
import { valueWords } from './words';

interface Page {
  readonly items: readonly CaseOfFigure[];
  readonly next_cursor: string | null;
}

export function CasesBehind({ behind, figures, onClose }: { behind: Behind; figures: Figures; onClose: () => void }) {
  const [items, setItems] = useState<readonly CaseOfFigure[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const load = async (after: string | null): Promise<void> => {
    try {
      const page = await get<Page>(`/api/v1/figures/cases?${casesQuery(behind, figures, after)}`);
      setItems((now) => [...(after === null ? [] : now ?? []), ...page.items]);
      setCursor(page.next_cursor);
      setFailure(null);
    } catch (error) {
      if (!endedLogin(error)) setFailure(failureWords(error));
    }
  };
  useEffect(() => void load(null), [behind]);
  return (
    <Dialog title={tf('fig.cases_of', { what: behind.title })} onClose={onClose} sheet test="cases-behind">
      {failure !== null ? <p class="wrong" role="alert">{tf('fig.failed', { reason: failure })}</p> : null}
      {items === null ? (failure === null ? <Skeleton height={160} /> : null) : items.length === 0 ? <p class="quiet">{tf('fig.no_cases')}</p> : (
        <ul class="behind">
          {items.map((item) => (
            <li key={item.id}>
              <a href={addressOf({ caseId: item.id })} onClick={follow({ caseId: item.id })} data-test="behind-case">
                <strong>{item.order_number}</strong>
                <span class="s quiet">{valueWords('state', item.state)}{item.outcome ? ` · ${valueWords('outcome', item.outcome)}` : ''}</span>
                <span class="xs quiet">{shortDate(item.opened_at)}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {cursor !== null ? <Button test="behind-more" onClick={() => void load(cursor)}>{tf('fig.more')}</Button> : null}
    </Dialog>
  );
}
