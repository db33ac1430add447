/** One item of a new case, with the listing as the buyer saw it. */
import { useRef, useState } from 'preact/hooks';
import { Button, Field, Icon } from '../base/ui';
import { MOST_PICTURES, type ItemDraft, type PropertyDraft } from './case_form';
import { pictureUrl } from './picture_file';
import { t } from './text';

interface Props {
  item: ItemDraft;
  index: number;
  currency: string;
  wrong: (field: string) => string | null;
  onChange: (change: Partial<ItemDraft>) => void;
  onRemove: (() => void) | null;
}

export function ItemFields({ item, index, currency, wrong, onChange, onRemove }: Props) {
  const of = (name: string): string => `items.${index}.${name}`;
  return (
    <fieldset class="card stack item-fields" data-test={`item-${index}`}>
      <div class="row between">
        <legend>{t('form.item', { number: index + 1 })}</legend>
        {onRemove ? <Button size="small" variant="plain" icon="close" aria-label={t('form.remove_item', { number: index + 1 })} onClick={onRemove} /> : null}
      </div>
      <div class="form-row item-basics">
        <Field label={t('form.sku')} test={`item-${index}-sku`} value={item.sku} error={wrong(of('sku'))} onInput={(event) => onChange({ sku: event.currentTarget.value })} />
        <Field label={t('form.quantity')} inputMode="numeric" test={`item-${index}-quantity`} value={item.quantity} error={wrong(of('quantity'))} onInput={(event) => onChange({ quantity: event.currentTarget.value })} />
        <Field label={`${t('form.price')} (${currency})`} inputMode="decimal" placeholder="148.00" test={`item-${index}-price`} value={item.price} error={wrong(of('price'))} onInput={(event) => onChange({ price: event.currentTarget.value })} />
      </div>
      <div>
        <p class="s quiet"><strong>{t('form.listing')}</strong></p>
        <p class="s quiet">{t('form.listing_hint')}</p>
      </div>
      <Field label={t('form.listing_title')} test={`item-${index}-title`} value={item.title} error={wrong(of('listing.title'))} onInput={(event) => onChange({ title: event.currentTarget.value })} />
      <Pictures item={item} index={index} wrong={wrong} onChange={onChange} />
      <Properties item={item} index={index} wrong={wrong} onChange={onChange} />
    </fieldset>
  );
}

type PartProps = Pick<Props, 'item' | 'index' | 'wrong' | 'onChange'>;

function Pictures({ item, index, wrong, onChange }: PartProps) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const take = async (files: readonly File[]): Promise<void> => {
    setFault(null);
    setBusy(true);
    const room = MOST_PICTURES - item.pictures.length;
    if (files.length > room) setFault(t('form.too_many_pictures'));
    const urls: string[] = [];
    for (const file of files.slice(0, Math.max(0, room))) {
      try {
        urls.push(await pictureUrl(file));
      } catch {
        setFault(t('form.picture_unreadable'));
      }
    }
    onChange({ pictures: [...item.pictures, ...urls] });
    setBusy(false);
  };
  const server = item.pictures.map((_, i) => wrong(`items.${index}.listing.pictures.${i}`)).find((one) => one !== null);
  const said = fault ?? server ?? wrong(`items.${index}.listing.pictures`);
  return (
    <div class="field" role="group" aria-label={t('form.pictures')}>
      <span class="label">{t('form.pictures')}</span>
      <div
        class="picture-row"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void take([...(event.dataTransfer?.files ?? [])]);
        }}
      >
        {item.pictures.map((url, i) => (
          <div key={url} class="picture-draft">
            <img src={url} alt={t('form.picture_alt', { number: i + 1 })} />
            <button type="button" aria-label={t('form.remove_picture', { number: i + 1 })} onClick={() => onChange({ pictures: item.pictures.filter((one) => one !== url) })}><Icon name="close" /></button>
          </div>
        ))}
        {item.pictures.length < MOST_PICTURES ? (
          <Button icon="camera" busy={busy} onClick={() => input.current?.click()} test={`item-${index}-add-picture`}>{t('form.add_picture')}</Button>
        ) : null}
        <input
          ref={input} type="file" accept="image/jpeg,image/png,image/webp" multiple hidden data-test={`item-${index}-file`}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = '';
            void take(files);
          }}
        />
      </div>
      {said ? <span class="wrong" role="alert">{said}</span> : null}
    </div>
  );
}

function Properties({ item, index, wrong, onChange }: PartProps) {
  const set = (i: number, change: Partial<PropertyDraft>): void =>
    onChange({ properties: item.properties.map((one, at) => (at === i ? { ...one, ...change } : one)) });
  const said = wrong(`items.${index}.listing.properties`);
  return (
    <div class="field" role="group" aria-label={t('form.properties')}>
      <span class="label">{t('form.properties')}</span>
      {item.properties.map((property, i) => (
        <div class="property-row" key={i}>
          <input class="input" aria-label={t('form.property_name')} placeholder={t('form.property_name_example')} value={property.name} data-test={`item-${index}-property-${i}-name`} onInput={(event) => set(i, { name: event.currentTarget.value })} />
          <input class="input" aria-label={t('form.property_value')} placeholder={t('form.property_value_example')} value={property.value} data-test={`item-${index}-property-${i}-value`} onInput={(event) => set(i, { value: event.currentTarget.value })} />
          <Button variant="plain" icon="close" class="icon-button" aria-label={t('form.remove_property', { name: property.name })} onClick={() => onChange({ properties: item.properties.filter((_, at) => at !== i) })} />
        </div>
      ))}
      <div><Button size="small" icon="plus" onClick={() => onChange({ properties: [...item.properties, { name: '', value: '' }] })}>{t('form.add_property')}</Button></div>
      {said ? <span class="wrong" role="alert">{said}</span> : null}
    </div>
  );
}
