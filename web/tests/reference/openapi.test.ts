import { describe, expect, it } from 'vitest';
import { curlOf, exampleOf, groupsOf, matching, operationsOf, problemsOf, resolved, toldExample, type Document, type Schema } from '../../src/reference/openapi';

const api: Document = {
  info: { title: 'T', version: '1' },
  paths: {
    '/api/v1/webhooks/{id}': {
      put: {
        operationId: 'change', summary: 'Change it', responses: { 200: { description: 'Done.' } }, security: [{ key: [] }],
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }, { name: 'If-Match', in: 'header', schema: { type: 'string' } }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/In' } } } },
      },
      get: { operationId: 'read', summary: 'Read it', responses: {}, security: [] },
    },
    '/api/v1/cases': { get: { operationId: 'list', summary: 'Find cases', responses: {}, security: [{ key: [] }] } },
  },
  components: {
    schemas: {
      In: { type: 'object', properties: { name: { type: 'string', examples: ["it's"] }, on: { type: 'boolean' }, kinds: { type: 'array', items: { type: 'string' } } } },
      Node: { type: 'object', properties: { next: { anyOf: [{ $ref: '#/components/schemas/Node' }, { type: 'null' }] } } },
    },
  },
};

describe('what the reference makes of a description', () => {
  it('groups and orders operations, and finds them by any words', () => {
    const all = operationsOf(api);
    expect(groupsOf(all).map(([group, members]) => [group, members.map((one) => one.id)])).toEqual([['cases', ['list']], ['webhooks', ['read', 'change']]]);
    expect(matching(all, 'put WEBHOOKS').map((one) => one.id)).toEqual(['change']);
    expect(matching(all, 'nothing like this')).toEqual([]);
  });

  it('writes a command that a shell takes as it is', () => {
    const [change] = matching(operationsOf(api), 'change');
    const command = change ? curlOf(change, api, 'https://x.example') : '';
    expect(command).toContain('curl -X PUT "https://x.example/api/v1/webhooks/${ID}"');
    expect(command).toContain('-H "Authorization: Bearer $PROOFCALL_KEY"');
    expect(command).toContain(`"name": "it'\\''s"`);
    const [read] = matching(operationsOf(api), 'read');
    expect(read ? curlOf(read, api, 'https://x.example') : '').not.toContain('Authorization');
  });

  it('ends an example of what holds itself, and says what may be null', () => {
    expect(JSON.stringify(exampleOf({ $ref: '#/components/schemas/Node' }, api)).length).toBeLessThan(200);
    const optional: Schema = { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null };
    expect(resolved(optional, api)).toMatchObject({ nullable: true, schema: { type: 'integer' } });
  });

  it('shows the description\'s own examples, and whole problems by code', () => {
    expect(toldExample({ schema: { type: 'string' }, example: 'lamp' }, api)).toBe('lamp');
    expect(toldExample({ schema: { type: 'integer', minimum: 3 } }, api)).toBe(3);
    const value = { code: 'gone', detail: 'It is gone.' };
    const response = { description: 'gone', content: { 'application/problem+json': { schema: {}, examples: { gone: { value } } } } };
    expect(problemsOf(response)).toEqual([['gone', value]]);
    expect(problemsOf({ description: 'none' })).toEqual([]);
  });
});
