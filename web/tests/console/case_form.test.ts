import { describe, expect, it } from 'vitest';
import { begun, caseInOf, emptyDraft, emptyItem, faultsOf, fieldName, plainPrice, serverFaults, unplacedWords, withItem } from '../../src/console/case_form';
import type { CaseDraft } from '../../src/console/case_form';

const good: CaseDraft = {
  ...emptyDraft(), orderNumber: ' #10482 ', name: ' Ana ', email: '', locale: 'es', reason: 'colour_differs', words: ' Es marrón. ',
  items: [{ ...emptyItem(), sku: 'J-1', price: '148,00', title: 'Jacket', properties: [{ name: 'Colour', value: 'olive' }, { name: '', value: 'lost' }] }],
};

describe('a price as people write it', () => {
  it.each([
    ['148', '148'], ['148.5', '148.5'], ['148,50', '148.50'], ['1.480,00 €', '1480.00'], ['$1,480.00', '1480.00'], ['1 480', '1480'], ['1.480', '1480'],
  ])('%s is %s', (typed, plain) => expect(plainPrice(typed)).toBe(plain));
  it.each(['', 'free', '-3', '12.345.6x'])('%s is none', (typed) => expect(plainPrice(typed)).toBeNull());
});

describe('a new case', () => {
  it('becomes the request that the protocol asks for', () => {
    expect(caseInOf(good)).toEqual({
      order_number: '10482', buyer: { name: 'Ana', email: null, locale: 'es' }, currency: 'EUR', direction: 'buyer_shows', warehouse_id: null,
      claim: { reason: 'colour_differs', words: 'Es marrón.', locale: 'es' },
      items: [{ sku: 'J-1', quantity: 1, price: '148.00', listing: { title: 'Jacket', pictures: [], properties: { Colour: 'olive' } } }],
    });
  });

  it('has no faults when everything needed is there', () => {
    expect(faultsOf(good).size).toBe(0);
  });

  it('names every fault by the server’s name of the field', () => {
    const bad = withItem({ ...good, orderNumber: ' ', email: 'ana' }, 0, { price: 'free', quantity: '0', sku: '' });
    expect(Object.fromEntries(faultsOf(bad))).toEqual({
      order_number: 'form.needed', 'buyer.email': 'form.bad_email', 'items.0.sku': 'form.needed', 'items.0.price': 'form.bad_price', 'items.0.quantity': 'form.bad_quantity',
    });
  });

  it('understands the server’s field names however they are spelled', () => {
    expect(['items.0.price', 'body.items[0].price', '/items/0/price'].map(fieldName)).toEqual(['items.0.price', 'items.0.price', 'items.0.price']);
    expect(serverFaults([{ field: 'buyer.email', message: 'No.' }]).get('buyer.email')).toBe('No.');
  });

  it('keeps what the server says of things without a field', () => {
    const told = new Map([['items.0.price', 'a'], ['items.0.listing.pictures.2', 'b'], ['items', 'Prices need no decimals.'], ['', 'c']]);
    expect(unplacedWords(told)).toEqual(['Prices need no decimals.', 'c']);
  });

  it('knows whether leaving would lose something', () => {
    expect(begun(emptyDraft())).toBe(false);
    expect(begun({ ...emptyDraft(), locale: 'de' })).toBe(false);
    expect(begun({ ...emptyDraft(), name: 'A' })).toBe(true);
  });
});
