/** The return form: its entry, and the screen for each stage of filing. */
import { effect, useSignal } from '@preact/signals';
import { render } from 'preact';
import { openText, tb } from '../base/text';
import { Button, Field, IconButton, LanguageSwitch, Notice, Skeleton, Toasts } from '../base/ui';
import { Filed } from './filed';
import { Form } from './form';
import './return.css';
import { loaders, t } from './text';
import { Visit } from './visit';

const slug = decodeURIComponent(location.pathname.replace(/^\/return\//, '').replace(/\/$/, ''));
const visit = new Visit(slug, new URLSearchParams(location.search).get('t'));
// The order in the link is for this page, not for the history or whoever looks over a shoulder.
if (location.search) history.replaceState(null, '', location.pathname);

function Loading() {
  return (
    <div class="page" aria-busy="true" data-test="loading">
      <Skeleton height={24} width="50%" /><Skeleton height={64} /><Skeleton height={48} /><Skeleton height={48} />
    </div>
  );
}

function Find() {
  const number = useSignal('');
  const email = useSignal('');
  return (
    <main class="stack wide">
      <div class="stack"><h1>{t('return.title')}</h1><p class="quiet">{t('return.intro')}</p></div>
      <form class="stack wide" onSubmit={(event) => { event.preventDefault(); void visit.find({ order_number: number.value, email: email.value }); }}>
        <Field label={t('return.order_number')} required autocomplete="off" dir="ltr" maxLength={100} test="order-number" value={number.value} onInput={(event) => (number.value = event.currentTarget.value)} />
        <Field label={t('return.email')} required type="email" autocomplete="email" dir="ltr" test="email" value={email.value} onInput={(event) => (email.value = event.currentTarget.value)} />
        {visit.trouble.value ? <p class="wrong" role="alert" data-test="trouble">{t(`return.${visit.trouble.value}`)}</p> : null}
        <Button type="submit" variant="primary" size="large" wide busy={visit.busy.value} test="find">{t('return.find')}</Button>
      </form>
    </main>
  );
}

function Stage() {
  switch (visit.stage.value) {
    case 'find': return <Find />;
    case 'form': return <Form visit={visit} />;
    case 'filed': return <Filed visit={visit} />;
    default: return null;
  }
}

function Page() {
  const stage = visit.stage.value;
  if (stage === 'loading') return <Loading />;
  if (stage === 'no_shop') return <Notice icon="question" title={t('return.shop_unknown')} test="no-shop"><p>{t('return.shop_unknown_text')}</p></Notice>;
  if (stage === 'unreachable') return <Notice icon="offline" title={t('return.failed')} test="unreachable" actions={<Button variant="primary" onClick={() => void visit.begin()}>{t('base.try_again')}</Button>} />;
  return (
    <div class="page with-bar" data-test="return-page">
      <header class="row between"><strong class="grow">{visit.shop.value}</strong><LanguageSwitch />
        {visit.framed ? <IconButton icon="close" label={tb('base.close')} variant="plain" onClick={() => window.parent.postMessage('proofcall:close', '*')} /> : null}
      </header>
      <Stage />
    </div>
  );
}

const root = document.getElementById('app');
if (root) {
  render(<Loading />, root);
  const words = openText(loaders).catch(() => undefined);
  void words.then(() => {
    root.removeAttribute('aria-busy');
    render(<><Page /><Toasts /></>, root);
    void visit.begin();
    effect(() => {
      if (visit.shop.value) document.title = t('return.page_title', { shop: visit.shop.value });
    });
  });
}
