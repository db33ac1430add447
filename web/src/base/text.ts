/** The message catalogue: typed keys and parameters, plurals, one language loaded at a time. */
import { batch, computed, signal } from '@preact/signals';
import type { baseEn } from './locales/en';

export type Plural = { readonly [form in Intl.LDMLPluralRule]?: string } & { readonly other: string };
export type Message = string | Plural;
export type Catalogue = Readonly<Record<string, Message>>;

/** What another language must provide for an English catalogue: every key, of the same kind. */
export type Translation<English extends Catalogue> = {
  readonly [Key in keyof English]: English[Key] extends string ? string : Plural;
};

type ParamNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;
type TextOf<M> = M extends string ? M : M extends { readonly other: infer Other extends string } ? Other : never;
type ParamsOf<M> =
  | ParamNames<TextOf<M>>
  | (M extends string ? never : 'count');
type Arguments<M> = [ParamsOf<M>] extends [never]
  ? []
  : [params: { readonly [Name in ParamsOf<M>]: Name extends 'count' ? number : string | number }];

export const LOCALES = ['en', 'zh-Hans', 'es', 'de', 'ar'] as const;
export type Locale = (typeof LOCALES)[number];
/** Each language's name in that language, for the language switch. */
export const LOCALE_NAMES: Record<Locale, string> = {
  en: 'English',
  'zh-Hans': '简体中文',
  es: 'Español',
  de: 'Deutsch',
  ar: 'العربية',
};
export type Loader = () => Promise<Catalogue>;
/** English is always there; a page without a language shows its English. */
export type Loaders = Partial<Record<Locale, Loader>> & { en: Loader };

const RTL = new Set(['ar', 'fa', 'he', 'ur', 'yi', 'ps']);
const STORAGE_KEY = 'proofcall.locale';

const current = signal<Locale>('en');
const catalogue = signal<Catalogue>({});
let parts: readonly Loaders[] = [];
/** The language that was asked for last, shown or on its way. */
let asked: Locale = 'en';
const loaded = new Map<Locale, Promise<Catalogue>>();

/** The language shown now. */
export const locale = computed(() => current.value);
export const textReady = computed(() => Object.keys(catalogue.value).length > 0);

export function directionOf(tag: string): 'ltr' | 'rtl' {
  return RTL.has(tag.toLowerCase().split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

/** The supported language nearest to a BCP 47 tag, or null: `zh-CN` → `zh-Hans`, `de-AT` → `de`. */
export function nearestLocale(tag: string | null | undefined): Locale | null {
  const language = tag?.toLowerCase().split(/[-_]/)[0];
  if (!language) return null;
  if (language === 'zh') return 'zh-Hans';
  return LOCALES.find((known) => known === language) ?? null;
}

function storedLocale(): Locale | null {
  try {
    return nearestLocale(localStorage.getItem(STORAGE_KEY));
  } catch {
    return null;
  }
}

/** The person's own choice first, then what the page knows of them, then the browser's languages. */
export function preferredLocale(...hints: (string | null | undefined)[]): Locale {
  const candidates = [storedLocale(), ...hints, ...navigator.languages];
  for (const candidate of candidates) {
    const found = nearestLocale(candidate);
    // A page that lacks somebody's first language may have their second.
    if (found && (!parts[0] || parts[0][found])) return found;
  }
  return 'en';
}

async function join(of: readonly Loaders[], shown: Locale): Promise<Catalogue> {
  const messages = await Promise.all(of.map((part) => (part[shown] ?? part.en)()));
  return Object.assign({}, ...messages) as Catalogue;
}

async function show(wanted: Locale): Promise<void> {
  asked = wanted;
  const of = parts;
  const [first] = of;
  if (!first) throw new Error('openText comes first');
  // A page that lacks the language says honestly, to screen readers too, that it is English.
  const shown: Locale = first[wanted] ? wanted : 'en';
  const pending = loaded.get(shown) ?? join(of, shown);
  loaded.set(shown, pending);
  try {
    const messages = await pending;
    if (of !== parts) return asked === wanted ? await show(wanted) : undefined;
    // The language asked for last wins, whichever comes last; any is better than none.
    if (asked !== wanted && textReady.peek()) return;
    batch(() => {
      catalogue.value = messages;
      current.value = shown;
    });
    document.documentElement.lang = shown;
    document.documentElement.dir = directionOf(shown);
  } catch (error) {
    if (loaded.get(shown) === pending) loaded.delete(shown);
    if (asked === wanted) asked = current.peek();
    throw error;
  }
}

/** The languages that this page has. */
export function pageLocales(): Locale[] {
  return LOCALES.filter((known) => parts[0]?.[known] !== undefined);
}

/** Give the page its languages and show the first; call once, at the start. */
export async function openText(pageLoaders: Loaders, first?: Locale): Promise<void> {
  parts = [pageLoaders];
  loaded.clear();
  await show(first ?? preferredLocale());
}

/** Words for a part that comes later, in every language from now on; throws, and has added nothing, when they did not come. */
export async function addText(more: Loaders): Promise<void> {
  if (parts.includes(more)) return;
  await join([...parts, more], asked);
  parts = [...parts, more];
  loaded.clear();
  try {
    // The person may have changed the language meanwhile.
    await show(asked);
  } catch (error) {
    parts = parts.filter((part) => part !== more);
    loaded.clear();
    throw error;
  }
}

/** Show another language; `remember` keeps it for the next visit. */
export async function setLocale(wanted: Locale, remember = false): Promise<void> {
  if (remember) {
    try {
      localStorage.setItem(STORAGE_KEY, wanted);
    } catch {
      // A browser without storage still switches, for this visit.
    }
  }
  if (wanted !== current.value || !textReady.value) await show(wanted);
}

/** A name or a number of another script, so that the sentence around it keeps its order (Unicode's FSI and PDI). */
function isolated(words: string): string {
  return `\u2068${words}\u2069`;
}

/**
 * Put parameters into a message; pure, for tests. Numbers are written as the language writes them;
 * from right to left, words that are put in stand isolated.
 */
export function format(
  message: Message,
  params: Readonly<Record<string, string | number>>,
  tag: string,
): string {
  let text: string;
  if (typeof message === 'string') {
    text = message;
  } else {
    const form = new Intl.PluralRules(tag).select(Number(params['count'] ?? 0));
    text = message[form] ?? message.other;
  }
  const placed = directionOf(tag) === 'rtl' ? isolated : (words: string) => words;
  return text.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = params[name];
    if (value === undefined) return `{${name}}`;
    return typeof value === 'number' ? new Intl.NumberFormat(tag).format(value) : placed(value);
  });
}

export type Translator<English extends Catalogue> = <Key extends keyof English & string>(
  key: Key,
  ...params: Arguments<English[Key]>
) => string;

/** A translator that knows the keys of one catalogue; components that call it follow the language. */
export function translator<English extends Catalogue>(): Translator<English> {
  return (key, ...params) => {
    const message = catalogue.value[key];
    return message === undefined ? key : format(message, params[0] ?? {}, current.value);
  };
}

/** A translator for a part that is loaded late and brings its own words in every language. */
export function ownWords<English extends Catalogue>(words: Readonly<Partial<Record<Locale, Translation<English>>>> & { en: Translation<English> }): Translator<English> {
  return (key, ...params) => format(((words[current.value] ?? words.en) as Catalogue)[key] ?? key, params[0] ?? {}, current.value);
}

/** The words that every page has (see `locales/en.ts`). */
export const tb = translator<typeof baseEn>();
