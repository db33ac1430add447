/** Over what notices go: mail as the operator set it, and the seller's messenger accounts, each with a try. */
import { useState } from 'preact/hooks';
import { ApiError, call, post, put } from '../../base/api';
import { Button, Chip, Dialog, Field, Icon, Switch, toast } from '../../base/ui';
import { useAct } from '../asking';
import { copyText } from '../copy';
import { ACCOUNTS, accountBody, hookSecret, MESSENGERS, type Channel, type ChannelKind, type Channels, type Messenger, type OptionName, type Tried } from './shapes';
import { tn } from './text';

export function ChannelsCard({ channels, onSaved }: { channels: Channels; onSaved: () => void }) {
  return (
    <section class="card stack" data-test="notice-channels" aria-labelledby="channels-title">
      <h2 id="channels-title">{tn('notice.channels')}</h2>
      <p class="s quiet">{tn('notice.channels_words')}</p>
      <Mail email={channels.email} />
      {MESSENGERS.map((kind) => <Account key={kind} kind={kind} channel={channels.items.find((one) => one.kind === kind) ?? null} onSaved={onSaved} />)}
    </section>
  );
}

function Mail({ email }: { email: Channels['email'] }) {
  return (
    <div class="stack notice-channel" data-test="channel-email">
      <div class="row between wrap"><h3>{tn('notice.channel.email')}</h3><Chip tone={email.ready ? 'proof' : 'warn'}>{tn(email.ready ? 'notice.connected' : 'notice.no_mail')}</Chip></div>
      <p class="s quiet">{email.ready ? tn('notice.mail_from', { sender: email.sender ?? '' }) : tn('notice.no_mail_words')} {email.ready ? tn(email.takes_answers ? 'notice.mail_answers' : 'notice.mail_no_answers') : null}</p>
      {email.ready ? <Try kind="email" /> : null}
    </div>
  );
}

function Account({ kind, channel, onSaved }: { kind: Messenger; channel: Channel | null; onSaved: () => void }) {
  const [open, setOpen] = useState(false);
  const [dropping, setDropping] = useState(false);
  const [busy, act] = useAct();
  const drop = (): void => void act(async () => {
    await call<undefined>('DELETE', `/api/v1/notice-channels/${kind}`);
    setDropping(false);
    toast(tn('notice.removed'));
    onSaved();
  });
  return (
    <div class="stack notice-channel" data-test={`channel-${kind}`}>
      <div class="row between wrap">
        <h3>{tn(`notice.channel.${kind}`)}</h3>
        <Chip tone={channel?.enabled ? 'proof' : 'plain'} test={`channel-${kind}-state`}>{tn(channel === null ? 'notice.not_set' : channel.enabled ? 'notice.connected' : 'notice.switched_off')}</Chip>
      </div>
      <p class="s quiet">{tn(`notice.${kind}_words`)}</p>
      {open ? <AccountFields kind={kind} channel={channel} onClose={() => setOpen(false)} onSaved={() => { setOpen(false); onSaved(); }} /> : (
        <div class="row wrap">
          <Button test={`edit-${kind}`} onClick={() => setOpen(true)}>{tn(channel ? 'notice.change' : 'notice.set_up')}</Button>
          {channel ? <Button variant="danger-quiet" test={`drop-${kind}`} onClick={() => setDropping(true)}>{tn('notice.remove')}</Button> : null}
        </div>
      )}
      {channel && !open ? <><Hook channel={channel} /><Try kind={kind} /></> : null}
      {dropping ? (
        <Dialog title={tn('notice.remove_question', { channel: tn(`notice.channel.${kind}`) })} onClose={() => setDropping(false)} test="drop-dialog"
          actions={<><Button onClick={() => setDropping(false)}>{tn('base.cancel')}</Button><Button variant="danger" busy={busy} test="drop-yes" onClick={drop}>{tn('notice.remove')}</Button></>}>
          <p>{tn('notice.remove_words')}</p>
        </Dialog>
      ) : null}
    </div>
  );
}

