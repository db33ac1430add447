/** Without a printer: the parcel's number, else the label's link, as a code to show where parcels are taken. */
import { CodePicture } from './code_picture';
import { l } from './label_words';

export function LabelCode({ number, url }: { number: string | null; url: string | null }) {
  const text = number ?? url;
  if (!text) return null;
  return (
    <div class="stack label-code">
      <h3>{l('label.title')}</h3>
      <p class="s">{l(number ? 'label.number' : 'label.link')}</p>
      <CodePicture text={text} label={l('label.code')} test="label-code" />
    </div>
  );
}
