/** The form's end: what the seller's policy says, and what the buyer may do about it at once. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { locale } from '../base/text';
import { waitLength } from '../base/time';
import { Button, Chip, Icon, type IconName } from '../base/ui';
import { AppointmentCard } from '../join/appointment';
import { OfferCard } from '../join/offer';
import { t } from './text';
import type { Filed as FiledCase, Visit } from './visit';

const LOOK_MS = 10_000;

function WaitChip({ filed }: { filed: FiledCase }) {
  if (filed.hosts_ready > 0 && filed.queue_length === 0) return <Chip tone="proof" dot test="wait">{t('return.free_now')}</Chip>;
  if (filed.hosts_ready > 0 && filed.expected_wait_s !== null) return <Chip tone="note" dot test="wait">{t('return.wait_about', { wait: waitLength(filed.expected_wait_s) })}</Chip>;
  if (filed.queue_length > 0) return <Chip tone="note" dot test="wait">{t('return.people_before', { count: filed.queue_length })}</Chip>;
  return <Chip tone="warn" dot test="wait">{t('return.nobody_ready')}</Chip>;
}

/** The policy's sentence with its rule, which the seller named. */
function Sentence({ filed }: { filed: FiledCase }) {
  const given = filed.answer;
  if (!given) return <p>{t('return.filed_text')}</p>;
  return (
    <div class="stack sentence">
      <p dir="auto" data-test="policy-sentence">{given.sentences[locale.value] ?? given.sentences['en']}</p>
      {given.rule ? <p class="xs faint" data-test="policy-rule">{t('return.rule')} <bdi>{given.rule}</bdi></p> : null}
    </div>
  );
}

function LinkToCase({ visit, primary, words, icon, test }: { visit: Visit; primary: boolean; words: string; icon: IconName; test: string }) {
  const path = visit.joinPath.value;
  if (!path) return null;
  return <a class={primary ? 'button primary large wide' : 'button wide'} href={path} target={visit.framed ? '_blank' : '_self'} rel="noreferrer" data-test={test}><Icon name={icon} />{words}</a>;
}

/** Now by video, at a time, or not at all: the photographs may be enough. */
function Ways({ visit, filed }: { visit: Visit; filed: FiledCase }) {
  const booking = useSignal(false);
  const token = visit.joinPath.value?.replace(/^\/j\//, '');
  return (
    <>
      <WaitChip filed={filed} />
      <LinkToCase visit={visit} primary words={t('return.show_now')} icon="video" test="show-now" />
      <p class="xs quiet">{t('return.recording')}</p>
      {token && (booking.value || filed.hosts_ready === 0) ? <div class="left"><AppointmentCard path={`/api/join/${token}/appointment`} /></div> : null}
      {token && !booking.value && filed.hosts_ready > 0 ? <Button wide icon="clock" test="book-time" onClick={() => (booking.value = true)}>{t('return.book_time')}</Button> : null}
      {filed.photographs > 0 && !filed.photographs_only ? <Button wide test="photos-enough" busy={visit.busy.value} onClick={() => void visit.leaveAtPhotographs()}>{t('return.photos_enough')}</Button> : null}
      {visit.trouble.value ? <p class="wrong" role="alert">{t(`return.${visit.trouble.value}`)}</p> : null}
    </>
  );
}

type Look = { icon: IconName; title: string; bad?: boolean };

function lookOf(filed: FiledCase): Look {
  if (filed.photographs_only && filed.may_show) return { icon: 'check', title: t('return.photos_title') };
  if (filed.may_show) return { icon: 'check', title: t('return.filed_title') };
  if (filed.outcome === 'reject') return { icon: 'close', title: t('return.rejected_title'), bad: true };
  if (filed.outcome === 'resolved_without_return') return { icon: 'check', title: t('return.kept_title') };
  if (filed.outcome) return { icon: 'check', title: t('return.approved_title') };
  return { icon: 'check', title: t('return.filed_title') };
}

export function Filed({ visit }: { visit: Visit }) {
  const filed = visit.filed.value;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && void visit.look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [visit]);
  if (!filed) return null;
  if (filed.state === 'keep_offered' && filed.answer) {
    return (
      <main class="stack wide filed" data-test="filed" data-state={filed.state}>
        <span class="tick"><Icon name="check" /></span>
        <h1>{t('return.offer_title')}</h1>
        <div class="left"><OfferCard given={filed.answer} act={(word) => visit.answerOffer(word)} /></div>
      </main>
    );
  }
  const look = lookOf(filed);
  return (
    <main class="stack wide filed" data-test="filed" data-state={filed.state}>
      <span class="tick" data-bad={look.bad}><Icon name={look.icon} /></span>
      <h1>{look.title}</h1>
      {filed.photographs_only && filed.may_show ? <p data-test="photos-sent">{t('return.photos_sent')}</p> : <Sentence filed={filed} />}
      {filed.may_show
        ? <Ways visit={visit} filed={filed} />
        : <LinkToCase visit={visit} primary words={t(look.bad ? 'return.see_and_object' : 'return.see_next')} icon="parcel" test="see-case" />}
    </main>
  );
}
