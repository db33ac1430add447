/** The self-contained page: a package is dropped on it, and it says what holds, what does not, and where. */
import { knowsEd25519 } from './jws';
import type { Gap, PartFound, Report, SessionReport, TimestampFound } from './report';
import { LANGUAGES, problemWords, speak, spoken, t, type Key, type Language } from './text';
import { verifyPackage } from './verification';
import type { Content } from './zip';

type Slot = 'package' | 'receipt' | 'key' | 'tsa_ca';
const given: Partial<Record<Slot, File>> = {};
let shown: Report | string | null = null;
/** Counts the checks, so that an older one that ends late says nothing. */
let run = 0;
let percent: number | null = null;

type Child = Node | string | null;
function el<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: { [name: string]: string }, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function contentOf(file: File): Content {
  return { size: file.size, read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()) };
}

async function bytesOf(file: File | undefined): Promise<Uint8Array | null> {
  return file ? new Uint8Array(await file.slice(0, 1024 * 1024).arrayBuffer()) : null;
}

async function check(): Promise<void> {
  const file = given.package;
  if (!file) return draw();
  const mine = ++run;
  shown = null;
  percent = 0;
  draw();
  let read = 0;
  let result: Report | string;
  try {
    result = await verifyPackage(contentOf(file), {
      receipt: await bytesOf(given.receipt),
      key: await bytesOf(given.key),
      tsaCa: await bytesOf(given.tsa_ca),
      now: new Date(),
      onRead: (bytes) => {
        read += bytes;
        const now = Math.min(99, Math.round((100 * read) / Math.max(file.size, 1)));
        if (mine !== run || now === percent) return;
        percent = now;
        const words = document.querySelector('[data-test=progress]');
        if (words) words.textContent = t('checking', { percent: now });
      },
    });
  } catch (error) {
    result = t('unreadable', { reason: error instanceof Error ? error.message : String(error) });
  }
  if (mine !== run) return;
  shown = result;
  percent = null;
  draw();
  document.querySelector<HTMLElement>('[data-test=answer]')?.focus();
}

function slotOf(name: string): Slot {
  if (/\.json$/i.test(name)) return 'key';
  if (/\.(txt|jws)$/i.test(name)) return 'receipt';
  return /\.(pem|crt|cer)$/i.test(name) ? 'tsa_ca' : 'package';
}

/** A dropped file goes where its name says. */
function take(files: Iterable<File>): void {
  for (const file of files) {
    given[slotOf(file.name)] = file;
  }
  void check();
}

function picker(slot: Slot, label: Key, hint: Key): HTMLElement {
  const input = el('input', { type: 'file', id: slot, 'aria-describedby': `${slot}-hint`, 'data-test': slot, ...(slot === 'package' ? { accept: '.zip' } : {}) });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) given[slot] = file;
    void check();
  });
  return el(
    'div',
    { class: slot === 'package' ? 'slot main' : 'slot' },
    el('label', { for: slot }, t(label)),
    el('p', { id: `${slot}-hint`, class: 'faint' }, given[slot]?.name ?? t(hint)),
    input,
  );
}

function languages(): HTMLElement {
  const select = el('select', { 'aria-label': t('language'), 'data-test': 'language' });
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const option = el('option', { value: tag, lang: tag }, name);
    option.selected = tag === spoken();
    select.append(option);
  }
  select.addEventListener('change', () => {
    speak(select.value as Language);
    draw();
    document.querySelector<HTMLElement>('[data-test=language]')?.focus();
  });
  return select;
}

