/** Before coming in: who asks, one's name, and how much of oneself to give. */
import { useSignal } from '@preact/signals';
import { languageName } from '../base/time';
import { Button, Field, LanguageSwitch } from '../base/ui';
import { ConsentLink } from '../call/consent';
import { t } from './text';
import type { Visit, Way } from './visit';

const WAYS: readonly Way[] = ['picture', 'sound', 'silent'];
const WORDS = {
  picture: ['observe.with_picture', 'observe.with_picture_text'],
  sound: ['observe.with_sound', 'observe.with_sound_text'],
  silent: ['observe.silent', 'observe.silent_text'],
} as const;

export function Ready({ visit }: { visit: Visit }) {
  const tried = useSignal(false);
  const view = visit.view.value;
  const consent = visit.consent.value;
  const silent = visit.way.value === 'silent';
  const nameless = visit.byLink && !visit.name.value.trim();
  const go = () => {
    tried.value = true;
    if (!nameless) void visit.start();
  };
  return (
    <div class="page" data-test="ready">
      <header class="row between"><strong>{visit.tenant.value}</strong><LanguageSwitch /></header>
      <main class="stack wide">
        <div class="stack tight">
          <h1>{t('observe.page_title')}</h1>
          <p class="quiet">{visit.byLink ? t('observe.who', { tenant: visit.tenant.value }) : t('observe.who_staff')}</p>
          {view ? (
            <p class="quiet">
              {view.host_locale
                ? t('observe.languages', { buyer: languageName(view.buyer_locale), host: languageName(view.host_locale) })
                : t('observe.language_buyer', { buyer: languageName(view.buyer_locale) })}
            </p>
          ) : null}
        </div>
        {visit.byLink ? (
          <Field
            label={t('observe.name')}
            hint={t('observe.name_hint')}
            error={tried.value && nameless ? t('observe.name_missing') : null}
            maxLength={80}
            autoComplete="name"
            value={visit.name.value}
            test="observer-name"
            onInput={(event) => (visit.name.value = event.currentTarget.value)}
          />
        ) : null}
        <fieldset class="ways">
          <legend>{t('observe.how')}</legend>
          {WAYS.map((way) => (
            <label class={visit.way.value === way ? 'way on' : 'way'} key={way}>
              <input type="radio" name="way" value={way} checked={visit.way.value === way} data-test={`way-${way}`} onChange={() => (visit.way.value = way)} />
              <span><strong>{t(WORDS[way][0])}</strong><span class="s quiet block">{t(WORDS[way][1])}</span></span>
            </label>
          ))}
        </fieldset>
      </main>
      <footer class="stack tight">
        <Button variant="primary" size="large" wide test="come-in" busy={visit.starting.value} onClick={go}>
          {t(visit.starting.value ? 'observe.coming_in' : silent ? 'observe.come_in' : 'observe.agree_come_in')}
        </Button>
        {silent || !consent ? null : <p class="xs faint center">{t('observe.recorded_words')} <ConsentLink consent={consent} /></p>}
      </footer>
    </div>
  );
}
