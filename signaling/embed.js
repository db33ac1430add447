/* Proofcall's return form on a shop's page: <script src="…/embed.js" data-seller="slug"></script> and any link or button with data-proofcall-return. */
(() => {
  const script = document.currentScript;
  if (!script) return;
  const address = (token) => {
    const url = new URL(`/return/${encodeURIComponent(script.dataset.seller || '')}`, script.src);
    if (token) url.searchParams.set('t', token);
    return url;
  };
  const open = (token) => {
    const dialog = document.createElement('dialog');
    dialog.style.cssText = 'border:0;padding:0;width:min(560px,100vw);height:min(860px,100dvh);max-width:none;max-height:none;border-radius:16px;overflow:hidden';
    const frame = document.createElement('iframe');
    frame.src = address(token).href;
    frame.title = script.dataset.title || 'Return';
    frame.style.cssText = 'border:0;width:100%;height:100%;display:block';
    const close = (event) => {
      if (event.source === frame.contentWindow && event.origin === frame.src.split('/return/')[0] && event.data === 'proofcall:close') dialog.close();
    };
    addEventListener('message', close);
    dialog.addEventListener('close', () => {
      removeEventListener('message', close);
      dialog.remove();
    });
    dialog.append(frame);
    document.body.append(dialog);
    dialog.showModal();
  };
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest('[data-proofcall-return]') : null;
    if (!target) return;
    event.preventDefault();
    open(target.dataset.proofcallReturn);
  });
})();