function gapWords({ from_ns, to_ns, cause }: Gap): string {
  if (!/^\d+$/.test(from_ns) || !/^\d+$/.test(to_ns)) return t('gap_open');
  const fromMs = Number(BigInt(from_ns) / 1_000_000n);
  const lengthS = Number(BigInt(to_ns) - BigInt(from_ns)) / 1e9;
  const at = new Date(fromMs);
  const time = Number.isNaN(at.getTime()) ? from_ns : `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return t('gap', { time, length: lengthS.toFixed(1), cause });
}

/** A moment as people read it; a part of any package may name any number. */
function momentWords(ms: number): string {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? String(ms) : `${at.toISOString().slice(0, 23).replace('T', ' ')} UTC`;
}

function partPart({ session_id, from_ms, to_ms, covered }: PartFound): HTMLElement {
  return el(
    'div',
    { 'data-test': 'part' },
    el('h3', {}, t('part'), ' ', el('code', {}, session_id)),
    el('p', {}, t('part_asked', { from: momentWords(from_ms), to: momentWords(to_ms) })),
    el('ul', {}, ...covered.map((one) => el('li', {}, t('part_covered', { person: one.participant_id, from: momentWords(one.from_ms), to: momentWords(one.to_ms) })))),
  );
}

function sessionPart(session: SessionReport): HTMLElement {
  const { recordings, fragments, stills, events, withheld, checkpoints } = session;
  return el(
    'div',
    {},
    el('h3', {}, session.session_id),
    el('p', {}, t('session', { recordings, fragments, stills, events, withheld })),
    checkpoints === 0 ? null : el('p', {}, t('checkpoints', { checkpoints })),
    el('ul', {}, ...Object.entries(session.countersigned).map(([person, count]) => el('li', {}, t('countersigned', { person, count, checkpoints })))),
  );
}

/** One line for each manifest that an authority witnessed. */
function timestampWords({ session_id, number, at, renewals, confirmed }: TimestampFound): string {
  // Kept together, from left to right, in every language.
  const time = `\u2066${at.slice(0, 19).replace('T', ' ')} UTC\u2069`;
  const said = t(confirmed ? 'stamped.confirmed' : 'stamped.unconfirmed', { session: session_id, number, time });
  return renewals === 0 ? said : `${said} ${t('stamped.renewed', { renewals })}`;
}

function reportPart(report: Report): HTMLElement {
  return el(
    'section',
    { class: `card ${report.answer}`, 'data-test': 'report', 'data-answer': report.answer },
    el('h2', { tabindex: '-1', 'data-test': 'answer' }, t(`answer.${report.answer}`)),
    el('p', {}, t(`means.${report.answer}`)),
    report.part ? partPart(report.part) : null,
    ...report.confirmed_by.map((by) => el('p', {}, t(`confirmed.${by}`))),
    ...report.timestamps.map((one) => el('p', { 'data-test': 'timestamp', 'data-confirmed': String(one.confirmed) }, timestampWords(one))),
    report.problems.length === 0 ? null : el('h3', {}, t('problems')),
    el(
      'ul',
      { 'data-test': 'problems' },
      ...report.problems.map((problem) => {
        const { place, words } = problemWords(problem);
        return el('li', { 'data-code': problem.code, 'data-path': problem.path }, place ? el('code', {}, place) : null, place ? ' ' : null, words);
      }),
    ),
    report.gaps.length === 0 ? null : el('h3', {}, t('gaps')),
    el('ul', { 'data-test': 'gaps' }, ...report.gaps.map((gap) => el('li', {}, gapWords(gap)))),
    report.sessions.length === 0 ? null : el('h3', {}, t('contents')),
    ...report.sessions.map(sessionPart),
    ...report.signed_by.map((kid) => el('p', { class: 'faint' }, t('signed_by'), ' ', el('code', {}, kid))),
  );
}

let able = true;

function draw(): void {
  document.documentElement.lang = spoken();
  document.documentElement.dir = spoken() === 'ar' ? 'rtl' : 'ltr';
  document.title = t('title');
  document.body.replaceChildren(
    el(
      'main',
      {},
      el('header', {}, el('h1', {}, t('title')), languages()),
      el('p', { class: 'faint' }, t('about')),
      able ? null : el('p', { class: 'card not_verified', role: 'alert', 'data-test': 'unable' }, t('unable')),
      able ? el('div', { class: 'slots' }, picker('package', 'package', 'drop'), picker('receipt', 'receipt', 'receipt_hint'), picker('key', 'key', 'key_hint'), picker('tsa_ca', 'tsa_ca', 'tsa_ca_hint')) : null,
      percent === null ? null : el('p', { role: 'status', 'data-test': 'progress' }, t('checking', { percent })),
      typeof shown === 'string' ? el('p', { class: 'card not_verified', role: 'alert' }, shown) : null,
      shown !== null && typeof shown !== 'string' ? reportPart(shown) : null,
    ),
  );
}

document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files ?? []);
});
void knowsEd25519().then((knows) => {
  able = knows;
  draw();
});
