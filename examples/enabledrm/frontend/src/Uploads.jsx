import React, { useEffect, useRef, useState } from 'react'
import { call, get, post } from './api.js'
import { usePolled } from './hooks.js'

const size = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`)

export default function Uploads({ revision, onChange }) {
  const [uploads, refresh] = usePolled(() => get('/uploads?limit=6'), 10000)
  const [error, setError] = useState(null)
  const [busy, setBusy] = useState(false)
  const input = useRef(null)
  useEffect(() => {
    if (revision) refresh()
  }, [revision, refresh])

  async function act(work) {
    setBusy(true)
    try {
      await work()
      setError(null)
      onChange()
    } catch (err) {
      setError(err.status === 413 ? 'This file is larger than the server takes.' : err.message)
    } finally {
      setBusy(false)
    }
  }
  function upload(event) {
    event.preventDefault()
    const file = input.current.files[0]
    if (!file) return
    const form = new FormData()
    form.append('file', file)
    act(async () => {
      await call('POST', '/uploads', form)
      input.current.value = ''
    })
  }
  const process = (kind, id) => act(() => post('/tasks', { kind, upload_id: id }))

  return (
    <section className="card" id="uploads">
      <h2>Files</h2>
      <form className="row" onSubmit={upload}>
        <input id="file" type="file" ref={input} required />
        <button id="upload" disabled={busy}>Upload</button>
      </form>
      {error && <p className="error" role="alert">{error}</p>}
      <ul className="list">
        {uploads?.map((file) => (
          <li key={file.id}>
            <a className="grow" href={file.link}>{file.name}</a>
            <span className="faint">{size(file.size)}</span>
            <button className="quiet process" onClick={() => process('process-file', file.id)}>Process</button>
            {file.name.toLowerCase().endsWith('.csv') && (
              <button className="quiet" onClick={() => process('import', file.id)}>Import</button>
            )}
          </li>
        ))}
      </ul>
      {uploads?.length === 0 && <p className="faint">Nothing yet.</p>}
    </section>
  )
}