function AccountFields({ kind, channel, onClose, onSaved }: { kind: Messenger; channel: Channel | null; onClose: () => void; onSaved: () => void }) {
  const form = ACCOUNTS[kind];
  const [options, setOptions] = useState<Record<string, string>>(() => ({ ...Object.fromEntries(form.options.map((name) => [name, channel?.options[name] ?? ''])), base_url: channel?.options['base_url'] ?? form.url }));
  const [secrets, setSecrets] = useState<Record<string, string>>({});
  const [made, setMade] = useState(false);
  const [enabled, setEnabled] = useState(channel?.enabled ?? true);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const [busy, act] = useAct();
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    setRefusal(null);
    void act(async () => {
      try {
        await put('/api/v1/notice-channels', accountBody(kind, enabled, options, secrets));
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 422) throw error;
        setRefusal(error);
        return;
      }
      toast(tn('notice.saved'));
      onSaved();
    });
  };
  const option = (name: OptionName) => (
    <Field key={name} label={tn(`notice.option.${name}`)} hint={name === 'template' ? tn('notice.template_hint') : undefined} dir="ltr" maxLength={512} value={options[name] ?? ''} test={`${kind}-${name}`} error={refusal?.field(`${kind}.${name}`) ?? refusal?.field(name)} onInput={(event) => setOptions({ ...options, [name]: event.currentTarget.value })} />
  );
  return (
    <form class="stack" noValidate onSubmit={send} data-test={`form-${kind}`}>
      {form.url === '' ? option('base_url') : null}
      {form.options.map(option)}
      {form.secrets.map((name) => {
        const hint = channel ? tn('notice.secret_kept') : name === 'verify_token' ? tn('notice.verify_hint') : undefined;
        const rest = { label: tn(`notice.secret.${name}`), hint, dir: 'ltr', maxLength: 1000, value: secrets[name] ?? '', test: `${kind}-${name}` } as const;
        const set = (event: { currentTarget: HTMLInputElement }): void => setSecrets({ ...secrets, [name]: event.currentTarget.value });
        // What was made here is read once, to be copied.
        return made ? <Field key={name} {...rest} autocomplete="off" onInput={set} /> : <Field key={name} {...rest} type="password" autocomplete="off" onInput={set} />;
      })}
      {kind === 'webhook' ? <div><Button size="small" test="make-secret" onClick={() => { setSecrets({ secret: hookSecret(crypto.getRandomValues(new Uint8Array(32))) }); setMade(true); }}>{tn('notice.make_secret')}</Button></div> : null}
      {made ? <p class="s">{tn('notice.copy_now')}</p> : null}
      {form.url === '' ? null : <details><summary>{tn('notice.rarely')}</summary><div class="stack notice-later">{option('base_url')}</div></details>}
      <Switch label={tn('notice.use')} on={enabled} onToggle={setEnabled} test={`enabled-${kind}`} />
      {refusal ? <p class="wrong" role="alert" data-test="channel-refused">{refusal.code === 'secret_required' ? tn(channel ? 'notice.secrets_again' : 'notice.secrets_needed') : refusal.message}</p> : null}
      <div class="row wrap notice-end"><Button onClick={onClose}>{tn('base.cancel')}</Button><Button type="submit" variant="primary" busy={busy} test={`save-${kind}`}>{tn('notice.save')}</Button></div>
    </form>
  );
}

/** Where the provider posts what buyers write. */
function Hook({ channel }: { channel: Channel }) {
  const address = `${location.origin}${channel.hook_path}`;
  return (
    <details>
      <summary>{tn('notice.hook')}</summary>
      <div class="stack notice-later">
        <p class="s quiet">{tn(`notice.hook_${channel.kind}`)}</p>
        <div class="row wrap"><span class="mono s notice-address" dir="ltr">{address}</span><Button size="small" icon="copy" onClick={() => void copyText(address, tn('notice.copied'), null)}>{tn('notice.copy')}</Button></div>
      </div>
    </details>
  );
}

function Try({ kind }: { kind: ChannelKind }) {
  const [address, setAddress] = useState('');
  const [told, setTold] = useState<Tried | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, act] = useAct();
  const run = (event: SubmitEvent): void => {
    event.preventDefault();
    setTold(null);
    setRefusal(null);
    if (address.trim() === '') return;
    void act(async () => {
      try {
        setTold(await post<Tried>(`/api/v1/notice-channels/${kind}/test`, { address: address.trim() }, { timeoutMs: 30_000 }));
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'bad_address') throw error;
        setRefusal(tn(`notice.bad_address_${kind}`));
      }
    });
  };
  return (
    <form class="stack tight" noValidate onSubmit={run}>
      <div class="row wrap notice-try">
        <Field label={tn(`notice.try_address_${kind}`)} dir="ltr" maxLength={200} autocomplete="off" value={address} test={`try-address-${kind}`} error={refusal} onInput={(event) => setAddress(event.currentTarget.value)} />
        <Button type="submit" icon="send" busy={busy} test={`try-${kind}`}>{tn('notice.try')}</Button>
      </div>
      {told ? (
        <p class="s notice-told" role="status" data-test={`tried-${kind}`} data-came={told.came}>
          <Icon name={told.came === 'sent' ? 'check' : 'warning'} />
          <span><strong>{tn(`notice.came_${told.came}`)}</strong>{told.words ? <> {tn('notice.said')} <q dir="auto">{told.words}</q></> : null}</span>
        </p>
      ) : null}
    </form>
  );
}
