// The upload page's list: the listing of /files/ as JSON, with a button to delete each file.

const form = document.querySelector('#upload');
const list = document.querySelector('#list');
const status = document.querySelector('#status');

const urlOf = (name) => `/files/${encodeURIComponent(name)}`;

function cell(content, className = '') {
  const td = document.createElement('td');
  td.className = className;
  td.append(content);
  return td;
}

function row({ name, size, mtime }) {
  const link = document.createElement('a');
  link.href = urlOf(name);
  link.textContent = name;

  const remove = document.createElement('button');
  remove.className = 'plain';
  remove.textContent = 'Delete';
  remove.setAttribute('aria-label', `Delete ${name}`);
  remove.addEventListener('click', async () => {
    const answer = await fetch(urlOf(name), { method: 'DELETE' });
    await show(answer.ok ? `${name} is deleted.` : `${name} could not be deleted (${answer.status}).`);
  });

  const tr = document.createElement('tr');
  const stored = new Date(mtime).toLocaleString();
  tr.append(cell(link), cell(size.toLocaleString(), 'amount'), cell(stored), cell(remove, 'amount'));
  return tr;
}

async function show(message = '') {
  const answer = await fetch('/files/', { headers: { accept: 'application/json' }, cache: 'no-store' });
  if (!answer.ok) {
    status.textContent = `The list could not be read (${answer.status}).`;
    return;
  }
  const files = (await answer.json()).filter(({ type }) => type === 'file');
  list.replaceChildren(...files.map(row));
  status.textContent = message || (files.length === 0 ? 'Nothing is stored yet.' : '');
}

const reasons = { 413: 'the files exceed 20 MiB' };

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  status.textContent = 'Sending …';
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new FormData(form),
    });
    if (answer.ok) form.reset();
    await show(answer.ok ? 'Stored.' : `Not stored: ${reasons[answer.status] ?? answer.status}.`);
  } catch {
    // A server that rejects a large body may close the connection before the browser has sent all of it.
    status.textContent = 'Not stored: the connection was closed. The files may be too large.';
  }
});

await show();
