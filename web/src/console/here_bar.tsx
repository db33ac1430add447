/** Who else has this case open, and who writes: said before two people do the same. */
import { Icon } from '../base/ui';
import type { Others } from './presence';
import { t } from './text';

export function HereBar({ others }: { others: Others }) {
  const people = others.people.value;
  const writing = people.filter((one) => one.writes).map((one) => one.name);
  const looking = people.filter((one) => !one.writes).map((one) => one.name);
  // It stands in the page from the start: only then is a change of it read out.
  return (
    <div class={people.length === 0 ? 'here-bar none' : writing.length > 0 ? 'here-bar writes' : 'here-bar'} role="status" data-test="here-bar">
      {people.length === 0 ? null : <Icon name="users" />}
      {writing.length > 0 ? <strong data-test="here-writes">{t('here.writes', { count: writing.length, names: writing.join(', ') })}</strong> : null}
      {looking.length > 0 ? <span data-test="here-looks">{t('here.looks', { count: looking.length, names: looking.join(', ') })}</span> : null}
    </div>
  );
}
