/** One operation: what it takes, what it answers, and a command to try it with. */
import { useRef } from 'preact/hooks';
import { Button, Chip, toast } from '../base/ui';
import { curlOf, jsonBody, problemsOf, toldExample, type Document, type Operation, type Response } from './openapi';
import { Field, Fields } from './schema_view';
import { tr } from './text';

export function OperationView({ operation, document: api }: { operation: Operation; document: Document }) {
  const { method, path, summary, parameters = [] } = operation;
  const body = jsonBody(operation);
  const answers = Object.entries(operation.responses).filter(([status]) => status < '300');
  const errors = Object.entries(operation.responses).filter(([status]) => status >= '300' && status !== 'default');
  return (
    <article class="card operation" id={operation.id} data-test="operation" aria-labelledby={`${operation.id}-title`}>
      <div class="operation-words stack">
        <header class="stack tight">
          <h3 id={`${operation.id}-title`}>{summary}</h3>
          <p class="operation-path"><span class="method" data-method={method}>{method}</span> <code>{path}</code></p>
          {operation.security?.length ? null : <Chip tone="note">{tr('ref.open')}</Chip>}
        </header>
        {parameters.length > 0 ? (
          <section>
            <h4>{tr('ref.parameters')}</h4>
            <ul class="fields">
              {parameters.map((one) => <Field key={`${one.in}:${one.name}`} name={one.name} schema={one.schema} required={one.required ?? false} document={api} place={tr(`ref.in_${one.in}`)} about={one.description} />)}
            </ul>
          </section>
        ) : null}
        {body ? <section><h4>{tr('ref.body')}</h4><Fields schema={body.schema} document={api} /></section> : null}
        <section>
          <h4>{tr('ref.answers')}</h4>
          {answers.map(([status, response]) => <Answer key={status} status={status} response={response} document={api} />)}
        </section>
        {errors.length > 0 ? (
          <section>
            <h4>{tr('ref.errors')}</h4>
            <ul class="errors">{errors.map(([status, response]) => <Failure key={status} status={status} response={response} />)}</ul>
          </section>
        ) : null}
      </div>
      <div class="operation-code stack">
        <Code label="curl" text={curlOf(operation, api, location.origin)} test="curl" />
        {answers.map(([status, response]) => {
          const told = response.content?.['application/json'];
          return told ? <Code key={status} label={`${status} ${tr('ref.example')}`} text={JSON.stringify(toldExample(told, api), null, 2)} test="answer-example" /> : null;
        })}
      </div>
    </article>
  );
}

function Answer({ status, response, document: api }: { status: string; response: Response; document: Document }) {
  const schema = response.content?.['application/json']?.schema;
  const other = Object.keys(response.content ?? {}).filter((type) => type !== 'application/json');
  return (
    <div class="answer-of">
      <p><code>{status}</code> <span class="s quiet">{other.length > 0 ? other.join(', ') : schema ? '' : tr('ref.no_body')}</span></p>
      {schema ? <Fields schema={schema} document={api} answered /> : null}
    </div>
  );
}

/** A status, and behind each of its codes the whole problem. */
function Failure({ status, response }: { status: string; response: Response }) {
  return (
    <li>
      <code>{status}</code>
      <div class="stack tight">
        <span class="s">{response.description}</span>
        {problemsOf(response).map(([code, body]) => (
          <details key={code} data-test="problem-example">
            <summary class="xs"><code>{code}</code></summary>
            <Code label={`${status} ${tr('ref.example')}`} text={JSON.stringify(body, null, 2)} />
          </details>
        ))}
      </div>
    </li>
  );
}

function Code({ label, text, test }: { label: string; text: string; test?: string }) {
  const code = useRef<HTMLPreElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      toast(tr('ref.copied'));
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      toast(tr('ref.copy_failed'));
    }
  };
  return (
    <figure class="code">
      <figcaption class="row between"><span class="xs">{label}</span><Button size="small" variant="plain" icon="copy" onClick={() => void copy()}>{tr('ref.copy')}</Button></figcaption>
      <pre ref={code} tabIndex={0} aria-label={label} data-test={test}>{text}</pre>
    </figure>
  );
}
